"""What Jinja reads but Python doesn't compile, or recurses over, is told as a fault of its file."""

from __future__ import annotations

import sys

import pytest
from headrace.engine.core.errors import CompilationError
from headrace.engine.project.native import NativeTemplates
from headrace.engine.project.template_errors import UnreadableTemplateError
from jinja2.sandbox import SandboxedEnvironment

from ..conftest import WriteProject
from ..manifest.support import parse
from ..template.support import render_text, scope

REFUSED = {
    "break outside of a loop": ("a\n\n{% break %}", 3, "'break' outside of a loop"),
    "break in a macro in a loop": (
        "{% for a in [1] %}\n{% macro b() %}{% break %}{% endmacro %}{% endfor %}",
        2,
        "'break' outside of a loop",
    ),
    "argument twice": (
        "{% macro a(b) %}{% endmacro %}\n{% macro c(d, d) %}{% endmacro %}",
        2,
        "the argument 'd' stands there twice",
    ),
    "continue where a loop found nothing": (
        "{% for a in [] %}{% else %}\n{% continue %}{% endfor %}",
        2,
        "'continue' outside of a loop",
    ),
    "break in what a call hands over": (
        "{% macro a() %}{{ caller() }}{% endmacro %}\n"
        "{% for b in [1] %}{% call a() %}{% break %}{% endcall %}{% endfor %}",
        2,
        "'break' outside of a loop",
    ),
    "loops in loops": (
        "\n" + "{% for a in b %}" * 25 + "{% endfor %}" * 25,
        2,
        "more than 20 loops stand in each other",
    ),
}

# From 3.13 on Python compiles thousands of branches; it always has some limit.
BRANCHES = 3000 if sys.version_info < (3, 13) else 20_000

WELCOME = {
    "twenty loops": "{% for a in 'a' %}" * 20 + "x" + "{% endfor %}" * 20,
    "loops one after the other": "{% for a in 'a' %}{% endfor %}" * 50 + "x",
    "loops in what another one found nothing for": (
        "{% for a in '' %}{% else %}" * 25 + "x" + "{% endfor %}" * 25
    ),
    "break in the else of an inner loop": (
        "{% for a in 'xy' %}{{ a }}{% for b in '' %}{% else %}{% break %}{% endfor %}{% endfor %}"
    ),
}

TOO_DEEP = {
    "lists": "{{ " + "[" * 150 + "1" + "]" * 150 + " }}",
    "parentheses": "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
    "attributes": "{{ a" + ".b" * 3000 + " }}",
    "sum": "{{ " + "+".join(["1"] * 3000) + " }}",
    "filters": "{{ 1" + "|int" * 3000 + " }}",
    "conditions": "{% if 1 %}" * 900 + "{% endif %}" * 900,
    "branches": "{% if 0 %}" + "{% elif 0 %}" * BRANCHES + "{% endif %}",
    "not": "{{ " + "not " * 900 + "1 }}",
}


@pytest.mark.parametrize(("text", "line", "problem"), REFUSED.values(), ids=REFUSED)
async def test_what_python_refuses_is_told_with_the_templates_line(
    text: str, line: int, problem: str
) -> None:
    with pytest.raises(CompilationError, match=problem) as caught:
        await render_text(text, scope({}, {}))

    assert caught.value.location is not None
    assert caught.value.location.line == line


@pytest.mark.parametrize("text", WELCOME.values(), ids=WELCOME)
async def test_what_python_compiles_is_not_refused(text: str) -> None:
    assert await render_text(text, scope({}, {})) == "x"


@pytest.mark.parametrize("kind", [MemoryError, RecursionError, SyntaxError])
async def test_pythons_own_limit_is_told_in_our_words(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def refused(*arguments: object) -> object:
        raise kind("no more")

    monkeypatch.setattr(SandboxedEnvironment, "_compile", refused)

    with pytest.raises(CompilationError, match="nested too deeply") as caught:
        await render_text("a\n{{ " + "(" * 120 + "x" + " ~ 1)" * 120 + " }}", scope({}, {}))

    assert caught.value.location is not None


@pytest.mark.parametrize("text", TOO_DEEP.values(), ids=TOO_DEEP)
async def test_template_that_is_too_deep_is_refused(text: str) -> None:
    with pytest.raises(CompilationError, match="nested too deeply"):
        await render_text("\n\n" + text, scope({}, {}))

    with pytest.raises(UnreadableTemplateError, match="nested too deeply"):
        NativeTemplates({"a": {}}).evaluate(text)


@pytest.mark.parametrize("folder", ["models", "macros"])
@pytest.mark.parametrize("deep", ["attributes", "sum", "filters", "parentheses"])
def test_file_that_is_too_deep_to_parse_is_named_with_the_line(
    deep: str, folder: str, write_project: WriteProject
) -> None:
    text = f"select 1\n\nas {TOO_DEEP[deep]}"
    if folder == "macros":
        text = "{% macro far() %}" + text + "{% endmacro %}"

    with pytest.raises(CompilationError, match="nested too deeply") as caught:
        parse(write_project({f"{folder}/deep.sql": text}))

    assert caught.value.location is not None
    assert (caught.value.location.path, caught.value.location.line) == (f"{folder}/deep.sql", 3)
