"""What a project says in vain, as dbt warns of it, and which of it `--warn-error` means."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ..building.support import PROJECT, run, warnings_of
from .support import names

WriteProject = Callable[[Mapping[str, str]], Path]

CONSTRAINTS = "constraints: [{type: unique, columns: [id]}]"
SNAPSHOT = (
    "{% snapshot kept %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
    "select 1 as id{% endsnapshot %}"
)
UNAGED = (
    "sources: [{name: till, freshness: {warn_after: {count: 1, period: day}}, "
    "tables: [{name: receipts}]}]"
)
UNTIMED = (
    "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', "
    "begin='2024-01-01', batch_size='day') }} select 1 as at"
)


async def test_constraints_of_what_is_no_model_are_passed_over(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "seeds/countries.csv": "id\n1\n",
            "seeds/s.yml": f"seeds:\n- name: countries\n  access: public\n  {CONSTRAINTS}\n",
            "snapshots/kept.sql": SNAPSHOT,
            "snapshots/s.yml": f"snapshots:\n- name: kept\n  {CONSTRAINTS}\n",
            "analyses/why.sql": "select 1",
            "analyses/s.yml": f"analyses:\n- name: why\n  {CONSTRAINTS}\n",
        }
    )

    ran = await run(root, "parse")

    told = {str(each.location): (each.name, each.data) for each in warnings_of(ran.events)}
    assert told == {
        place: (
            "ValidationWarning",
            {"field_name": "constraints", "resource_type": kind, "node_name": name},
        )
        for place, kind, name in (
            ("seeds/s.yml:4:3", "seed", "countries"),
            ("snapshots/s.yml:3:3", "snapshot", "kept"),
            ("analyses/s.yml:3:3", "analysis", "why"),
        )
    }


async def test_tags_of_sources_that_are_no_texts_are_passed_over(
    write_project: WriteProject,
) -> None:
    entry = """sources:
- name: raw
  config: {tags: [b, 1, {c: d}]}
  tables:
  - {name: x, config: {tags: [2]}}
  - {name: y, tags: [a]}
"""
    root = write_project({"models/s.yml": entry})

    ran = await run(root, "parse")

    assert [(str(each.location), each.data) for each in warnings_of(ran.events)] == [
        (
            "models/s.yml:3:12",
            {
                "field_name": "`config.tags`: ['b', 1, {'c': 'd'}]",
                "resource_type": "source",
                "node_name": "raw",
            },
        ),
        (
            "models/s.yml:5:24",
            {"field_name": "`config.tags`: [2]", "resource_type": "source", "node_name": "x"},
        ),
    ]
    sources: Any = json.loads((root / "target" / "manifest.json").read_text())["sources"]
    tags = {key: (each["tags"], each["config"]["tags"]) for key, each in sources.items()}
    assert tags == {
        "source.shop.raw.x": (["b"], ["b"]),
        "source.shop.raw.y": (["a", "b"], ["a", "b"]),
    }


@pytest.mark.parametrize(
    ("entries", "problem", "description"),
    [
        ("[{name: odd, description: told}, {description: d}]", "has no 'name'", "told"),
        ("[{description: d}, {name: odd, description: told}]", "has no 'name'", ""),
        ("[{name: [a]}]", "has a 'name' that is no text", ""),
        ("[odd]", "is a mapping with a 'name', not a text", ""),
        ("{name: odd, description: told}", "must be a list, not a mapping", ""),
    ],
)
async def test_entries_of_singular_tests_that_cannot_be_read_are_passed_over(
    write_project: WriteProject, entries: str, problem: str, description: str
) -> None:
    files = {
        "models/orders.sql": "select 1 as id",
        "models/s.yml": "models: [{name: orders, description: read}]",
        "tests/odd.sql": "select 1 as id where 1 = 0",
        "tests/s.yml": f"data_tests: {entries}\n",
    }
    root = write_project(files)

    ran = await run(root, "build")
    strict = await run(root, "parse", warn_error=True)

    assert (ran.exit_code, strict.exit_code) == (0, 0)
    assert names(ran) == names(strict) == ["UnreadSection"]
    assert "Unable to parse 'data_tests' section of file 'tests/s.yml'" in ran.warnings[0]
    assert problem in ran.warnings[0]
    assert ran.statuses.keys() == {"orders", "odd"}
    nodes: Any = json.loads((root / "target" / "manifest.json").read_text())["nodes"]
    assert nodes["test.shop.odd"]["description"] == description
    assert nodes["model.shop.orders"]["description"] == "read"


async def test_last_description_of_a_singular_test_counts(write_project: WriteProject) -> None:
    files = {
        "tests/odd.sql": "select 1 as id where 1 = 0",
        "tests/s.yml": "data_tests: [{name: odd, description: a}, {name: odd, description: b}]",
    }
    root = write_project(files)

    ran = await run(root, "parse")

    assert (ran.exit_code, names(ran)) == (0, [])
    nodes: Any = json.loads((root / "target" / "manifest.json").read_text())["nodes"]
    assert nodes["test.shop.odd"]["description"] == "b"


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"models/s.yml": UNAGED}, "FreshnessConfigProblem"),
        ({"models/days.sql": UNTIMED}, "MicrobatchModelNoEventTimeInputs"),
    ],
)
async def test_what_dbt_only_tells_is_no_error_unless_it_is_named_or_the_project_says_so(
    write_project: WriteProject, files: Mapping[str, str], name: str
) -> None:
    flag = f"{PROJECT}flags: {{require_all_warnings_handled_by_warn_error: true}}\n"
    root = write_project(files)

    strict = await run(root, "parse", warn_error=True)
    named = await run(root, "parse", warn_error_options={"error": [name]})
    (root / "dbt_project.yml").write_text(flag)
    by_flag = await run(root, "parse", warn_error=True)
    spared = await run(root, "parse", warn_error_options={"error": "all", "warn": [name]})

    assert [ran.exit_code for ran in (strict, named, by_flag, spared)] == [0, 2, 2, 0]
    assert names(strict) == names(spared) == [name]


async def test_directory_of_packages_of_old_among_what_is_cleaned(
    write_project: WriteProject,
) -> None:
    line = "clean-targets: [target, dbt_modules]\n"
    root = write_project({"dbt_project.yml": PROJECT + line, "dbt_modules/x": ""})

    strict = await run(root, "clean", warn_error=True)
    is_there = (root / "dbt_modules").exists()
    ran = await run(root, "clean")
    (root / "dbt_project.yml").write_text(f"{PROJECT}{line}packages-install-path: dbt_modules\n")
    wanted = await run(root, "clean")

    assert (strict.exit_code, is_there) == (2, True)
    assert "[PackageInstallPathDeprecation]" in str(strict.outcome.error)
    assert (ran.exit_code, names(ran)) == (0, ["PackageInstallPathDeprecation"])
    assert not (root / "dbt_modules").exists()
    assert (wanted.exit_code, names(wanted)) == (0, [])


async def test_key_that_stands_under_meta_only_is_warned_of_where_config_is_asked_for_it(
    write_project: WriteProject,
) -> None:
    model = (
        "{{ config(meta={'owner': 'us', 'alias': 'x'}) }} select '{{ config.get('owner', 'none') "
        "}}{{ config.get('nobody') }}{{ config.get('alias') }}{{ config.meta_get('owner') }}' as o"
    )
    root = write_project({"models/orders.sql": model})

    parsed = await run(root, "parse")
    ran = await run(root, "run")

    assert (parsed.exit_code, names(parsed)) == (0, [])
    assert ran.exit_code == 0
    assert [(each.name, each.data) for each in warnings_of(ran.events)] == [
        ("GetMetaKeyWarning", {"meta_key": "owner"})
    ]
