"""`state:` — what has changed since an earlier manifest, one change at a time.

Each expectation is what `dbt ls` 1.10 says of the same change, but for variables, which dbt
doesn't compare.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from ..building.support import Ran, run, warnings_of
from ..conftest import FIXTURES
from .support import FIXTURE, short_ids

Change = Callable[[Path], None]

CORE = "models/marts/core/_core.yml"
FINANCE = "models/marts/finance/_finance.yml"
STAGING = "models/staging/_staging.yml"
SEMANTICS = "models/semantics.yml"
PROJECT = "dbt_project.yml"
EVERY_MART = (
    "model.books model.fines model.fines_by_month model.loans model.loans_by_book model.members "
    "model.readers.v1 model.readers.v2 model.readers.v3 model.readers_report"
)
TABLES = (
    "model.books model.fines model.loans_by_book model.members model.readers.v1 model.readers.v3 "
    "model.readers_report"
)
"""Those that don't say for themselves what they are."""


def edit(name: str, old: str, new: str) -> Change:
    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new, 1))

    return change


def write(name: str, text: str) -> Change:
    def change(root: Path) -> None:
        (root / name).write_text(text)

    return change


def both(first: Change, second: Change) -> Change:
    def change(root: Path) -> None:
        first(root)
        second(root)

    return change


def move(name: str, to: str) -> Change:
    def change(root: Path) -> None:
        (root / name).rename(root / to)

    return change


BOOKS = "models/staging/stg_books.sql"
BODY = "modified.body"
CONFIGS = "modified.configs"
RELATION = "modified.relation"
DESCRIPTIONS = "modified.persisted_descriptions"
CONTRACT = "modified.contract"
MACROS = "modified.macros"
KEPT = "persist_docs={'relation': true}, "

CHANGES: Mapping[str, tuple[Change, Mapping[str, str]]] = {
    "nothing": (lambda root: None, {"modified": "", "new": ""}),
    "the SQL": (
        edit(BOOKS, "title,", "title, 1 as one,"),
        {"modified": "model.stg_books", BODY: "model.stg_books", CONFIGS: ""},
    ),
    "white space around the SQL": (edit(BOOKS, "select id", "\n\nselect id"), {"modified": ""}),
    "a value in config()": (
        edit("models/marts/core/loans.sql", "['id', 'book_id']", "['id']"),
        {"modified": "model.loans", BODY: "model.loans", CONFIGS: "model.loans"},
    ),
    "a materialization in the project file": (
        edit(PROJECT, "+materialized: table", "+materialized: view"),
        {"modified": TABLES, BODY: "", CONFIGS: TABLES},
    ),
    "tags": (edit(PROJECT, "+tags: core", "+tags: cores"), {"modified": ""}),
    "a group": (edit(PROJECT, "+group: finance", "+group: circulation"), {"modified": ""}),
    "meta": (
        edit(PROJECT, "team: money", "team: moneys"),
        {"modified": "model.fines model.fines_by_month"},
    ),
    "a hook": (
        edit(PROJECT, "+materialized: table", "+materialized: table\n      +post-hook: select 1"),
        {CONFIGS: EVERY_MART},
    ),
    "a schema in the project file": (
        edit(PROJECT, "+materialized: table", "+materialized: table\n      +schema: marts"),
        {RELATION: EVERY_MART.replace("model.fines_by_month ", ""), CONFIGS: ""},
    ),
    "a schema in config()": (
        edit("models/marts/finance/fines_by_month.sql", "schema='finance'", "schema='money'"),
        {"modified": "model.fines_by_month", RELATION: "model.fines_by_month", CONFIGS: ""},
    ),
    "rows of a seed": (
        edit("seeds/raw_books.csv", "Middlemarch", "Emma"),
        {"modified": "seed.raw_books", BODY: "seed.raw_books"},
    ),
    "a description that stays in the project": (
        edit(CORE, "Every book", "Each book"),
        {"modified": "", DESCRIPTIONS: ""},
    ),
    "access": (
        edit(CORE, "access: public", "access: protected"),
        {"modified": "model.books", CONFIGS: "model.books"},
    ),
    "a test's severity": (
        edit(STAGING, "severity: warn", "severity: error"),
        {"modified": "test.not_null_stg_loans_id"},
    ),
    "a test's arguments": (
        edit(FINANCE, "values: [1, 2]", "values: [1, 2, 3]"),
        {"modified": "test.accepted_values_fines_amount__1__2__3"},
    ),
    "a column more under contract": (
        edit(FINANCE, "- name: amount", "- {name: extra, data_type: text}\n      - name: amount"),
        {"modified": "model.fines", CONTRACT: "model.fines", BODY: "", CONFIGS: ""},
    ),
    "a macro": (
        edit("macros/is_positive.sql", "<= 0", "< 1"),
        {"modified": "test.is_positive_books_id", MACROS: "test.is_positive_books_id", BODY: ""},
    ),
    "a package's macro": (
        edit("dbt_packages/toolkit/macros/is_small.sql", "1000000", "2000000"),
        {"modified": "test.toolkit_is_small_books_id"},
    ),
    "a macro that nobody uses": (
        write("macros/m.sql", "{% macro m() %}1{% endmacro %}"),
        {"modified": "", MACROS: ""},
    ),
    "a new model": (
        write("models/marts/core/fresh.sql", "select * from {{ ref('books') }}"),
        {"modified": "model.fresh", "new": "model.fresh", BODY: "model.fresh"},
    ),
    "a model's folder": (
        move("models/marts/core/members.sql", "models/marts/members.sql"),
        {"modified": "model.members", BODY: "", CONFIGS: "", "new": ""},
    ),
    "a model that is gone": (
        lambda root: (root / "models/marts/readers/readers_report.sql").unlink(),
        {"modified": "", "new": ""},
    ),
    "a source's table": (
        edit(STAGING, "- name: refunds", "- name: refunds\n        identifier: returned"),
        {"modified": "source.till.refunds", RELATION: "source.till.refunds"},
    ),
    "a source's schema": (
        edit(STAGING, "schema: crm", "schema: customers"),
        {"modified": "source.crm.members"},
    ),
    "a new source": (
        edit(STAGING, "[{name: members}]", "[{name: members}, {name: staff}]"),
        {"modified": "", "new": "source.crm.staff", CONFIGS: "source.crm.staff"},
    ),
    "an exposure's type": (
        edit(SEMANTICS, "type: dashboard", "type: ml"),
        {"modified": "exposure.opening_hours", CONFIGS: ""},
    ),
    "what an exposure uses": (
        edit(SEMANTICS, "\"ref('fines')\", ", ""),
        {"modified": "exposure.annual_report"},
    ),
    "a metric's label": (
        edit(SEMANTICS, "label: Lent\n", "label: Loans\n"),
        {"modified": "metric.lent"},
    ),
    "a semantic model": (
        edit(SEMANTICS, "agg: count,", "agg: count_distinct,"),
        {"modified": "semantic_model.loans"},
    ),
    "a saved query": (
        edit(SEMANTICS, "{metrics: [lent],", "{metrics: [lent_twice],"),
        {"modified": "saved_query.lent_by_day"},
    ),
    "a unit test": (
        edit(CORE, "lent: 2", "lent: 3"),
        {"modified": "unit_test.loans_by_book.counts_loans", BODY: "", CONFIGS: ""},
    ),
    "lines above a unit test": (
        edit(CORE, "models:\n", "models:\n  # Books first.\n"),
        {"modified": ""},
    ),
    "a snapshot": (
        edit("snapshots/books_seen.sql", "['title']", "['title', 'isbn']"),
        {"modified": "snapshot.books_seen", BODY: "snapshot.books_seen"},
    ),
    "the latest version": (
        edit("models/marts/readers/_readers.yml", "latest_version: 2", "latest_version: 1"),
        {
            "modified": "model.readers.v1 model.readers.v2 model.readers.v3",
            BODY: "",
        },
    ),
    "a variable that a model uses": (
        edit("dbt_packages/toolkit/dbt_project.yml", "2026-01-01", "2025-01-01"),
        {"modified": "model.toolkit.calendar", BODY: ""},
    ),
    "a variable that nobody uses": (
        edit("dbt_packages/toolkit/dbt_project.yml", "vars: {", "vars: {last_day: 1, "),
        {"modified": ""},
    ),
}


def copy_library(root: Path) -> Path:
    ignored = shutil.ignore_patterns("target", "*.db*", "logs", "dbt_packages", "prod")
    shutil.copytree(FIXTURES / FIXTURE, root, ignore=ignored)
    shutil.copytree(root / "packages", root / "dbt_packages")
    return root


async def keep_state(root: Path, **options: Any) -> None:
    """Parse the project as it is, and put its artifacts aside."""
    ran = await run(root, "parse", **options)
    assert ran.exit_code == 0, ran.outcome.error
    shutil.copytree(root / "target", root / "prod")


async def listed(root: Path, selector: str, **options: Any) -> tuple[Ran, str]:
    """What a selector finds, without the tests that would come along."""
    options = {"indirect_selection": "empty", "state": Path("prod"), **options}
    ran = await run(
        root, "ls", select=(selector,), output="json", output_keys=("unique_id",), **options
    )
    assert ran.exit_code == 0, ran.outcome.error
    return ran, " ".join(short_ids([json.loads(line)["unique_id"] for line in ran.lines]))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_library(tmp_path_factory.mktemp("state") / "library")
    anyio.run(keep_state, root)
    return root


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
async def test_change_is_seen(
    library: Path, tmp_path: Path, change: Change, expected: Mapping[str, str]
) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))
    change(root)

    found = {what: (await listed(root, f"state:{what}"))[1] for what in expected}

    assert found == expected


async def test_old_and_unmodified_are_the_others(library: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))
    edit(BOOKS, "title,", "title, 1 as one,")(root)
    write("models/fresh.sql", "select 1 as id")(root)

    _, everything = await listed(root, "*")
    _, old = await listed(root, "state:old,resource_type:model")
    _, unmodified = await listed(root, "state:unmodified,resource_type:model")

    models = {word for word in everything.split() if word.startswith("model.")}
    assert set(old.split()) == models - {"model.fresh"}
    assert set(unmodified.split()) == models - {"model.fresh", "model.stg_books"}


async def test_changes_reach_along_the_graph(library: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))
    edit("models/marts/core/members.sql", "select m.*", "select m.id")(root)

    _, found = await listed(root, "state:modified+1,resource_type:model")

    assert found == "model.fines model.members"


async def test_description_that_the_database_keeps_is_compared(
    library: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))
    shutil.rmtree(root / "prod")
    edit(CORE, "config: {group: circulation}\n    columns", KEEPING)(root)
    await keep_state(root)
    edit(CORE, "Every book", "Each book")(root)

    _, found = await listed(root, f"state:{DESCRIPTIONS}")

    assert found == "model.books"


KEEPING = "config: {group: circulation, persist_docs: {relation: true}}\n    columns"


async def test_value_that_an_environment_makes_is_no_change(library: Path, tmp_path: Path) -> None:
    root = copy_library(tmp_path / "library")
    template = "{{ env_var('STAGE') }}"
    edit(PROJECT, "+materialized: table", f'+materialized: table\n      +schema: "{template}"')(
        root
    )
    edit(STAGING, "schema: crm", f'schema: "{template}_crm"')(root)
    edit("models/marts/finance/fines_by_month.sql", "schema='finance'", "schema=env_var('STAGE')")(
        root
    )
    ran = await run(root, "parse", environ={"STAGE": "prod"})
    shutil.copytree(root / "target", root / "prod")

    again = await run(
        root,
        "ls",
        select=("state:modified",),
        state=Path("prod"),
        environ={"STAGE": "dev"},
    )

    assert (ran.exit_code, again.exit_code, again.lines) == (0, 0, [])


def end_lines(root: Path, by: bytes) -> int:
    """Let all lines of a project's files end in one way. How many files there are."""
    suffixes = (".sql", ".yml", ".csv", ".md")
    texts = [path for path in root.rglob("*") if path.suffix in suffixes]
    for path in texts:
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", by))
    return len(texts)


async def test_how_lines_end_is_no_change(library: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))

    changed = end_lines(root, b"\r\n")
    _, there = await listed(root, "state:modified")
    shutil.rmtree(root / "prod")
    await keep_state(root)
    end_lines(root, b"\n")
    _, back = await listed(root, "state:modified")

    assert changed > 20
    assert (there, back) == ("", "")


async def test_change_is_seen_though_all_lines_end_otherwise(library: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))
    seed = root / "seeds" / "raw_loans.csv"
    seed.write_bytes(
        seed.read_bytes().replace(b"\n", b"\r\n").replace(b"2026-01-01", b"2026-01-02")
    )

    _, found = await listed(root, "state:modified")

    assert found == "seed.raw_loans"


CALLS = {
    "macros/outer.sql": "{% macro outer() %}{{ middle() }}{% endmacro %}",
    "macros/middle.sql": "{% macro middle() %}{% if true %}{{ inner(2) }}{% endif %}{% endmacro %}",
    "macros/inner.sql": "{% macro inner(n) %}{{ n }}{{ caller_of(n) if n > 9 }}{% endmacro %}",
    "macros/caller_of.sql": "{% macro caller_of(n) %}{{ middle() }}{% endmacro %}",
    "macros/unused.sql": "{% macro unused() %}{{ inner(1) }}{% endmacro %}",
    "macros/is_odd.sql": "{% test is_odd(model, column_name) %}select * from {{ model }} "
    "where {{ column_name }} % {{ inner(2) }} = 0{% endtest %}",
}


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ("outer", "model.stg_books model.stg_loans"),
        # `inner` may call `caller_of`, which calls `middle`: a circle.
        ("middle", "model.stg_books model.stg_loans test.is_odd_members_id"),
        ("inner", "model.stg_books model.stg_loans test.is_odd_members_id"),
        ("caller_of", "model.stg_books model.stg_loans test.is_odd_members_id"),
        ("is_odd", "test.is_odd_members_id"),
        ("unused", ""),
    ],
)
async def test_macro_counts_however_far_it_is_called_from(
    tmp_path: Path, changed: str, seen: str
) -> None:
    root = copy_library(tmp_path / "library")
    for name, text in CALLS.items():
        write(name, text)(root)
    edit(BOOKS, "title,", "title, '{{ outer() }}' as told,")(root)
    edit("models/staging/stg_loans.sql", "select", "select {{ outer() | length }} as n,")(root)
    write("models/odd.yml", ODD)(root)
    await keep_state(root)
    edit(f"macros/{changed}.sql", "%}", "%}{# otherwise #}")(root)

    _, found = await listed(root, "state:modified")
    _, by_macros = await listed(root, f"state:{MACROS}")

    assert (found, by_macros) == (seen, seen)


ODD = "models: [{name: members, columns: [{name: id, data_tests: [is_odd]}]}]"


async def test_variable_of_the_command_line_counts_where_it_is_used(tmp_path: Path) -> None:
    root = copy_library(tmp_path / "library")
    write("macros/since.sql", "{% macro since() %}{{ var('since', 1) }}{% endmacro %}")(root)
    edit(BOOKS, "title,", "title, {{ since() }} as since,")(root)
    await keep_state(root, vars={"since": 2024})

    _, found = await listed(root, "state:modified", vars={"since": 2025})
    _, same = await listed(root, "state:modified", vars={"since": 2024, "other": 1})

    assert (found, same) == ("model.stg_books", "")


@pytest.mark.parametrize(
    ("noted", "seen"),
    [
        ({"headrace_vars": ...}, "model.stg_books"),
        ({"env": {"HEADRACE_VARS": "{"}}, ""),
        ({"env": None}, ""),
    ],
)
async def test_variables_are_found_where_older_manifests_have_them(
    tmp_path: Path, noted: dict[str, Any], seen: str
) -> None:
    root = copy_library(tmp_path / "library")
    edit(BOOKS, "title,", "title, {{ var('since', 1) }} as since,")(root)
    await keep_state(root, vars={"since": 2024})
    path = root / "prod" / "manifest.json"
    document = json.loads(path.read_bytes())
    values = json.loads(document["metadata"].pop("env")["HEADRACE_VARS"])
    document["metadata"] |= {key: values if value is ... else value for key, value in noted.items()}
    path.write_text(json.dumps(document))

    _, found = await listed(root, "state:modified", vars={"since": 2025})

    assert found == seen


@pytest.mark.parametrize(
    ("flags", "seen"),
    [
        ("", "model.stg_books"),
        ("state_modified_compare_more_unrendered_values: false", "model.stg_books"),
        ("state_modified_compare_more_unrendered_values: true", ""),
        (
            "state_modified_compare_more_unrendered_values: true, "
            "state_modified_compare_vars: true",
            "model.stg_books",
        ),
    ],
)
async def test_variable_in_a_configuration_counts_as_the_projects_flags_have_it(
    tmp_path: Path, flags: str, seen: str
) -> None:
    root = copy_library(tmp_path / "library")
    project = (root / "dbt_project.yml").read_text()
    (root / "dbt_project.yml").write_text(f"{project}\nflags: {{{flags}}}\n")
    edit(BOOKS, "select", "{{ config(materialized=var('how')) }} select")(root)
    await keep_state(root, vars={"how": "view"})

    _, found = await listed(root, "state:modified", vars={"how": "table"})
    _, same = await listed(root, "state:modified", vars={"how": "view"})

    assert (found, same) == (seen, "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            edit(FINANCE, "enforced: true", "enforced: false"),
            "its contract isn't enforced any more",
        ),
        (
            edit(FINANCE, "      - {name: member_id, data_type: integer}\n", ""),
            "the column 'member_id' is gone",
        ),
        (
            edit(
                FINANCE,
                "{name: member_id, data_type: integer}",
                "{name: member_id, data_type: text}",
            ),
            "the column 'member_id' is text and was integer",
        ),
    ],
)
async def test_broken_contract_is_told(
    library: Path, tmp_path: Path, change: Change, said: str
) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))
    change(root)

    ran, found = await listed(root, "state:modified")

    assert found == "model.fines"
    assert ran.warnings == [
        "Breaking change to the contract of 'fines' (models/marts/finance/fines.sql): "
        f"{said}. A new version of the model would leave its users the old one."
    ]


async def test_broken_contract_of_a_version_is_refused(tmp_path: Path) -> None:
    root = copy_library(tmp_path / "library")
    readers = "models/marts/readers/_readers.yml"
    column = "{name: id, data_type: integer, data_tests: [unique]}"
    edit(readers, "{name: id, data_tests: [unique]}", column)(root)
    edit(
        readers, "latest_version: 2", "latest_version: 2\n    config: {contract: {enforced: true}}"
    )(root)
    await keep_state(root)
    edit(readers, "data_type: integer", "data_type: text")(root)

    ran = await run(root, "ls", select=("state:modified",), state=Path("prod"))

    assert ran.exit_code == 2
    assert str(ran.outcome.error) == (
        "models/marts/readers/readers_v1.sql: the contract of 'readers.v1' is broken: the column "
        "'id' is text and was integer. Those who use this version rely on it. Keep it, and make "
        "the change in a new version."
    )


@pytest.mark.parametrize("criterion", ["state:modified", "state:modified.contract"])
@pytest.mark.parametrize(
    ("versions", "what"),
    [
        ("- {v: 2}", "deleted or renamed"),
        ("- {v: 1, config: {enabled: false}}\n      - {v: 2}", "disabled"),
    ],
)
async def test_version_under_contract_that_is_gone_is_refused(
    tmp_path: Path, versions: str, what: str, criterion: str
) -> None:
    properties = (
        "models:\n  - name: m\n    latest_version: 2\n    config: {contract: {enforced: true}}\n"
        "    columns: [{name: id, data_type: integer}]\n    versions:\n      "
    )
    files = {
        "dbt_project.yml": "name: shop\nprofile: shop\nversion: '1.0'\n",
        "profiles.yml": "shop: {target: dev, outputs: {dev: {type: sqlite, path: shop.db}}}\n",
        "models/m.yml": f"{properties}- {{v: 1}}\n      - {{v: 2}}",
        "models/m_v1.sql": "select 1 as id",
        "models/m_v2.sql": "select 1 as id",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    await keep_state(tmp_path)
    (tmp_path / "models/m.yml").write_text(properties + versions)
    if what != "disabled":
        (tmp_path / "models/m_v1.sql").unlink()

    ran = await run(tmp_path, "ls", select=(criterion,), state=Path("prod"))

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith(
        f"models/m_v1.sql: Contracted model 'model.shop.m.v1' was {what}."
    )


async def test_model_under_contract_that_is_gone_is_told(library: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))
    edit(FINANCE, "config: {contract", "config: {enabled: false, contract")(root)
    for name in ("models/marts/finance/fines_by_month.sql", "tests/fines_fit_loans.sql"):
        (root / name).unlink()
    edit(SEMANTICS, "\"ref('fines')\", ", "")(root)
    edit(SEMANTICS, ", \"ref('fines_by_month')\"", "")(root)

    ran, _ = await listed(root, "state:modified")

    (said,) = [text for text in ran.warnings if "contract" in text]
    assert "(models/marts/finance/fines.sql): it was disabled." in said


@pytest.mark.parametrize(
    ("date", "is_told"),
    [
        (None, True),
        ("2000-01-01", False),
        ("2000-01-01T00:00:00+00:00", False),
        ("2999-01-01", True),
        ("some day", True),
    ],
)
async def test_model_under_contract_may_go_once_its_time_is_over(
    library: Path, tmp_path: Path, date: str | None, is_told: bool
) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))
    path = root / "prod" / "manifest.json"
    document = json.loads(path.read_bytes())
    (fines,) = [one for one in document["nodes"].values() if one["name"] == "fines"]
    gone = {**fines, "unique_id": "model.library.gone", "name": "gone", "deprecation_date": date}
    document["nodes"]["model.library.gone"] = gone
    path.write_text(json.dumps(document))

    ran, _ = await listed(root, "state:modified")

    assert len([text for text in ran.warnings if "contract" in text]) == is_told


async def test_state_in_the_target_directory_is_warned_of(library: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(library, tmp_path / "library"))

    ran, found = await listed(root, "state:modified", state=Path("target"))

    assert found == ""
    assert ran.warnings[0].startswith("The directory of --state is the target directory")


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("state:modified.bdy", "Did you mean 'modified.body'?"),
        ("state:", "it names nothing"),
        ("state:modified", "no manifest.json in --state"),
    ],
)
async def test_state_that_can_not_be_asked_is_told(library: Path, selector: str, said: str) -> None:
    ran = await run(library, "ls", select=(selector,), state=Path("models"))

    assert ran.exit_code == 2
    assert said in str(ran.outcome.error)


async def test_large_seed_is_known_by_its_path(tmp_path: Path) -> None:
    root = copy_library(tmp_path / "library")
    seed = root / "seeds/raw_books.csv"
    seed.write_text("id,title,isbn\n" + "1,Middlemarch,a\n" * 70_000)
    await keep_state(root)
    seed.write_text("id,title,isbn\n" + "2,Middlemarch,a\n" * 70_000)

    ran, found = await listed(root, "state:modified")

    assert found == ""
    assert ran.warnings[0].startswith("seeds/raw_books.csv: of a seed of more than 1 MiB")


@pytest.mark.parametrize(
    ("name", "change", "state"),
    [
        ("WarnStateTargetEqual", lambda root: None, "target"),
        ("UnversionedBreakingChange", edit(FINANCE, "enforced: true", "enforced: false"), "prod"),
        ("SeedExceedsLimitSamePath", lambda root: None, "prod"),
    ],
)
async def test_what_is_said_of_a_state_may_count_as_an_error(
    tmp_path: Path, name: str, change: Change, state: str
) -> None:
    root = copy_library(tmp_path / "library")
    (root / "seeds/raw_books.csv").write_text("id,title,isbn\n" + "1,Middlemarch,a\n" * 70_000)
    await keep_state(root)
    change(root)

    ran = await run(
        root,
        select=("state:modified",),
        state=Path(state),
        warn_error_options={"error": [name]},
    )

    assert ran.exit_code == 2
    assert not list(root.glob("*.db"))


@pytest.mark.parametrize(
    ("command", "options", "told"),
    [
        ("run", {"state": Path("target")}, True),
        ("build", {"defer": True, "state": Path("target")}, True),
        ("compile", {"defer": True, "defer_state": Path("target"), "state": Path("prod")}, True),
        ("clone", {"state": Path("target")}, True),
        ("run", {"state": Path("prod")}, False),
        ("parse", {"state": Path("target")}, False),
    ],
)
async def test_state_in_the_target_directory_is_told_whatever_it_is_for(
    tmp_path: Path, command: str, options: dict[str, Any], told: bool
) -> None:
    root = copy_library(tmp_path / "library")
    await keep_state(root)

    ran = await run(root, command, **options)

    names = [warning.name for warning in warnings_of(ran.events)]
    assert names.count("WarnStateTargetEqual") == told


async def test_seed_that_grew_or_moved_is_told(tmp_path: Path) -> None:
    root = copy_library(tmp_path / "library")
    books = root / "seeds/raw_books.csv"
    await keep_state(root)
    books.write_text("id,title,isbn\n" + "1,Middlemarch,a\n" * 70_000)

    grown, modified = await listed(root, "state:modified,resource_type:seed")
    shutil.rmtree(root / "prod")
    await keep_state(root)
    (root / "seeds/old").mkdir()
    books.rename(root / "seeds/old/raw_books.csv")
    moved, still = await listed(root, "state:modified.body,resource_type:seed")

    assert (modified, still) == ("seed.raw_books", "seed.raw_books")
    assert "SeedIncreased" in warned_of(grown)
    assert "SeedExceedsLimitAndPathChanged" in warned_of(moved)


def warned_of(ran: Ran) -> list[str]:
    return [warning.name for warning in warnings_of(ran.events)]
