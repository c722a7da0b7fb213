"""Templates are rendered again only where what they asked for is answered otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.manifest.reading.parse_renderer import Captured
from headrace.engine.manifest.reading.render_memory import FILE_NAME, Question, RenderMemory
from headrace.engine.settings.options import Options
from headrace.engine.workspace import last_parse
from headrace.engine.workspace.loaded_project import LoadedProject
from headrace.engine.workspace.project_parse import parse_project
from headrace.engine.workspace.start import Start
from headrace.engine.workspace.workspace import open_workspace

from ..conftest import WriteProject

FILES = {
    # Three that call a macro which asks a variable, two that call another one, and one by itself.
    **{f"models/wide_{i}.sql": "select {{ column_of('id') }} as id" for i in range(3)},
    **{f"models/named_{i}.sql": "{{ config(alias=name_of(model.name)) }}select 1" for i in "ab"},
    "models/alone.sql": "{{ config(tags=[env_var('TAG', 'plain')]) }}select 1 as id",
    "models/plain.sql": "select * from {{ ref('alone') }}",
    "macros/columns.sql": "{% macro column_of(name) %}{{ deep(name) }}{% endmacro %}"
    "{% macro deep(name) %}{% if var('wide', false) %}{{ ref('plain') }}{% endif %}{{ name }}"
    "{% endmacro %}",
    "macros/names.sql": "{% macro name_of(name) %}{{ return('m_' ~ name) }}{% endmacro %}",
}
RENDERED = 6
"""How many of them need to be rendered: all but the plain one."""


def load(
    root: Path, *, environ: Mapping[str, str] | None = None, **options: Any
) -> tuple[LoadedProject, list[str]]:
    """The project, and the warnings; what it keeps is written for the next time."""
    warnings: list[str] = []
    start = Start(Options(**options), environ or {}, root)
    workspace = open_workspace(start, lambda warning: None)
    project = parse_project(workspace, lambda warning: warnings.append(warning.message))
    for name, content in project.kept.items():
        (root / "target").mkdir(exist_ok=True)
        (root / "target" / name).write_bytes(content)
    return project, warnings


def counts(project: LoadedProject) -> tuple[int, int]:
    """How many templates were rendered, and how many weren't since nothing had changed."""
    assert project.renderings is not None
    return project.renderings.rendered, project.renderings.recalled


@pytest.fixture
def shop(write_project: WriteProject) -> Path:
    root = write_project(FILES)
    project, _ = load(root)
    assert counts(project) == (RENDERED, 0)
    return root


def test_nothing_is_rendered_where_nothing_has_changed(shop: Path) -> None:
    before = (shop / "target" / FILE_NAME).read_bytes()

    project, _ = load(shop)

    assert counts(project) == (0, RENDERED)
    assert FILE_NAME not in project.kept
    assert (shop / "target" / FILE_NAME).read_bytes() == before


def test_one_model_that_changed_is_rendered_alone(shop: Path) -> None:
    (shop / "models/wide_1.sql").write_text("select {{ column_of('other') }} as id")

    project, _ = load(shop)

    assert counts(project) == (1, RENDERED - 1)
    assert counts(load(shop)[0]) == (0, RENDERED)


def test_macro_that_changed_has_its_callers_rendered(shop: Path) -> None:
    text = FILES["macros/names.sql"].replace("m_", "model_")
    (shop / "macros/names.sql").write_text(text)

    project, _ = load(shop)

    assert counts(project) == (2, RENDERED - 2)
    assert project.manifest.nodes["model.shop.named_a"].alias == "model_named_a"


def test_macro_is_known_by_what_it_says_itself(shop: Path) -> None:
    path = shop / "macros/names.sql"
    path.write_text("{% macro unused() %}{% endmacro %}\n" + FILES["macros/names.sql"])

    assert counts(load(shop)[0]) == (0, RENDERED)


def test_macro_that_now_stands_over_another_counts(shop: Path) -> None:
    other = "{% macro deep(name) %}{{ ref('alone') }}{% endmacro %}"
    text = FILES["macros/columns.sql"].replace("macro deep", "macro deep_of_old")
    (shop / "macros/columns.sql").write_text(text)
    (shop / "macros/other.sql").write_text(other)

    project, _ = load(shop)

    assert counts(project) == (3, RENDERED - 3)
    assert project.manifest.parents["model.shop.wide_0"] == ("model.shop.alone",)


def test_variable_has_those_rendered_that_asked_for_it(shop: Path) -> None:
    assert counts(load(shop, vars={"something": 1})[0]) == (0, RENDERED)

    project, _ = load(shop, vars={"wide": True})

    assert counts(project) == (3, RENDERED - 3)
    assert project.manifest.parents["model.shop.wide_2"] == ("model.shop.plain",)


def test_environment_variable_has_those_rendered_that_asked_for_it(shop: Path) -> None:
    assert counts(load(shop, environ={"OTHER": "x"})[0]) == (0, RENDERED)

    project, _ = load(shop, environ={"TAG": "mine"})

    assert counts(project) == (1, RENDERED - 1)
    assert project.manifest.nodes["model.shop.alone"].tags == ("mine",)


def test_configuration_of_a_node_has_it_rendered(shop: Path) -> None:
    (shop / "models/one.yml").write_text("models: [{name: wide_0, config: {tags: [new]}}]")

    assert counts(load(shop)[0]) == (1, RENDERED - 1)


def test_what_is_asked_of_the_moment_is_never_kept(write_project: WriteProject) -> None:
    moments = ("run_started_at.year", "invocation_id", "modules.datetime.date(2024, 1, 1).year")
    config = "{{{{ config(meta={{'at': {}}}) }}}}select 1"
    files = {f"models/m{i}.sql": config.format(text) for i, text in enumerate(moments)}
    root = write_project(files)

    for _ in range(2):
        assert counts(load(root)[0]) == (3, 0)


def test_warning_of_a_template_is_told_each_time(write_project: WriteProject) -> None:
    root = write_project({"models/m.sql": "{% do exceptions.warn('look') %}select 1"})

    for _ in range(2):
        project, warnings = load(root)
        assert warnings == ["look"]
        assert counts(project) == (1, 0)


def test_without_partial_parse_everything_is_rendered(shop: Path) -> None:
    project, _ = load(shop, partial_parse=False)

    assert counts(project) == (RENDERED, 0)


@pytest.mark.skipif(os.name == "nt", reason="files have other modes there")
def test_memory_that_anybody_may_write_is_passed_over(shop: Path) -> None:
    (shop / "target" / FILE_NAME).chmod(0o666)
    (shop / "target" / last_parse.FILE_NAME).unlink()

    assert counts(load(shop)[0]) == (RENDERED, 0)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[:30] + bytes([content[30] ^ 1]) + content[31:],
        lambda content: content + b"more",
    ],
    ids=["empty", "cut", "one bit", "longer"],
)
def test_damaged_memory_is_passed_over_and_mended(shop: Path, damage: Any) -> None:
    path = shop / "target" / FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    (shop / "target" / last_parse.FILE_NAME).unlink()

    assert counts(load(shop)[0]) == (RENDERED, 0)
    assert path.read_bytes() == whole


def test_answer_that_changes_and_comes_back_is_asked_each_time() -> None:
    answers: dict[Question, bytes] = {("var", "x"): b"1", ("var", "y"): b"1"}

    def again(content: bytes | None, **changed: bytes) -> RenderMemory:
        memory = RenderMemory.decoded(content or b"")
        for name in "xy":
            question: Question = ("var", name)
            now = dict(answers)
            now.update((("var", key), value) for key, value in changed.items())
            if memory.recall(name.encode(), now.__getitem__) is None:
                memory.keep(name.encode(), Captured(), [question], now.__getitem__)
        return memory

    first = again(None)
    second = again(first.encoded(), x=b"2")
    third = again(second.encoded(), x=b"2")
    fourth = again(third.encoded() or second.encoded())

    found = [(memory.rendered, memory.recalled) for memory in (first, second, third, fourth)]
    assert found == [(2, 0), (1, 1), (0, 2), (1, 1)]
    assert third.encoded() is None


def test_node_that_is_gone_is_forgotten(shop: Path) -> None:
    before = len((shop / "target" / FILE_NAME).read_bytes())
    for name in ("wide_0", "wide_1", "wide_2"):
        (shop / f"models/{name}.sql").unlink()

    project, _ = load(shop)

    assert counts(project) == (0, RENDERED - 3)
    assert len((shop / "target" / FILE_NAME).read_bytes()) < before


def test_what_does_not_come_back_the_same_is_not_kept() -> None:
    memory = RenderMemory()

    memory.keep(b"key", Captured(config={"day": {1, 2}}), [], lambda question: b"")

    assert memory.encoded() is None
