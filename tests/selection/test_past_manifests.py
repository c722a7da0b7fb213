"""Manifests of dbt's versions as the state, and files that are none."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from ..building.support import run
from .test_state import copy_library, edit, keep_state, listed

Document = dict[str, Any]

SCHEMA = "https://schemas.getdbt.com/dbt/manifest/v{}.json"
BOOKS = "models/staging/stg_books.sql"
LATER_KEYS = (
    *("access", "constraints", "contract", "latest_version", "version", "deprecation_date"),
    *("group", "primary_key", "time_spine", "doc_blocks"),
)


def of_1_10(document: Document) -> Document:
    metadata = document["metadata"]
    kept = {key: value for key, value in metadata.items() if not key.startswith("headrace")}
    return {**document, "metadata": {**kept, "dbt_version": "1.10.23"}}


def of_1_5(document: Document) -> Document:
    """Version 9: no unit tests, semantic models and saved queries yet."""
    document = of_1_10(document)
    document["metadata"] |= {"dbt_schema_version": SCHEMA.format(9), "dbt_version": "1.5.0"}
    for section in ("unit_tests", "semantic_models", "saved_queries", "group_map"):
        del document[section]
    document["metrics"] = {}
    return document


def of_1_0(document: Document) -> Document:
    """Version 4: SQL under its old names, and nodes that know their root."""
    document = of_1_5(document)
    document["metadata"] |= {"dbt_schema_version": SCHEMA.format(4), "dbt_version": "1.0.0"}
    del document["groups"]
    for node in document["nodes"].values():
        node["raw_sql"] = node.pop("raw_code")
        node["root_path"] = "/srv/library"
        node["refs"] = [
            [name for name in (ref["package"], ref["name"]) if name] for ref in node.get("refs", ())
        ]
        for key in (*LATER_KEYS, "language"):
            node.pop(key, None)
        for column in node["columns"].values():
            for key in ("constraints", "granularity", "config", "doc_blocks"):
                column.pop(key, None)
    for source in document["sources"].values():
        for key in ("unrendered_database", "unrendered_schema", "doc_blocks", "loaded_at_query"):
            source.pop(key, None)
    return document


def of_0_19(document: Document) -> Document:
    """Version 1: what is deferred was noted, and a parsed node had no relation yet."""
    document = of_1_0(document)
    document["metadata"] |= {"dbt_schema_version": SCHEMA.format(1), "dbt_version": "0.19.0"}
    del document["metrics"]
    for node in document["nodes"].values():
        node["deferred"] = False
        node.pop("relation_name", None)
        node["config"]["vars"] = {}
    return document


def of_0_18(document: Document) -> Document:
    """No version at all, and configuration as it came out only."""
    document = of_0_19(document)
    document["metadata"] = {"project_id": None, "user_id": None, "adapter_type": "sqlite"}
    document["generated_at"] = "2020-09-03T12:00:00.000000Z"
    del document["exposures"], document["selectors"]
    for node in document["nodes"].values():
        node["injected_sql"] = node["compiled_sql"] = None
        node["docrefs"] = []
        del node["unrendered_config"]
    for source in document["sources"].values():
        del source["unrendered_config"]
    return document


SHAPES: dict[str, Callable[[Document], Document]] = {
    "0.18": of_0_18,
    "0.19": of_0_19,
    "1.0": of_1_0,
    "1.5": of_1_5,
    "1.10": of_1_10,
    "headrace": lambda document: document,
}
ONLY_LATER = {
    "0.18": ("exposure", "metric", "semantic_model", "saved_query", "unit_test"),
    "0.19": ("metric", "semantic_model", "saved_query", "unit_test"),
    **dict.fromkeys(("1.0", "1.5"), ("metric", "semantic_model", "saved_query", "unit_test")),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_library(tmp_path_factory.mktemp("past") / "library")
    anyio.run(keep_state, root)
    return root


@pytest.fixture
def root(library: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(library, tmp_path / "library"))


def rewrite(root: Path, shape: Callable[[Document], Document]) -> None:
    manifest = root / "prod" / "manifest.json"
    manifest.write_text(json.dumps(shape(json.loads(manifest.read_text()))))


@pytest.mark.parametrize("version", SHAPES)
async def test_manifest_of_any_version_is_read(root: Path, version: str) -> None:
    rewrite(root, SHAPES[version])

    _, same = await listed(root, "state:modified,package:library")
    _, new = await listed(root, "state:new")
    edit(BOOKS, "title,", "title, 1 as one,")(root)
    edit("seeds/raw_loans.csv", "2026-01-01", "2026-01-02")(root)
    _, modified = await listed(root, "state:modified,package:library")

    # What a version couldn't say of a model has come about since.
    since = "model.fines model.readers.v1 model.readers.v2 model.readers.v3".split()
    since = since if version in ("0.18", "0.19", "1.0") else []
    assert same.split() == since
    assert {word.partition(".")[0] for word in new.split()} == {*ONLY_LATER.get(version, ())}
    assert modified.split() == [*since, "model.stg_books", "seed.raw_loans"]


@pytest.mark.parametrize("version", SHAPES)
async def test_references_are_deferred_to_any_version(root: Path, version: str) -> None:
    def in_production(document: Document) -> Document:
        for node in document["nodes"].values():
            node["schema"] = "production"
        return SHAPES[version](document)

    rewrite(root, in_production)

    ran = await run(root, "compile", select=("loans_by_book",), defer=True, state=Path("prod"))

    assert ran.exit_code == 0
    assert 'from "production"."loans"' in "".join(ran.lines)


def noted_by_dbt(document: Document) -> Document:
    """As dbt notes it: lists in another order, Jinja rendered or beside what it gave."""
    document = of_1_10(document)
    books = document["nodes"]["model.library.books"]
    books["unrendered_config"]["merged_by"] = ["a", "b", "a", "b"]
    books["config"]["tags"] = books["config"]["tags"][::-1]
    for source in document["sources"].values():
        source["unrendered_config"] |= {"freshness": source["freshness"]}
        source["unrendered_config"]["tags"] = source["unrendered_config"]["tags"][::-1]
    return document


async def test_way_in_which_dbt_notes_a_configuration_is_no_change(
    library: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))
    shutil.rmtree(root / "prod")
    custom = "{group: circulation, custom: '{{ target.schema }}', merged_by: [a, b]"
    edit("models/marts/core/_core.yml", "{group: circulation", custom)(root)
    edit("models/staging/_staging.yml", "schema: crm", "schema: crm\n    tags: [z, a]")(root)
    await keep_state(root)
    target = json.loads((root / "prod" / "manifest.json").read_text())
    schema = target["nodes"]["model.library.books"]["config"]["custom"]

    def shape(document: Document) -> Document:
        noted = noted_by_dbt(document)
        noted["nodes"]["model.library.books"]["unrendered_config"]["custom"] = schema
        return noted

    rewrite(root, shape)

    _, same = await listed(root, "state:modified")
    edit("models/marts/core/_core.yml", "merged_by: [a, b]", "merged_by: [b, a]")(root)
    _, modified = await listed(root, "state:modified")

    assert same == ""
    assert modified == "model.books"


CONTENTS = {
    "nothing": b"",
    "a list": b"[]",
    "a text": b'"manifest"',
    "no nodes": b'{"metadata": {}}',
    "nodes as a list": b'{"nodes": []}',
    "a node as a number": b'{"nodes": {"model.library.books": 1}}',
    "a node without an id": b'{"nodes": {"model.library.books": {"name": "books"}}}',
    "columns as a list": b'{"nodes": {"m": {"unique_id": "m", "resource_type": "model", '
    b'"columns": []}}}',
    "bytes": bytes(range(256)),
    "not UTF-8": b'{"nodes": {"\xff": {}}}',
    "UTF-16": '{"nodes": {}}'.encode("utf-16"),
    "very deep": b'{"nodes": ' + b"[" * 100_000,
    "run results": b'{"metadata": {"dbt_schema_version": '
    b'"https://schemas.getdbt.com/dbt/run-results/v6.json"}, "nodes": {}}',
    "version 99": b'{"metadata": {"dbt_schema_version": '
    b'"https://schemas.getdbt.com/dbt/manifest/v99.json"}, "nodes": {}}',
    "version 0": b'{"metadata": {"dbt_schema_version": '
    b'"https://schemas.getdbt.com/dbt/manifest/v0.json"}, "nodes": {}}',
    "another schema": b'{"metadata": {"dbt_schema_version": "x"}, "nodes": {}}',
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize(
    "options", [{"select": ("state:new",)}, {"select": ("books",), "defer": True}]
)
async def test_file_that_is_no_manifest_is_refused(
    root: Path, content: bytes, options: dict[str, Any]
) -> None:
    (root / "prod" / "manifest.json").write_bytes(content)

    ran = await run(root, "run", state=Path("prod"), **options)

    assert ran.exit_code == 2
    assert "prod/manifest.json" in str(ran.outcome.error)
    assert not (root / "library.db").exists()


async def test_manifest_that_was_cut_off_is_refused(root: Path) -> None:
    manifest = root / "prod" / "manifest.json"
    whole = manifest.read_bytes()
    outcomes = set()

    for cut in range(0, len(whole), len(whole) // 40):
        manifest.write_bytes(whole[:cut])
        ran = await run(root, "run", select=("state:modified",), state=Path("prod"))
        outcomes.add((ran.exit_code, "Perhaps it was cut off" in str(ran.outcome.error)))

    assert outcomes == {(2, True)}
    assert not (root / "library.db").exists()


@pytest.mark.parametrize("kind", ["directory", "pipe"])
async def test_what_is_no_file_is_refused_at_once(root: Path, kind: str) -> None:
    manifest = root / "prod" / "manifest.json"
    manifest.unlink()
    if kind == "pipe":
        os.mkfifo(manifest)
    else:
        manifest.mkdir()

    ran = await run(root, "run", select=("books",), defer=True, state=Path("prod"))

    assert ran.exit_code == 2
    assert "Could not find manifest in --state path" in str(ran.outcome.error)
