"""What is said of a template that fails: what, which line, and through which macros."""

from __future__ import annotations

import pytest
from headrace.adapters.errors import DatabaseError
from headrace.engine.core.errors import CompilationError
from headrace.engine.running.node_error import format_stack

from ..conftest import WriteProject
from .support import compiling

UNDEFINED = (
    "'{}' is undefined. This can happen when calling a macro that does not exist. "
    'Check for typos and/or install package dependencies with "headrace deps".'
)
NOT_INFERRED = (
    'headrace was unable to infer all dependencies for the model "m". This typically happens '
    "when ref() is placed within a conditional block.\n"
    'To fix this, add the following hint to the top of the model "m":\n'
    "-- depends_on: {{ ref('a') }}"
)


async def failure(
    write_project: WriteProject, files: dict[str, str], node: str = "m", **vars: object
) -> CompilationError:
    """The error that compiling a node ends in."""
    root = write_project({"models/a.sql": "select 1", **files})
    async with compiling(root, vars=vars) as project:
        with pytest.raises(CompilationError) as raised:
            await project.sql(node)
    return raised.value


async def test_undefined_macro_is_reported_with_the_stack(write_project: WriteProject) -> None:
    error = await failure(
        write_project,
        {
            "macros/x.sql": "{% macro x() %}\n\n{{ nope(1) }}{% endmacro %}",
            "macros/y.sql": "{% macro y() %}{{ x() }}{% endmacro %}",
            "models/m.sql": "select {{ y() }}",
        },
    )

    assert str(error) == "macros/x.sql:3: " + UNDEFINED.format("nope")
    assert format_stack(error) == (
        "> in macro x (macros/x.sql)\n"
        "> called by macro y (macros/y.sql)\n"
        "> called by model m (models/m.sql)"
    )


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("nope('x')", "nope"),
        ("dbt_utils.star(ref('a'))", "dbt_utils"),
        ("shop.nope()", "nope"),
        ("adapter.nope()", "nope"),
        ("nope.attribute", "nope"),
    ],
)
async def test_undefined_name_in_a_model_is_reported_with_its_line(
    write_project: WriteProject, expression: str, name: str
) -> None:
    source = "\n\nselect 1,\n{{ " + expression + " }}"

    error = await failure(write_project, {"models/m.sql": source})

    assert str(error) == "models/m.sql:4: " + UNDEFINED.format(name)
    assert format_stack(error) == "> in model m (models/m.sql)"


async def test_unknown_filter_is_reported_with_its_line(write_project: WriteProject) -> None:
    error = await failure(write_project, {"models/m.sql": "select 1,\n{{ 'a' | nofilter }}"})

    assert str(error) == "models/m.sql:2: No filter named 'nofilter'."


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("f(1, 2)", "the macro 'f' was given more than its 1 argument(s)"),
        ("f(y=2)", "the macro 'f' has no argument 'y'"),
    ],
)
async def test_wrong_call_of_a_macro_is_placed_where_it_is_called(
    write_project: WriteProject, call: str, problem: str
) -> None:
    root = write_project(
        {
            "macros/f.sql": "{% macro f(x) %}{% endmacro %}",
            "models/m.sql": "select 1,\n{{ " + call + " }}",
        }
    )

    with pytest.raises(CompilationError) as raised:  # while parsing, as in dbt
        async with compiling(root):
            pass

    assert str(raised.value) == f"models/m.sql:2: {problem}"


async def test_failure_in_a_builtin_macro_is_placed_where_it_is_called(
    write_project: WriteProject,
) -> None:
    error = await failure(write_project, {"models/m.sql": "select 1,\n{{ get_quoted_csv(5) }}"})

    assert str(error).startswith("models/m.sql:2: TypeError: ")
    assert [frame.name for frame in error.stack] == ["get_quoted_csv", "m"]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("select 1\n{{ var('start') }}", "models/m.sql:2"),
        ("select 1\n{% if true %}\n{{ var('start') }}{% endif %}", "models/m.sql:3"),
        ("select 1\n{{ f() }}", "macros/f.sql:2"),
    ],
)
async def test_missing_variable_is_reported_with_those_that_there_are(
    write_project: WriteProject, source: str, place: str
) -> None:
    files = {
        "macros/f.sql": "{% macro f() %}\n{{ var('start') }}{% endmacro %}",
        "models/m.sql": source,
    }

    error = await failure(write_project, files, star=1)

    assert str(error) == (
        f"{place}: Required var 'start' not found in config:\n"
        "Vars supplied to m = {'star': 1}\n"
        "Give it under 'vars:' in dbt_project.yml, with --vars, or a default: var('start', …). "
        "Did you mean 'star'?"
    )


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("select 1\n{% if execute %}\n{{ ref('a') }}{% endif %}", "models/m.sql:3"),
        ("select * from {{ f() }}", "macros/f.sql:2"),
    ],
)
async def test_ref_that_only_running_finds_is_refused_with_the_hint_to_add(
    write_project: WriteProject, source: str, place: str
) -> None:
    macro = "{% macro f() %}{% if execute %}\n{{ ref('a') }}{% endif %}{% endmacro %}"

    error = await failure(write_project, {"macros/f.sql": macro, "models/m.sql": source})

    assert str(error) == f"{place}: {NOT_INFERRED}"


async def test_hint_makes_the_conditional_ref_work(write_project: WriteProject) -> None:
    source = (
        "-- depends_on: {{ ref('a') }}\nselect 1{% if execute %} from {{ ref('a') }}{% endif %}"
    )

    async with compiling(
        write_project({"models/a.sql": "select 1", "models/m.sql": source})
    ) as project:
        assert await project.sql("m") == ('-- depends_on: "main"."a"\nselect 1 from "main"."a"')


async def test_conditional_ref_of_a_package_is_spelled_with_it(write_project: WriteProject) -> None:
    source = "{% if execute %}{{ ref('shop', 'a') }}{% endif %}select 1"

    error = await failure(write_project, {"models/m.sql": source})

    assert error.problem.endswith("-- depends_on: {{ ref('shop', 'a') }}")


async def test_error_that_a_macro_raises_is_placed_there(write_project: WriteProject) -> None:
    macro = (
        "{% macro check(x) %}\n{% if execute and not x %}\n"
        "{{ exceptions.raise_compiler_error('x must be given') }}\n{% endif %}{% endmacro %}"
    )
    files = {"macros/check.sql": macro, "models/m.sql": "{{ check(none) }}select 1"}

    error = await failure(write_project, files)

    assert str(error) == "macros/check.sql:3: x must be given"
    assert format_stack(error) == (
        "> in macro check (macros/check.sql)\n> called by model m (models/m.sql)"
    )


async def test_dispatch_that_finds_nothing_says_where_it_looked(
    write_project: WriteProject,
) -> None:
    source = "{% if execute %}{{ adapter.dispatch('nope', 'shop')() }}{% endif %}"

    error = await failure(write_project, {"models/m.sql": source})

    assert str(error) == (
        "models/m.sql:1: In dispatch: No macro named 'nope' found within namespace: 'shop'\n"
        "    Searched for: 'shop.sqlite__nope', 'shop.default__nope'"
    )


async def test_secret_is_kept_from_templates(write_project: WriteProject) -> None:
    source = "{% if execute %}{{ env_var('DBT_ENV_SECRET_KEY', 'x') }}{% endif %}"

    error = await failure(write_project, {"models/m.sql": source})

    assert "secrets are allowed only in profiles.yml and packages.yml" in error.problem


async def test_required_configuration_that_is_missing_is_named(
    write_project: WriteProject,
) -> None:
    error = await failure(write_project, {"models/m.sql": "select 1\n{{ config.require('x') }}"})

    assert str(error) == "models/m.sql:2: 'm' does not define a required config parameter 'x'."


@pytest.mark.parametrize(
    ("definition", "name", "expected"),
    [
        (
            "not_null: {valuez: 1}",
            "not_null_m_a__1",
            "models/s.yml: the macro 'test_not_null' has no argument 'valuez'",
        ),
        (
            "accepted_values: {values: \"{{ var('absent') }}\"}",
            "accepted_values_m_a___var_absent_",
            "models/s.yml: Required var 'absent' not found in config:",
        ),
        ("mine", "mine_m_a", "macros/mine.sql:2: ZeroDivisionError: division by zero"),
    ],
)
async def test_test_that_fails_to_compile_says_where(
    write_project: WriteProject, definition: str, name: str, expected: str
) -> None:
    files = {
        "macros/mine.sql": "{% test mine(model, column_name) %}\n{{ 1 / zero }}{% endtest %}\n"
        "{% macro unused() %}{% endmacro %}",
        "models/m.sql": "select 1 as a",
        "models/s.yml": "models: [{name: m, columns: [{name: a, data_tests: "
        f"[{definition}]}}]}}]\n",
    }
    files["macros/mine.sql"] = files["macros/mine.sql"].replace("zero", "(0 if execute else 1)")

    error = await failure(write_project, files, name)

    assert str(error).startswith(expected)
    assert str(error.stack[-1]) == f"test {name} (models/s.yml)"


async def test_query_that_a_macro_runs_and_the_database_refuses_is_its_error(
    write_project: WriteProject,
) -> None:
    macro = "{% macro f() %}{{ run_query('select * from absent') }}{% endmacro %}"
    root = write_project({"macros/f.sql": macro, "models/m.sql": "{{ f() }}"})

    async with compiling(root) as project:
        with pytest.raises(DatabaseError, match="no such table: absent"):
            await project.sql("m")
