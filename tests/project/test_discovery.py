"""Finding a project and its files, and nothing outside of it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from headrace.engine.core.errors import Location, ProjectError
from headrace.engine.core.events import WarningRaised
from headrace.engine.project.discovery import (
    MAX_HASHED_SEED_BYTES,
    SourceFile,
    checksum,
    find_files,
    find_project_directory,
    read_source,
    seed_checksums,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for name in ("models/staging/a.sql", "models/b.sql", "models/schema.yml", "dbt_project.yml"):
        write(root / name)
    return root


def write(path: Path, text: str = "select 1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(files: list[SourceFile]) -> list[str]:
    return [file.root_relative for file in files]


def test_project_is_the_nearest_directory_above(project: Path) -> None:
    found = find_project_directory(None, environ={}, cwd=project / "models" / "staging")

    assert found == project


def test_flag_beats_environment_beats_working_directory(project: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other" / "dbt_project.yml").parent
    third = write(tmp_path / "third" / "dbt_project.yml").parent
    environ = {"DBT_PROJECT_DIR": "other", "HEADRACE_PROJECT_DIR": ""}

    assert find_project_directory(Path("third"), environ=environ, cwd=tmp_path) == third
    assert find_project_directory(None, environ=environ, cwd=tmp_path) == other
    both = environ | {"HEADRACE_PROJECT_DIR": str(third)}
    assert find_project_directory(None, environ=both, cwd=project) == third


def test_home_in_a_variable_is_expanded(project: Path) -> None:
    environ = {"DBT_PROJECT_DIR": "~/shop", "HOME": str(project.parent)}

    assert find_project_directory(None, environ=environ, cwd=Path("/")) == project


def test_missing_project_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        find_project_directory(None, environ={}, cwd=tmp_path)

    assert str(tmp_path) in str(caught.value)
    assert "--project-dir" in str(caught.value)


def test_misspelled_project_directory_gets_a_proposal(project: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        find_project_directory(Path("shopp"), environ={}, cwd=project.parent)

    assert str(caught.value).startswith("--project-dir is ")
    assert "Did you mean 'shop'?" in str(caught.value)


def test_named_directory_without_a_project_is_refused(project: Path) -> None:
    environ = {"DBT_PROJECT_DIR": str(project / "models")}

    with pytest.raises(ProjectError, match="which is what DBT_PROJECT_DIR says"):
        find_project_directory(None, environ=environ, cwd=project)


def test_files_are_found_in_the_order_of_their_paths(project: Path) -> None:
    files = find_files(project, ["models"], [".sql"])

    assert files == [
        SourceFile(project / "models/b.sql", "models/b.sql", "models", "b.sql"),
        SourceFile(
            project / "models/staging/a.sql", "models/staging/a.sql", "models", "staging/a.sql"
        ),
    ]


def test_spelling_of_paths_and_suffixes_does_not_matter(project: Path) -> None:
    write(project / "models" / "LOUD.SQL")

    files = find_files(project, ["./models/", "missing", "dbt_project.yml"], [".sql", ".yml"])

    assert names(files) == [
        "models/LOUD.SQL",
        "models/b.sql",
        "models/schema.yml",
        "models/staging/a.sql",
    ]


def test_file_below_two_paths_is_found_once(project: Path) -> None:
    files = find_files(project, ["models/staging", "models"], [".sql"])

    assert [(file.root_relative, file.relative) for file in files] == [
        ("models/b.sql", "b.sql"),
        ("models/staging/a.sql", "a.sql"),
    ]


def test_project_itself_can_be_searched(project: Path) -> None:
    assert "models/b.sql" in names(find_files(project, ["."], [".sql"]))


@pytest.mark.parametrize(
    "hidden", [".a.sql", "#a.sql", "~a.sql", ".git/a.sql", "x/.ipynb_checkpoints/a.sql"]
)
def test_hidden_files_and_directories_are_left_out(project: Path, hidden: str) -> None:
    write(project / "models" / hidden)

    assert names(find_files(project, ["models"], [".sql"])) == [
        "models/b.sql",
        "models/staging/a.sql",
    ]


def test_dbtignore_leaves_files_out(project: Path) -> None:
    write(project / ".dbtignore", "staging/\n*.tmp.sql\n!keep.tmp.sql\n")
    write(project / "models" / "x.tmp.sql")
    write(project / "models" / "keep.tmp.sql")

    assert names(find_files(project, ["models"], [".sql"])) == [
        "models/b.sql",
        "models/keep.tmp.sql",
    ]


def test_fifos_and_directories_with_a_suffix_are_left_out(project: Path) -> None:
    os.mkfifo(project / "models" / "pipe.sql")
    (project / "models" / "directory.sql").mkdir()

    assert "models/pipe.sql" not in names(find_files(project, ["models"], [".sql"]))


def test_loops_of_links_end(project: Path) -> None:
    (project / "models" / "again").symlink_to(project / "models")
    (project / "models" / "self.sql").symlink_to("self.sql")

    assert names(find_files(project, ["models"], [".sql"])) == [
        "models/b.sql",
        "models/staging/a.sql",
    ]


def test_link_to_a_file_of_the_project_counts(project: Path) -> None:
    (project / "models" / "c.sql").symlink_to(project / "models" / "b.sql")

    assert "models/c.sql" in names(find_files(project, ["models"], [".sql"]))


def test_links_that_lead_out_or_nowhere_are_left_out_with_a_warning(project: Path) -> None:
    outside = write(project.parent / "outside" / "secret.sql")
    (project / "models" / "out.sql").symlink_to(outside)
    (project / "models" / "nowhere.sql").symlink_to("gone.sql")
    (project / "models" / "folder").symlink_to(outside.parent)
    warnings: list[WarningRaised] = []

    files = find_files(project, ["models"], [".sql"], warn=warnings.append)

    assert names(files) == ["models/b.sql", "models/staging/a.sql"]
    assert {warning.location for warning in warnings} == {
        Location("models/out.sql"),
        Location("models/nowhere.sql"),
    }


def test_project_behind_a_link_is_still_itself(project: Path) -> None:
    link = project.parent / "link"
    link.symlink_to(project)

    assert len(find_files(link, ["models"], [".sql"])) == 2


@pytest.mark.parametrize("path", ["../other", "/etc", "models/../../other", "..", "a\0b"])
def test_path_that_leads_out_of_the_project_is_refused(project: Path, path: str) -> None:
    with pytest.raises(ProjectError, match=r"^dbt_project.yml: .* leads out of the project"):
        find_files(project, [path], [".sql"])


def test_directory_that_is_a_link_out_of_the_project_is_refused(project: Path) -> None:
    (project / "seeds").symlink_to(project.parent)

    with pytest.raises(ProjectError, match=r"^dbt_project.yml: 'seeds' is a link that leads out"):
        find_files(project, ["seeds"], [".csv"])


def test_a_project_that_is_not_confined_may_have_its_files_elsewhere(project: Path) -> None:
    outside = project.parent / "outside"
    for name in ("models/deep/c.sql", "seeds/s.csv", "one.sql"):
        write(outside / name)
    (project / "seeds").symlink_to(outside / "seeds")
    (project / "models" / "linked.sql").symlink_to(outside / "one.sql")
    (project / "models" / "folder").symlink_to(outside)

    def found(*paths: str) -> list[str]:
        return names(find_files(project, paths, [".sql", ".csv"], is_confined=False))

    assert found("../outside/models") == ["../outside/models/deep/c.sql"]
    assert found(str(outside / "models")) == [f"{outside}/models/deep/c.sql"]
    assert found("seeds") == ["seeds/s.csv"]
    # As in dbt a link to a directory is followed where it is the path itself, and not below it.
    assert found("models") == ["models/b.sql", "models/linked.sql", "models/staging/a.sql"]


def test_name_that_is_not_utf8_is_left_out_with_a_warning(project: Path) -> None:
    (project / "models" / os.fsdecode(b"caf\xe9.sql")).write_text("select 1")
    warnings: list[WarningRaised] = []

    files = find_files(project, ["models"], [".sql"], warn=warnings.append)

    assert len(files) == 2
    assert "isn't UTF-8" in warnings[0].message
    str(warnings[0]).encode("utf-8")


def test_source_that_is_not_utf8_is_refused_at_its_byte(project: Path) -> None:
    (project / "models" / "b.sql").write_bytes(b"select\n  '\xe9'")
    file = find_files(project, ["models"], [".sql"])[0]

    with pytest.raises(ProjectError, match=r"^models/b\.sql:2:4: byte 10 is 0xe9"):
        read_source(file)


def test_checksum_leaves_surrounding_white_space_out() -> None:
    assert checksum("\n select 1\r\n\n") == hashlib.sha256(b"select 1").hexdigest()


def test_large_seed_is_known_by_its_path(project: Path) -> None:
    write(project / "seeds" / "small.csv", "id\n1\n")
    write(project / "seeds" / "large.csv", "x" * (MAX_HASHED_SEED_BYTES + 1))

    large, small = find_files(project, ["seeds"], [".csv"])

    assert seed_checksums(large) == ("path", "seeds/large.csv")
    assert seed_checksums(small)[:2] == ("sha256", hashlib.sha256(b"id\n1").hexdigest())


def test_byte_order_mark_counts_in_a_seeds_checksum_as_in_dbts(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds/marked.csv").write_bytes(b"\xef\xbb\xbfid\n1\n")
    (marked,) = find_files(tmp_path, ("seeds",), (".csv",))

    digest = hashlib.sha256(b"\xef\xbb\xbfid\n1").hexdigest()
    assert seed_checksums(marked)[:2] == ("sha256", digest)
