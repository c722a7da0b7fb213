"""A parse is taken over as a whole, and only where nothing that it was made from has changed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.core.encoding import encode
from headrace.engine.core.errors import ParseError
from headrace.engine.manifest import loader
from headrace.engine.manifest.kept_manifest import KEPT_CLASSES, decoded_manifest, encoded_manifest
from headrace.engine.manifest.loader import load_manifest
from headrace.engine.manifest.manifest import Manifest
from headrace.engine.manifest.nodes.declared_nodes import Declared
from headrace.engine.manifest.nodes.node import Node
from headrace.engine.manifest.nodes.operation_node import Operation
from headrace.engine.manifest.nodes.query_nodes import InlineQuery
from headrace.engine.manifest.nodes.test_nodes import Test as AnyTest
from headrace.engine.manifest.reading.inputs import ParseInputs
from headrace.engine.project import source_states
from headrace.engine.project.source_states import SourceState, is_unchanged, source_state
from headrace.engine.settings.options import Options
from headrace.engine.workspace import project_parse
from headrace.engine.workspace.last_parse import FILE_NAME, MANIFEST_NAME
from headrace.engine.workspace.loaded_project import LoadedProject, manifest_of
from headrace.engine.workspace.project_parse import parse_project
from headrace.engine.workspace.start import Start
from headrace.engine.workspace.workspace import Workspace, open_workspace

from ..conftest import WriteProject

FILES = {
    "dbt_project.yml": "{name: shop, profile: shop, version: '1.0', vars: {wide: 1},"
    " on-run-start: ['select 1'], seeds: {shop: {+quote_columns: false}}}",
    "packages.yml": "packages: [{local: lib}]",
    "lib/dbt_project.yml": "{name: lib, version: '1.0', config-version: 2}",
    "lib/macros/l.sql": "{% macro of_lib() %}1{% endmacro %}",
    "dbt_packages/lib/dbt_project.yml": "{name: lib, version: '1.0', config-version: 2}",
    "dbt_packages/lib/macros/l.sql": "{% macro of_lib() %}1{% endmacro %}",
    "dbt_packages/lib/models/of_lib.sql": "select 1 as id",
    "models/a.sql": "{{ config(tags=[env_var('TAG', 'plain')]) }}select {{ of_lib() }} as id",
    "models/b.sql": "select id from {{ ref('a') }}",
    "models/spare.sql": "select 3 as id",
    "models/off.sql": "{{ config(enabled=false) }}select 1",
    "models/days.sql": "select date('2024-01-01') as date_day",
    "models/all.yml": """
version: 2
groups: [{name: till, owner: {name: Ann}}]
models:
  - name: a
    description: "{{ doc('said') }}"
    columns: [{name: id, data_tests: [not_null, unique]}]
    config: {group: till, meta: {from_environment: "{{ env_var('OWNER', 'nobody') }}"}}
  - name: days
    time_spine: {standard_granularity_column: date_day}
    columns: [{name: date_day, granularity: day}]
  - name: b
    columns: [{name: id, data_tests: [{relationships: {to: ref('missing'), field: id}}]}]
sources: [{name: raw, tables: [{name: orders}]}]
exposures: [{name: board, type: dashboard, owner: {name: Ann}, depends_on: [ref('a')], tags: [x]}]
unit_tests:
  - name: counts
    model: b
    given: [{input: ref('a'), format: csv, fixture: rows}]
    expect: {rows: [{id: 1}]}
""",
    "models/said.md": "{% docs said %}Something.{% enddocs %}",
    "macros/m.sql": "{% macro m() %}2{% endmacro %}",
    "seeds/s.csv": "id\n1\n",
    "snapshots/snap.sql": "{% snapshot snap %}{{ config(unique_key='id', strategy='check',"
    " check_cols='all', target_schema='main') }}select 1 as id{% endsnapshot %}",
    "tests/t.sql": "select * from {{ ref('a') }} where id is null",
    "tests/generic/g.sql": "{% test g(model) %}select 1 where 1=0{% endtest %}",
    "tests/fixtures/rows.csv": "id\n1\n",
    "analyses/an.sql": "select * from {{ source('raw', 'orders') }}",
    ".dbtignore": "nothing_*\n",
}


def opened(root: Path, environ: Mapping[str, str] | None = None, **options: Any) -> Workspace:
    start = Start(Options(**options), environ or {}, root, invocation_id="one")
    return open_workspace(start, lambda warning: None)


def load(root: Path, environ: Mapping[str, str] | None = None, **options: Any) -> LoadedProject:
    """The project; what it keeps is written for the next time."""
    project = parse_project(opened(root, environ, **options), lambda warning: None)
    for name, content in project.kept.items():
        (root / "target").mkdir(exist_ok=True)
        (root / "target" / name).write_bytes(content)
    return project


def document(project: LoadedProject) -> bytes:
    """The manifest, but for when its nodes were read."""
    found = manifest_of(project, {}).as_dict()
    found["metadata"] = found["metadata"]["env"]
    for section in ("nodes", "sources", "exposures", "unit_tests"):
        for node in found[section].values():
            node["created_at"] = 0
    for nodes in found["disabled"].values():
        for node in nodes:
            node["created_at"] = 0
    return encode(found)


def is_taken_over(root: Path, environ: Mapping[str, str] | None = None, **options: Any) -> bool:
    """Whether the last parse counts as it is. Nothing is written."""
    project = parse_project(opened(root, environ, **options), lambda warning: None)
    return project.renderings.rendered == 0 and not project.kept and FILE_NAME not in project.kept


@pytest.fixture
def shop(write_project: WriteProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write_project(FILES)
    load(root)
    return root


def test_manifest_is_the_same_without_a_file_being_read(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = load(shop)
    monkeypatch.setattr(loader, "load_manifest", None)

    warm = load(shop)

    assert warm.parsed.facts == cold.parsed.facts
    assert warm.graph.nodes == cold.graph.nodes
    assert document(warm) == document(cold)
    assert [str(macro) for macro in warm.manifest.macros] == [
        str(macro) for macro in cold.manifest.macros
    ]


def test_manifest_comes_back_whole(shop: Path) -> None:
    workspace = opened(shop, partial_parse=False)
    parse = project_parse._ProjectParse(workspace, lambda warning: None)
    manifest = parse.project().manifest
    content = encoded_manifest(manifest)
    assert content is not None

    again = decoded_manifest(content, parse._inputs())

    for name in manifest.__slots__:
        before, after = getattr(manifest, name), getattr(again, name)
        if name == "macros":
            assert list(before) == list(after)
            assert before.__dict__.keys() == after.__dict__.keys()
            assert before.files == after.files
            before, after = list(before.by_package.items()), list(after.by_package.items())
        elif name == "lookup":
            before, after = vars(before), vars(after)
        elif isinstance(before, Mapping):
            before, after = list(before.items()), list(after.items())
        assert after == before, name
    assert {"left_out", "groups", "unit_tests", "run_hooks", "disabled"} <= {
        name for name in manifest.__slots__ if getattr(manifest, name)
    }


def test_every_kind_of_node_can_be_kept() -> None:
    def below(kind: type[Node]) -> Iterator[type[Node]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    # Neither an operation nor a query given beside the files is in a manifest that is kept.
    never = {Declared, AnyTest, Operation, InlineQuery}
    assert (
        set(KEPT_CLASSES.values())
        == {kind for kind in below(Node) if kind.__module__.startswith("headrace.")} - never
    )


def test_value_that_would_not_come_back_is_not_kept(shop: Path) -> None:
    manifest = load(shop).manifest
    node = manifest.nodes["model.shop.a"]
    node.config.values["odd"] = ("a", "b")  # type: ignore[index]

    assert encoded_manifest(manifest) is None


CHANGES: dict[str, Callable[[Path], object]] = {
    "model": lambda root: (root / "models/b.sql").write_text("select 2 as id"),
    "same size": lambda root: (root / "models/b.sql").write_text(
        FILES["models/b.sql"].replace("id", "ib")
    ),
    "new model": lambda root: (root / "models/c.sql").write_text("select 1"),
    "no model": lambda root: (root / "models/spare.sql").unlink(),
    "moved": lambda root: (root / "models/spare.sql").rename(root / "models/bb.sql"),
    "properties": lambda root: (root / "models/all.yml").write_text(
        FILES["models/all.yml"].replace("Ann", "Bob")
    ),
    "docs": lambda root: (root / "models/said.md").write_text("{% docs said %}x{% enddocs %}"),
    "macro": lambda root: (root / "macros/m.sql").write_text("{% macro n() %}{% endmacro %}"),
    "seed": lambda root: (root / "seeds/s.csv").write_text("id\n2\n"),
    "fixture": lambda root: (root / "tests/fixtures/rows.csv").write_text("id\n2\n"),
    "generic test": lambda root: (root / "tests/generic/h.sql").write_text(
        "{% test h(model) %}select 1{% endtest %}"
    ),
    "analysis": lambda root: (root / "analyses/an.sql").write_text("select 3"),
    "snapshot": lambda root: (root / "snapshots/snap.sql").unlink(),
    "package's macro": lambda root: (root / "dbt_packages/lib/macros/l.sql").write_text(
        "{% macro of_lib() %}2{% endmacro %}"
    ),
    "package's project": lambda root: (root / "dbt_packages/lib/dbt_project.yml").write_text(
        "{name: lib, version: '2.0', config-version: 2, models: {+tags: [x]}}"
    ),
    "project": lambda root: (root / "dbt_project.yml").write_text(
        FILES["dbt_project.yml"].replace("wide: 1", "wide: 2")
    ),
    "ignored": lambda root: (root / ".dbtignore").write_text("spare.sql\n"),
    "profile": lambda root: (root / "profiles.yml").write_text(
        (root / "profiles.yml").read_text().replace("schema: main", "schema: other")
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_is_seen(shop: Path, change: str) -> None:
    assert is_taken_over(shop)
    CHANGES[change](shop)

    assert not is_taken_over(shop)
    load(shop)
    assert is_taken_over(shop)


def test_link_that_leads_elsewhere_is_seen(shop: Path) -> None:
    (shop / "one.sql").write_text("select 1 as id")
    (shop / "two.sql").write_text("select 2 as id")
    os.symlink(shop / "one.sql", shop / "models/linked.sql")
    load(shop)
    assert is_taken_over(shop)
    (shop / "models/linked.sql").unlink()
    os.symlink(shop / "two.sql", shop / "models/linked.sql")

    assert not is_taken_over(shop)


def test_file_written_again_within_a_tick_of_the_clock_is_seen(shop: Path) -> None:
    path = shop / "models/b.sql"
    project = opened(shop).project
    kept = source_state(project)
    assert kept is not None
    assert os.fsencode(path) in kept.recent

    path.write_text(FILES["models/b.sql"].replace("id", "ib"))

    # As on a file system whose clock has stood still meanwhile.
    assert not is_unchanged(kept, SourceState(kept.digest))
    path.write_text(FILES["models/b.sql"])
    assert is_unchanged(kept, SourceState(kept.digest))


def test_what_has_lain_for_a_while_is_not_read(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1 << 62)

    state = source_state(opened(shop).project)

    assert state is not None
    assert state.recent == {}


def test_variable_of_the_environment_counts_where_it_was_asked_for(shop: Path) -> None:
    assert is_taken_over(shop, {"OTHER": "x"})
    assert not is_taken_over(shop, {"TAG": "x"})
    assert not is_taken_over(shop, {"OWNER": "x"})


def test_options_count(shop: Path) -> None:
    assert is_taken_over(shop, threads=7)
    assert is_taken_over(shop, full_refresh=True)
    assert not is_taken_over(shop, vars={"wide": 3})
    assert not is_taken_over(shop, partial_parse=False)
    assert not is_taken_over(shop, inline="select 1")


def test_moment_in_a_properties_file_is_asked_each_time(write_project: WriteProject) -> None:
    text = "models: [{name: m, config: {meta: {at: '{{ run_started_at }}'}}}]"
    root = write_project({"models/m.sql": "select 1", "models/m.yml": text})
    load(root)

    assert FILE_NAME not in {path.name for path in (root / "target").iterdir()}


MOMENTS = {
    "models/same.sql": "{{ config(tags=['old'] if run_started_at.year > 1999 else []) }}"
    "select 1 as id",
    "models/other.sql": "{{ config(meta={'at': var('at', modules.datetime.datetime.now())}) }}"
    "select * from {{ ref('same') }}",
}


def test_rendering_that_asks_for_the_moment_is_done_again(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project({"models/same.sql": MOMENTS["models/same.sql"]})
    cold = load(root)
    with monkeypatch.context() as patch:
        patch.setattr(loader, "load_manifest", None)
        warm = load(root)

    assert document(warm) == document(cold)
    assert (warm.renderings.rendered, warm.renderings.recalled) == (1, 0)


def test_rendering_that_gives_another_thing_at_another_moment_is_seen(
    write_project: WriteProject,
) -> None:
    root = write_project(MOMENTS)
    moments = {str(load(root).manifest.nodes["model.shop.other"].config.meta) for _ in range(3)}

    assert len(moments) == 3


def test_rendering_that_fails_at_another_moment_fails(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "{% if run_started_at.year > 2030 %}{{ ref('nobody') }}{% endif %}select 1"
    root = write_project({"models/m.sql": text})
    load(root)
    start = Start(Options(), {}, root, started_at=datetime(2031, 1, 1, tzinfo=UTC))

    with pytest.raises(ParseError, match="nobody"):
        parse_project(open_workspace(start, lambda warning: None), lambda warning: None)


def test_warnings_are_told_each_time(write_project: WriteProject) -> None:
    root = write_project({"models/m.sql": "select 1", "models/m.yml": "models: [{name: gone}]"})
    told: list[list[str]] = []
    for _ in range(3):
        warnings: list[str] = []
        workspace = opened(root)
        project = parse_project(workspace, lambda each, to=warnings: to.append(str(each)))  # type: ignore[misc]
        (root / "target").mkdir(exist_ok=True)
        for name, content in project.kept.items():
            (root / "target" / name).write_bytes(content)
        told.append(warnings)

    assert project.kept == {}
    assert told[0]
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("name", [FILE_NAME, MANIFEST_NAME])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[:30] + bytes([content[30] ^ 1]) + content[31:],
        lambda content: content + b"more",
        None,
    ],
    ids=["empty", "cut", "one bit", "longer", "gone"],
)
def test_damaged_file_is_passed_over(shop: Path, name: str, damage: Any) -> None:
    expected = document(load(shop))
    path = shop / "target" / name
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))

    assert document(load(shop)) == expected
    if damage is None or len(damage(b"0" * 100)) != 100:
        assert is_taken_over(shop)


@pytest.mark.skipif(os.name == "nt", reason="files have other modes there")
@pytest.mark.parametrize("name", [FILE_NAME, MANIFEST_NAME])
def test_file_that_anybody_may_write_is_passed_over(
    shop: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "target" / name).chmod(0o666)
    parsed: list[ParseInputs] = []

    def noted(inputs: ParseInputs) -> Manifest:
        parsed.append(inputs)
        return load_manifest(inputs)

    monkeypatch.setattr(loader, "load_manifest", noted)

    project = load(shop)

    assert len(parsed) == 1
    assert {FILE_NAME, MANIFEST_NAME} <= project.kept.keys()


_opened: list[str] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _opened is not None and event == "open" and isinstance(arguments[0], str):
        _opened.append(arguments[0])


def test_every_file_that_a_parse_reads_is_one_whose_change_is_seen(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    global _opened
    lines: list[str] = []
    real = source_states._lines

    def noted(*given: Any) -> Iterator[str]:
        for line in real(*given):
            lines.append(line.partition("\0")[0])
            yield line

    workspace = opened(shop, partial_parse=False)
    for project in (workspace.project, *workspace.packages):
        list(noted(project, lambda path, found: path + "\0"))
    sys.addaudithook(_note)
    _opened = []
    try:
        parse_project(workspace, lambda warning: None)
    finally:
        read, _opened = _opened, None

    read_here = {name for name in map(os.path.abspath, read) if name.startswith(str(shop))}
    assert len(read_here) >= len(FILES) - 6
    assert read_here <= set(lines)
