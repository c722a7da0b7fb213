"""What a name means in a template: macros in the order of their packages, then the context."""

from __future__ import annotations

import pytest
from headrace.engine.core.errors import CompilationError
from headrace.engine.sandbox.allowed_names import Names
from headrace.engine.template.dispatch import dispatch
from headrace.engine.template.macro_space import MacroSpace
from headrace.engine.template.scope import LazyName, Scope
from headrace.engine.template.scope_names import ContextNames
from headrace.engine.template.template_environment import CodeCache, TemplateEnvironment

from .support import macro_index, render_text, scope

WHO = "{% macro who() %}NAME{% endmacro %}"


def who(name: str) -> str:
    return WHO.replace("NAME", name)


async def test_own_package_goes_before_the_root_project() -> None:
    files = {"macros/a.sql": who("root"), "util:macros/a.sql": who("util")}

    seen = [
        await render_text("{{ who() }}", scope(files, package=package))
        for package in ("shop", "util", "other")
    ]

    assert seen == ["root", "util", "root"]


async def test_root_project_goes_before_builtin_macros_and_other_packages_don_t_count() -> None:
    builtin = {"dbt:macros/a.sql": who("builtin")}

    seen = [
        await render_text("{{ who() }}", scope(files))
        for files in (
            builtin,
            {**builtin, "util:macros/a.sql": who("util")},
            {**builtin, "util:macros/a.sql": who("util"), "macros/a.sql": who("root")},
        )
    ]

    assert seen == ["builtin", "builtin", "root"]


async def test_another_package_s_macro_hides_no_name_of_the_context() -> None:
    files = {"util:macros/a.sql": who("util")}
    names = {"who": lambda: "context"}

    seen = [
        await render_text("{{ who() }}", scope(files, names, package=package))
        for package in ("shop", "util")
    ]

    assert seen == ["context", "util"]


async def test_explicit_package_is_the_only_place_looked_at() -> None:
    files = {"macros/a.sql": who("root"), "util:macros/a.sql": who("util")}

    text = await render_text("{{ util.who() }} {{ shop.who() }}", scope(files))

    assert text == "util root"


async def test_dbt_is_the_package_of_the_builtin_macros() -> None:
    files = {"macros/a.sql": who("root"), "dbt:macros/a.sql": who("builtin")}

    assert await render_text("{{ dbt.who() }}", scope(files)) == "builtin"


async def test_macro_called_from_its_own_file_can_be_overridden_by_the_root_project() -> None:
    files = {
        "dbt:macros/a.sql": "{% macro outer() %}{{ who() }}{% endmacro %}" + who("builtin"),
        "macros/mine.sql": who("root"),
    }

    assert await render_text("{{ outer() }}", scope(files)) == "root"


@pytest.mark.parametrize(("package", "seen"), [("shop", "root"), ("util", "util")])
async def test_macro_of_a_package_sees_what_the_package_of_the_node_sees(
    package: str, seen: str
) -> None:
    files = {
        "util:macros/a.sql": "{% macro outer() %}{{ who() }}{% endmacro %}" + who("util"),
        "macros/mine.sql": who("root"),
    }

    assert await render_text("{{ util.outer() }}", scope(files, package=package)) == seen


async def test_name_that_is_nowhere_else_is_found_in_another_package() -> None:
    files = {"util:macros/a.sql": who("util")}

    assert await render_text("{{ who() }}", scope(files)) == "util"


async def test_macro_of_a_package_finds_its_neighbour_where_nothing_else_has_the_name() -> None:
    files = {"util:macros/a.sql": "{% macro outer() %}{{ who() }}{% endmacro %}" + who("util")}

    assert await render_text("{{ util.outer() }}", scope(files)) == "util"


async def test_builtin_macro_sees_the_overrides_of_the_package_whose_node_is_built() -> None:
    files = {
        "dbt:macros/a.sql": "{% macro outer() %}{{ who() }}{% endmacro %}" + who("builtin"),
        "util:macros/a.sql": who("util"),
        "macros/a.sql": who("root"),
    }

    assert await render_text("{{ outer() }}", scope(files, package="util")) == "util"


async def test_files_of_the_same_path_in_two_packages_are_kept_apart() -> None:
    files = {
        "macros/a.sql": "{% macro first() %}1{{ util.second() }}{% endmacro %}",
        "util:macros/a.sql": "{% macro second() %}2{% endmacro %}",
    }

    assert await render_text("{{ first() }}", scope(files)) == "12"


def shout(text: str) -> str:
    return text.upper()


async def test_macro_hides_a_name_of_the_context_and_the_context_keeps_it() -> None:
    files = {"macros/a.sql": "{% macro ref(n) %}mine:{{ builtins.ref(n) }}{% endmacro %}"}
    names = {"ref": shout, "builtins": {"ref": shout}}
    shadowed = scope(files, names)

    assert await render_text("{{ ref('a') }}", shadowed) == "mine:A"
    assert shadowed.context_name("ref") is shout


async def test_lazy_name_is_made_once_and_only_where_it_is_used() -> None:
    made: list[str] = []

    def make(scope: Scope) -> str:
        made.append(scope.package)
        return "value"

    unused, used = scope({}, lazy={"costly": make}), scope({}, lazy={"costly": make})

    assert await render_text("plain", unused) == "plain"
    assert made == []
    assert await render_text("{{ costly }}{{ costly }}", used) == "valuevalue"
    assert made == ["shop"]


async def test_macro_sees_the_names_of_the_node_that_calls_it() -> None:
    space = MacroSpace(
        macro_index({"macros/a.sql": "{% macro whose() %}{{ this }}{% endmacro %}"}),
        TemplateEnvironment(CodeCache()),
    )

    texts = [
        await render_text("{{ whose() }}", Scope(space, "shop", {"this": name}, {}))
        for name in ("orders", "customers", "orders")
    ]

    assert texts == ["orders", "customers", "orders"]


async def test_top_level_of_a_macro_file_is_not_run() -> None:
    source = (
        "{% set seen = [1 / 0] %}\n"
        "{% macro note(x) %}{{ x }}{{ 'seen' if seen is defined else '' }}{% endmacro %}"
    )

    text = await render_text("{{ note(1) }}{{ note(2) }}", scope({"macros/a.sql": source}))

    assert text == "12"


async def test_dispatch_prefers_the_dialect_to_the_default() -> None:
    files = {
        "dbt:a.sql": "{% macro default__f() %}default{% endmacro %}",
        "dbt:b.sql": "{% macro sqlite__f() %}sqlite{% endmacro %}",
    }

    assert await dispatch(scope(files), "f", "dbt", {})() == "sqlite"


async def test_dispatch_prefers_the_root_projects_default_to_the_packages_dialect() -> None:
    files = {
        "macros/a.sql": "{% macro default__f() %}root{% endmacro %}",
        "util:macros/b.sql": "{% macro sqlite__f() %}util{% endmacro %}",
    }

    assert await dispatch(scope(files), "f", "util", {})() == "root"


async def test_dispatch_follows_the_projects_search_order() -> None:
    files = {
        "macros/a.sql": "{% macro default__f() %}root{% endmacro %}",
        "util:macros/b.sql": "{% macro default__f() %}util{% endmacro %}",
        "shim:macros/c.sql": "{% macro sqlite__f() %}shim{% endmacro %}",
    }
    order = {"util": ("shim", "util")}

    assert await dispatch(scope(files), "f", "util", order)() == "shim"


async def test_dispatch_without_a_namespace_finds_what_a_bare_name_would() -> None:
    files = {
        "util:macros/b.sql": "{% macro sqlite__f() %}util{% endmacro %}",
        "macros/a.sql": "{% macro default__f() %}root{% endmacro %}",
    }

    assert await dispatch(scope(files), "f", None, {})() == "util"


async def test_override_of_a_builtin_can_dispatch_to_the_builtin_implementation() -> None:
    files = {
        "dbt:a.sql": "{% macro f() %}wrapper{% endmacro %}",
        "dbt:b.sql": "{% macro default__f() %}builtin{% endmacro %}",
        "macros/a.sql": "{% macro f() %}mine, {{ found() }}{% endmacro %}",
    }
    overridden = scope(files, lazy={"found": lambda scope: dispatch(scope, "f", "dbt", {})})

    assert await render_text("{{ f() }}", overridden) == "mine, builtin"


def test_dispatch_that_finds_nothing_lists_where_it_looked() -> None:
    files = {"util:macros/a.sql": who("util")}

    with pytest.raises(CompilationError) as raised:
        dispatch(scope(files), "absent", "util", {})

    assert raised.value.problem == (
        "In dispatch: No macro named 'absent' found within namespace: 'util'\n"
        "    Searched for: 'shop.sqlite__absent', 'shop.default__absent', "
        "'util.sqlite__absent', 'util.default__absent'"
    )


async def test_context_gives_what_a_computed_name_stands_for() -> None:
    files = {"macros/a.sql": who("root"), "util:macros/b.sql": who("util")}
    computed = scope(files, {"word": "context"}, lazy={"context": ContextNames})

    text = await render_text(
        "{{ context['wh' ~ 'o']() }} {{ context.get('word') }} {{ context['util'].get('who')() }}"
        " {{ context.get('absent', 'none') }} {{ 'absent' in context }} {{ 'who' in context }}",
        computed,
    )

    assert text == "root context util none False True"


async def test_package_is_a_mapping_of_its_macros() -> None:
    files = {"util:macros/b.sql": who("util") + "{% macro whom() %}{{ util.who() }}{% endmacro %}"}

    text = await render_text(
        "{{ util is mapping }} {{ util | sort | join(' ') }} {{ 'who' in util }} "
        "{{ util.get('none') is none }} {% do util.update({'who': mocked}) %}{{ util.whom() }}",
        scope(files, {"mocked": lambda: "mock"}),
    )

    assert text == "True who whom True True mock"


async def test_what_is_put_into_the_context_is_there_for_the_node_and_for_no_other() -> None:
    files = {
        "macros/a.sql": "{% macro put(x) %}{% do context.update({'kept': x, 'word': x}) %}"
        "{% do context.setdefault('kept', 'late') %}{% endmacro %}"
        "{% macro seen() %}{{ kept }} {{ context['word'] }} {{ word }}{% endmacro %}"
    }
    names = {"word": "of old"}
    node, other = (scope(files, names, lazy={"context": ContextNames}) for _ in range(2))

    text = await render_text("{{ put('new') }}{{ seen() }}", node)

    assert text == "new new new"
    assert await render_text("{{ seen() }}", other) == " of old of old"


async def test_value_that_a_macro_returns_keeps_its_python_type() -> None:
    returned = [1, {"a": (2, None)}]
    files = {
        "macros/a.sql": "{% macro inner() %}{{ return(value) }}{% endmacro %}"
        "{% macro outer() %}text around{{ return(inner()) }}{% endmacro %}"
    }

    assert await scope(files, {"value": returned}).call_macro("outer") is returned


async def test_stack_of_a_failing_macro_goes_from_the_inside_out() -> None:
    files = {
        "macros/a.sql": "{% macro outer() %}\n{{ util.inner() }}\n{% endmacro %}",
        "util:macros/b.sql": "{% macro inner() %}\n\n{{ 1 / 0 }}{% endmacro %}",
    }

    with pytest.raises(CompilationError) as raised:
        await scope(files).call_macro("outer")

    assert raised.value.problem == "ZeroDivisionError: division by zero"
    assert str(raised.value.location) == "macros/b.sql:3"
    assert [str(frame) for frame in raised.value.stack] == [
        "macro inner (macros/b.sql)",
        "macro outer (macros/a.sql)",
    ]


async def test_argument_that_a_macro_does_not_have_is_named_as_its_author_wrote_it() -> None:
    files = {"macros/a.sql": "{% macro f(a) %}{% endmacro %}"}

    with pytest.raises(CompilationError) as raised:
        await scope(files).call_macro("f", b=1)

    assert raised.value.problem == "the macro 'f' has no argument 'b'"


async def test_endless_recursion_is_an_error_with_a_reason() -> None:
    files = {"macros/a.sql": "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}"}

    with pytest.raises(CompilationError, match="deeper than Python lets them") as raised:
        await scope(files).call_macro("f", 1)

    assert [frame.name for frame in raised.value.stack] == ["f"]


async def test_macros_that_call_each_other_in_a_circle_are_each_told_once() -> None:
    macros = "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}"
    files = {"macros/a.sql": macros}

    with pytest.raises(CompilationError, match="deeper than Python lets them") as raised:
        await scope(files).call_macro("f")

    assert sorted(frame.name for frame in raised.value.stack) == ["f", "g"]


async def test_private_attributes_of_python_objects_are_out_of_reach() -> None:
    names = {"thing": Names({"call": shout})}

    with pytest.raises(CompilationError, match="the template may not do this") as raised:
        await scope(
            {"macros/a.sql": "{% macro f() %}{{ thing.call.__self__.__dict__ }}{% endmacro %}"},
            names,
        ).call_macro("f")

    assert str(raised.value.location) == "macros/a.sql:1"


async def test_names_are_made_once_and_only_where_one_is_asked_for() -> None:
    made: list[str] = []

    def make() -> tuple[dict[str, str], dict[str, LazyName]]:
        made.append("names")
        return {"place": "here"}, {"later": lambda scope: "there"}

    inner = scope({"macros/a.sql": who("root")})
    inner.make_names = make

    assert await render_text("{{ who() }}", inner) == "root"
    assert made == []
    assert await render_text("{{ place }} {{ later }}", inner.with_names(place="near")) == (
        "near there"
    )
    assert await render_text("{{ place }} {{ later }}", inner) == "here there"
    assert made == ["names"]
