"""Files that are deep, long, many, empty or endless: an error, or the answer; never a fault."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.core.errors import UsageError
from headrace.engine.project import text_file
from headrace.engine.project.trees import delete_tree
from headrace.engine.running.timings import last_timings

from ..building.support import PROJECT, run

WriteProject = Callable[[Mapping[str, str]], Path]

ORDERS = {"models/orders.sql": "select 1 as id"}
LISTS = "[" * 2000 + "]" * 2000
MAPPINGS = '{"a":' * 2000 + "1" + "}" * 2000
SCHEMA = "https://schemas.getdbt.com/dbt"
STATE = {"state": Path("state"), "select": ("state:modified",)}


async def outcome(root: Path, command: str, **options: Any) -> str:
    """What is said of an invocation that must not end by a fault: its error, or nothing."""
    try:
        ran = await run(root, command, **options)
    except UsageError as error:
        return str(error)
    return str(ran.outcome.error or "")


DEEP: Mapping[str, tuple[str, str, dict[str, Any], str]] = {
    "properties": (
        "models/s.yml",
        "models: [{{name: orders, meta: {{x: {0}}}}}]",
        {},
        "100 levels",
    ),
    "variables": ("dbt_project.yml", PROJECT + "vars: {{x: {0}}}", {}, "100 levels"),
    "profile": ("profiles.yml", "shop: {0}", {}, "100 levels"),
    "selectors": ("selectors.yml", "selectors: {0}", {}, "100 levels"),
    "state": (
        "state/manifest.json",
        '{{"metadata": {{"dbt_schema_version": "'
        + SCHEMA
        + '/manifest/v12.json"}}, "nodes": {{}}, '
        '"x": {0}}}',
        STATE,
        "is no manifest that can be read",
    ),
    "state's node": (
        "state/manifest.json",
        '{{"metadata": {{}}, "nodes": {{"model.shop.orders": {{"config": {{"meta": {0}}}}}}}}}',
        STATE,
        "is no manifest that can be read",
    ),
    "state's version": (
        "state/manifest.json",
        '{{"metadata": {{"dbt_schema_version": "'
        + SCHEMA
        + "/manifest/v"
        + "9" * 5000
        + '.json"}}, '
        '"nodes": {{}}, "x": 1}}',
        STATE,
        "is no manifest: its schema is",
    ),
}


@pytest.mark.parametrize("nested", [LISTS, MAPPINGS], ids=["lists", "mappings"])
@pytest.mark.parametrize("name", DEEP)
async def test_deep_nesting_is_an_error_that_names_the_file(
    write_project: WriteProject, name: str, nested: str
) -> None:
    path, form, options, said = DEEP[name]
    root = write_project({**ORDERS, path: form.format(nested)})

    message = await outcome(root, "run", **options)

    assert path in message
    if said != "100 levels":  # whose words are the parser's
        assert said in message
    assert len(message) < 2000


@pytest.mark.parametrize("nested", [LISTS, MAPPINGS], ids=["lists", "mappings"])
async def test_deep_journal_is_none(write_project: WriteProject, nested: str) -> None:
    header = f'{{"event": "header", "format": 1, "args": {nested}}}\n'
    root = write_project({**ORDERS, "target/run_results.jsonl": header})

    message = await outcome(root, "retry")

    assert "this isn't the journal of a run" in message


async def test_line_of_a_journal_that_is_too_deep_is_where_it_ends(
    write_project: WriteProject,
) -> None:
    root = write_project({"models/orders.sql": "select nonsense"})
    await run(root)
    journal = root / "target" / "run_results.jsonl"
    (root / "target" / "run_results.json").unlink()
    journal.write_text(journal.read_text() + f'{{"event": "result", "result": {LISTS}}}\n')

    ran = await run(root, "retry")

    assert list(ran.statuses) == ["orders"]


@pytest.mark.parametrize("content", [LISTS, f'{{"results": {LISTS}}}', "\udcff", ""])
def test_timings_that_can_t_be_read_are_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "run_results.json").write_bytes(content.encode("utf-8", "surrogateescape"))

    assert last_timings(tmp_path / "run_results.json") == {}


async def test_hook_that_only_looks_like_json_is_sql(write_project: WriteProject) -> None:
    hook = '{"sql": "select 1", "x": ' + LISTS + "}"
    root = write_project({"models/a.sql": f"{{{{ config(pre_hook={hook!r}) }}}} select 1 as id"})

    ran = await run(root)

    assert ran.exit_code == 1
    assert "unrecognized token" in ran.error("a")  # the database's words


LONG = ["x" * 5000, "x/" * 3000]


@pytest.mark.parametrize("path", LONG, ids=["name", "path"])
@pytest.mark.parametrize(
    "option",
    ["state", "defer_state", "project_dir", "profiles_dir", "target_path", "log_path"],
)
async def test_path_longer_than_any_is_not_there(
    write_project: WriteProject, option: str, path: str
) -> None:
    root = write_project(ORDERS)
    more: dict[str, Any] = {"defer": True} if "state" in option else {}

    message = await outcome(root, "run", **{option: Path(path)}, **more)

    if option != "log_path":  # without a log file the run goes on
        assert "xx" in message or "x/x" in message


@pytest.mark.parametrize(
    "name",
    [
        *("target/manifest.json", "target/run_results.json", "target/run_results.jsonl"),
        *("state/manifest.json", "state/run_results.json", "state/sources.json"),
        "target/headrace_parse_cache.msgpack",
    ],
)
async def test_artifact_without_end_is_not_read_into_memory(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(text_file, "MAX_ARTIFACT_BYTES", 10_000_000)
    root = write_project({**ORDERS, name: ""})
    (root / "state").mkdir(exist_ok=True)
    if not (root / "state" / "manifest.json").exists():
        (root / "state" / "manifest.json").write_text('{"metadata": {}, "nodes": {}}')
    os.truncate(root / name, 20_000_000)
    command, options = {
        "target": ("retry" if "run_results.jsonl" in name else "run", {}),
        "state": ("run", {"state": Path("state"), "select": ("state:new", "result:error")}),
    }[name.partition("/")[0]]
    if name == "state/sources.json":
        options["select"] = ("source_status:fresher",)

    message = await outcome(root, command, **options)

    if name.startswith("state") or command == "retry":
        assert "it is larger than 10,000,000 bytes, which is the most" in message
    else:
        assert message == ""


async def test_entries_for_models_that_are_not_there_take_no_time_for_each_other(
    write_project: WriteProject,
) -> None:
    entries = "".join(f"  - name: nothing_{number}\n" for number in range(1500))
    root = write_project({**ORDERS, "models/s.yml": f"models:\n{entries}"})

    ran = await run(root, "parse")

    assert ran.exit_code == 0
    assert len(ran.warnings) == 1500


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (dict.fromkeys(("models/e.sql", "models/e.yml", "macros/e.sql"), ""), "run"),
        (dict.fromkeys(("seeds/e.csv", "snapshots/e.yml", "tests/e.sql"), ""), "build"),
        (dict.fromkeys(("selectors.yml", "packages.yml", "package-lock.yml"), ""), "deps"),
        ({"dbt_project.yml": ""}, "run"),
        ({"profiles.yml": ""}, "run"),
        ({"target/run_results.json": "", "target/run_results.jsonl": ""}, "retry"),
        ({"target/manifest.json": "", "target/headrace_parse_cache.msgpack": ""}, "run"),
    ],
)
async def test_empty_file_is_no_fault(
    write_project: WriteProject, files: dict[str, str], command: str
) -> None:
    root = write_project({**ORDERS, **files})

    await outcome(root, command)  # an unexpected exception travels
    for name in files:
        if name.startswith("target/"):
            (root / name).unlink(missing_ok=True)  # of which the test's invariants speak


def dig(root: Path, path: str) -> None:
    """Make a directory 1,500 deep, with a model at its end: deeper than Python's functions go."""
    (root / path).mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root / path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    with open(os.open("x.sql", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor), "w") as file:
        file.write("select 1 as id")
    os.close(descriptor)


@pytest.fixture
def root_to_dig(write_project: WriteProject) -> Iterator[Path]:
    root = write_project(ORDERS)
    yield root
    for path in root.iterdir():
        if path.is_dir():
            delete_tree(path)  # pytest can't


@pytest.mark.parametrize("directory", ["models", "macros", "seeds", "tests", "snapshots"])
async def test_sources_1500_deep_are_an_error(root_to_dig: Path, directory: str) -> None:
    dig(root_to_dig, directory)

    message = await outcome(root_to_dig, "run")

    assert message.startswith(f"{directory}/d/d/d/")
    assert "directories stand in each other here more than 100 times, which is the most" in message
    assert len(message) < 400


async def test_sources_1500_deep_may_be_ignored(root_to_dig: Path) -> None:
    dig(root_to_dig, "models/deep")
    (root_to_dig / ".dbtignore").write_text("deep\n")

    ran = await run(root_to_dig)

    assert (ran.exit_code, list(ran.statuses)) == (0, ["orders"])


async def test_target_1500_deep_is_cleaned(root_to_dig: Path) -> None:
    dig(root_to_dig, "target")

    ran = await run(root_to_dig, "clean")

    assert ran.exit_code == 0
    assert not (root_to_dig / "target").exists()


@pytest.mark.parametrize("path", LONG, ids=["name", "path"])
@pytest.mark.parametrize("key", ["path", "schema_directory"])
async def test_path_of_a_profile_is_no_longer_than_a_path(
    write_project: WriteProject, key: str, path: str
) -> None:
    keys = {"type": "sqlite", "path": "shop.db", "schema": "main", key: path}
    lines = "".join(f"      {name}: {value}\n" for name, value in keys.items())
    root = write_project({**ORDERS, "profiles.yml": f"shop:\n  outputs:\n    default:\n{lines}"})

    message = await outcome(root, "run")

    assert f"'{key}' is longer than a path may be" in message


@pytest.mark.parametrize("path", LONG, ids=["name", "path"])
async def test_packages_in_a_path_that_can_not_be_are_missing(
    write_project: WriteProject, path: str
) -> None:
    project = f"{PROJECT}packages-install-path: {path}\n"
    packages = "packages: [{local: ../tools}]"
    root = write_project({**ORDERS, "dbt_project.yml": project, "packages.yml": packages})

    message = await outcome(root, "run")

    assert "found 1 package(s) specified in packages.yml, but only 0 package(s)" in message


@pytest.mark.parametrize(
    "entry",
    [
        'git: "a\\0b"',
        'git: /nowhere, revision: "a\\0b"',
        'tarball: "a\\0b", name: x',
        'local: "a\\0b"',
        'package: "a/\\0b", version: 1.0.0',
        'git: "a\\nb"',
    ],
)
async def test_entry_of_packages_holds_no_control_character(
    write_project: WriteProject, entry: str
) -> None:
    root = write_project({**ORDERS, "packages.yml": f"packages: [{{{entry}}}]"})

    message = await outcome(root, "deps")

    assert message.startswith("packages.yml:1:")
    assert "holds a character that can't be shown" in message
