"""What Jinja reads but Python doesn't compile, or recurses over, is told as a fault of its file."""

from __future__ import annotations

import pytest
from headrace.engine.errors import CompilationError
from headrace.engine.project.native import NativeTemplates
from headrace.engine.project.render import UnreadableTemplateError

from ..conftest import WriteProject
from ..manifest.support import parse
from ..template.support import render_text, scope

REFUSED = {
    "break outside of a loop": ("a\n\n{% break %}", 3, "'break' outside loop"),
    "break in a macro in a loop": (
        "{% for a in [1] %}\n{% macro b() %}{% break %}{% endmacro %}{% endfor %}",
        2,
        "'break' outside loop",
    ),
    "argument twice": (
        "{% macro a(b) %}{% endmacro %}\n{% macro c(d, d) %}{% endmacro %}",
        2,
        "duplicate argument 'd' in function definition",
    ),
    "loops in loops": (
        "\n" + "{% for a in b %}" * 25 + "{% endfor %}" * 25,
        2,
        "more than 20 loops stand in each other",
    ),
}

TOO_DEEP = {
    "parentheses": "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
    "attributes": "{{ a" + ".b" * 3000 + " }}",
    "sum": "{{ " + "+".join(["1"] * 3000) + " }}",
    "filters": "{{ 1" + "|int" * 3000 + " }}",
    "conditions": "{% if 1 %}" * 900 + "{% endif %}" * 900,
    "branches": "{% if 0 %}" + "{% elif 0 %}" * 3000 + "{% endif %}",
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
