"""Files that are no files, links that lead in circles or out: nothing hangs, nothing is lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ..building.support import PROJECT, rows, run
from ..warnings.support import names

WriteProject = Callable[[Mapping[str, str]], Path]

ORDERS = {"models/orders.sql": "select 1 as id"}

needs_fifos = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")


def make_fifo(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)


@needs_fifos
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dbt_project.yml", "No dbt_project.yml in"),
        ("profiles.yml", "profiles.yml: is no regular file."),
        (".dbtignore", ".dbtignore: is no regular file."),
    ],
)
async def test_fifo_in_the_place_of_a_file_that_is_needed_is_an_error(
    write_project: WriteProject, name: str, said: str
) -> None:
    root = write_project(ORDERS)
    make_fifo(root / name)

    ran = await run(root, "build")

    assert ran.exit_code == 2
    assert said in str(ran.outcome.error)


@needs_fifos
@pytest.mark.parametrize(
    "name",
    [
        *("packages.yml", "dependencies.yml", "package-lock.yml", "selectors.yml"),
        *("models/f.sql", "models/f.yml", "models/f.md", "macros/f.sql", "seeds/f.csv"),
        *("tests/f.sql", "snapshots/f.sql", "analyses/f.sql"),
    ],
)
async def test_fifo_among_the_sources_is_none_of_them(
    write_project: WriteProject, name: str
) -> None:
    root = write_project(ORDERS)
    make_fifo(root / name)

    ran = await run(root, "build")

    assert list(ran.statuses) == ["orders"]
    assert ran.exit_code == 0


@needs_fifos
@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("target/manifest.json", []),
        ("target/run_results.json", []),
        ("target/run_results.jsonl", []),
        ("target/headrace_parse_cache.msgpack", []),
        ("target/compiled/shop/models/orders.sql", ["ArtifactNotWritten"]),
        ("logs/dbt.log", ["LogNotWritten"]),
    ],
)
async def test_fifo_in_the_place_of_an_artifact_is_not_waited_for(
    write_project: WriteProject, name: str, warned: list[str]
) -> None:
    root = write_project(ORDERS)
    make_fifo(root / name)

    ran = await run(root)

    assert (ran.exit_code, names(ran)) == (0, warned)
    assert rows(root, "select id from orders") == [(1,)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("model-paths: [loop]", "Too many levels of symbolic links"),
        ("target-path: loop", "the target directory can't be written"),
    ],
)
async def test_directory_that_is_a_loop_of_links_is_an_error(
    write_project: WriteProject, line: str, said: str
) -> None:
    root = write_project({**ORDERS, "dbt_project.yml": f"{PROJECT}{line}\n"})
    (root / "loop").symlink_to("loop")

    ran = await run(root)

    assert ran.exit_code == 2
    assert said in str(ran.outcome.error)
    assert not (root / "shop.db").exists()


async def test_log_directory_that_is_a_loop_of_links_is_a_warning(
    write_project: WriteProject,
) -> None:
    root = write_project(ORDERS)
    (root / "logs").symlink_to("logs")

    ran = await run(root)

    assert (ran.exit_code, names(ran)) == (0, ["LogNotWritten"])


async def test_links_in_circles_below_the_models_end(write_project: WriteProject) -> None:
    root = write_project(ORDERS)
    (root / "models" / "again").symlink_to(root / "models")
    (root / "models" / "a.sql").symlink_to("b.sql")
    (root / "models" / "b.sql").symlink_to("a.sql")

    ran = await run(root)

    assert list(ran.statuses) == ["orders"]
    assert set(names(ran)) == {"FileLeftOut"}


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("packages-install-path: ../x", "run"),
        ("packages-install-path: ../x", "clean"),
        ("clean-targets: ['../..']", "clean"),
    ],
)
async def test_path_that_leads_out_of_the_project_stops_who_writes_there(
    write_project: WriteProject, line: str, command: str
) -> None:
    root = write_project({**ORDERS, "dbt_project.yml": f"{PROJECT}{line}\n"})

    ran = await run(root, command)

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith("dbt_project.yml:5:")
    assert "leads out of the project" in str(ran.outcome.error)


async def test_what_clean_would_refuse_keeps_nothing_else_from_running(
    write_project: WriteProject,
) -> None:
    line = "clean-targets: [../docs]"
    root = write_project({**ORDERS, "dbt_project.yml": f"{PROJECT}{line}\n"})

    ran = await run(root)

    assert (ran.exit_code, list(ran.statuses)) == (0, ["orders"])


@pytest.mark.parametrize(
    ("name", "command"), [("target", "run"), ("logs", "run"), ("dbt_packages", "deps")]
)
async def test_nothing_is_written_through_a_link_that_leads_out(
    write_project: WriteProject, tmp_path: Path, name: str, command: str
) -> None:
    files = {"packages.yml": "packages: [{local: tools}]", "tools/dbt_project.yml": "name: tools"}
    root = write_project({**ORDERS, **(files if command == "deps" else {})})
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "kept").mkdir(parents=True)
    (root / name).symlink_to(elsewhere)

    ran = await run(root, command)

    assert ran.exit_code == 2
    assert "is a link that leads out of the project" in str(ran.outcome.error)
    assert [path.name for path in elsewhere.iterdir()] == ["kept"]


async def test_no_sql_is_written_through_a_link_in_the_target_directory(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project(ORDERS)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "target" / "run").mkdir(parents=True)
    (root / "target" / "compiled").symlink_to(elsewhere)
    (root / "target" / "run" / "shop").symlink_to(elsewhere)

    ran = await run(root)

    assert ran.exit_code == 0
    assert names(ran) == ["ArtifactNotWritten", "ArtifactNotWritten"]
    assert list(elsewhere.iterdir()) == []


async def test_flag_may_lead_out_of_the_project(write_project: WriteProject) -> None:
    root = write_project(ORDERS)

    ran = await run(root, target_path=Path("../made"), log_path=Path("../told"))

    assert ran.exit_code == 0
    assert (root.parent / "made" / "manifest.json").exists()
    assert (root.parent / "told" / "dbt.log").exists()


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("models/orders.sql", b"select 1 as id\0", "models/orders.sql:1:15: byte 14 is NUL"),
        ("models/orders.sql", "select 1".encode("utf-16"), "models/orders.sql:1:1: byte 0"),
        ("models/s.yml", "models: []".encode("utf-16"), "models/s.yml:1:1: byte 0"),
        ("macros/m.sql", b"{% macro x() %}\n\xe9{% endmacro %}", "macros/m.sql:2:1: byte 16"),
        ("models/d.md", b"{% docs x %}\xe9{% enddocs %}", "models/d.md:1:13: byte 12"),
        ("dbt_project.yml", b"name: shop\nprofile: sh\xff\n", "dbt_project.yml:2:12: byte 22"),
    ],
)
async def test_byte_that_is_no_text_is_an_error_with_its_place(
    write_project: WriteProject, name: str, content: bytes, place: str
) -> None:
    root = write_project({**ORDERS, name: ""})
    (root / name).write_bytes(content)

    ran = await run(root)

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith(place)


async def test_byte_order_marks_and_windows_line_ends_make_no_difference(
    write_project: WriteProject,
) -> None:
    files = {
        "dbt_project.yml": PROJECT,
        "models/orders.sql": "select\n{{ one() }} as id\n",
        "models/s.yml": "models:\n  - name: orders\n    description: >\n      All of\n      them\n",
        "macros/one.sql": "{% macro one() %}\n1\n{% endmacro %}\n",
        "seeds/days.csv": "day,n\nmonday,1\n",
        ".dbtignore": "# none\nnone.sql\n",
    }
    root = write_project(files)
    for name, text in files.items():
        (root / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    ran = await run(root, "build")

    assert (ran.exit_code, names(ran)) == (0, [])
    assert rows(root, "select * from orders") == [(1,)]
    assert rows(root, "select * from days") == [("monday", 1)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
async def test_name_as_long_as_a_file_s_may_be_is_built(write_project: WriteProject) -> None:
    name = "m" * 250
    root = write_project({f"models/{name}.sql": "select 1 as id"})

    ran = await run(root)

    assert (ran.exit_code, list(ran.statuses)) == (0, [name])
