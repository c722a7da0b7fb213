"""profiles.yml: where it is found, what it gives, and that it keeps its values to itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from headrace.adapters.base import Target
from headrace.engine.core.errors import HeadraceError, ProfileError, UsageError, YamlError
from headrace.engine.core.events import WarningRaised
from headrace.engine.project.profile import load_target
from headrace.engine.project.profiles_file import find_profiles, load_profile_flags
from headrace.engine.project.project import load_project

PROFILES = """
config: {use_colors: false}
shop:
  target: "{{ env_var('TARGET', 'dev') }}"
  outputs:
    dev: {type: sqlite, path: shop.db}
    prod:
      type: postgres
      host: localhost
      port: "{{ env_var('PORT') }}"
      user: "007"
      password: "{{ env_var('DBT_ENV_SECRET_PW') }}"
      dbname: warehouse
      schema: analytics
      threads: "{{ env_var('THREADS', '4') }}"
      connect_timeout: "10"
      keepalives: "true"
      search_path: "010"
    broken: {type: "{{ env_var('NEVER_SET') }}"}
"""

ENVIRON = {"PORT": "5433", "DBT_ENV_SECRET_PW": "12345678"}


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Target]:
    """Loads a target of profiles with that text, from the project's own directory."""
    root = tmp_path / "project"
    root.mkdir()

    def load(profiles: str = PROFILES, **options: object) -> Target:
        (root / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
        (root / "profiles.yml").write_text(profiles)
        project = load_project(root, environ={}, cli_vars={}, warn=print)
        arguments: dict[str, object] = {
            "profiles_dir": None,
            "profile": None,
            "target": None,
            "threads": None,
            "cli_vars": {},
            "environ": {"HOME": str(tmp_path)},
            "cwd": tmp_path,
        }
        return load_target(project, **arguments | options)  # type: ignore[arg-type]  # any

    return load


def test_default_target_is_the_one_that_the_profile_names(
    load: Callable[..., Target], tmp_path: Path
) -> None:
    target = load()

    assert target == Target(
        type="sqlite",
        name="dev",
        profile_name="shop",
        schema="main",
        database=None,
        threads=1,
        project_root=tmp_path / "project",
        keys={"path": "shop.db"},
    )


def test_values_are_rendered_and_converted(load: Callable[..., Target]) -> None:
    target = load(target="prod", environ=ENVIRON)

    assert (target.type, target.schema, target.database) == ("postgres", "analytics", "warehouse")
    assert target.threads == 4
    assert target.keys == {
        "host": "localhost",
        "port": 5433,
        "user": "007",
        "password": "12345678",
        "dbname": "warehouse",
        "connect_timeout": 10,
        "keepalives": True,
        "search_path": "010",
    }


def test_target_keeps_its_keys_out_of_repr(load: Callable[..., Target]) -> None:
    assert "12345678" not in repr(load(target="prod", environ=ENVIRON))


@pytest.mark.parametrize(
    ("flag", "environ", "name"),
    [
        (None, {}, "dev"),
        (None, {"TARGET": "prod"}, "prod"),
        (None, {"TARGET": "broken", "DBT_TARGET": "prod"}, "prod"),
        (None, {"DBT_TARGET": "broken", "HEADRACE_TARGET": "prod"}, "prod"),
        ("prod", {"DBT_TARGET": "broken"}, "prod"),
    ],
)
def test_target_is_the_flags_then_the_environments_then_the_profiles(
    load: Callable[..., Target], flag: str | None, environ: dict[str, str], name: str
) -> None:
    assert load(target=flag, environ=ENVIRON | environ).name == name


def test_profile_without_a_target_uses_default(load: Callable[..., Target]) -> None:
    target = load("shop: {outputs: {default: {type: sqlite, schema: x}}}")

    assert (target.name, target.schema) == ("default", "x")


@pytest.mark.parametrize(
    ("flag", "environ", "threads"),
    [
        (None, {}, 4),
        (None, {"THREADS": "6"}, 6),
        (None, {"DBT_THREADS": "7"}, 7),
        (None, {"DBT_THREADS": "7", "HEADRACE_THREADS": "8"}, 8),
        (9, {"DBT_THREADS": "7"}, 9),
    ],
)
def test_threads_are_the_flags_then_the_environments_then_the_profiles(
    load: Callable[..., Target], flag: int | None, environ: dict[str, str], threads: int
) -> None:
    assert load(target="prod", threads=flag, environ=ENVIRON | environ).threads == threads


@pytest.mark.parametrize("threads", ["0", "-1", "true", "many", "1.5", "[1]"])
def test_threads_of_the_profile_must_be_a_whole_number(
    load: Callable[..., Target], threads: str
) -> None:
    text = f"shop:\n  outputs:\n    default:\n      type: sqlite\n      threads: {threads}\n"

    with pytest.raises(ProfileError, match=r"profiles\.yml:5:7: 'threads' must be a whole number"):
        load(text)


def test_threads_of_flag_and_environment_must_be_a_whole_number(
    load: Callable[..., Target],
) -> None:
    with pytest.raises(UsageError, match="--threads must be a whole number from 1 to 1,000"):
        load(threads=0)
    with pytest.raises(UsageError, match="DBT_THREADS must be a whole number"):
        load(environ={"DBT_THREADS": "x"})


def test_flag_beats_the_projects_profile(load: Callable[..., Target]) -> None:
    text = "other: {outputs: {default: {type: duckdb}}}\nshop: {}\n"

    assert load(text, profile="other").profile_name == "other"
    assert load(text, environ={"DBT_PROFILE": "other"}).profile_name == "other"


def test_profiles_are_looked_for_from_near_to_far(tmp_path: Path) -> None:
    names = ("flag", "variable", "cwd", "project", "home/.dbt")
    flag, variable, cwd, project, home = (tmp_path / name for name in names)
    environ = {"HOME": str(tmp_path / "home"), "DBT_PROFILES_DIR": "../variable"}
    for directory in (flag, variable, cwd, project, home):
        directory.mkdir(parents=True)
        (directory / "profiles.yml").touch()

    def found(profiles_dir: Path | None = None) -> Path | None:
        source = find_profiles(project, profiles_dir=profiles_dir, environ=environ, cwd=cwd)
        return source.path.resolve() if source.path else None

    assert found(Path("../flag")) == flag / "profiles.yml"
    assert found() == variable / "profiles.yml"
    del environ["DBT_PROFILES_DIR"]
    assert found() == cwd / "profiles.yml"
    (cwd / "profiles.yml").unlink()
    assert found() == project / "profiles.yml"
    (project / "profiles.yml").unlink()
    assert found() == home / "profiles.yml"
    (home / "profiles.yml").unlink()
    assert found() is None


def test_directory_that_was_named_is_the_only_one_that_counts(
    load: Callable[..., Target], tmp_path: Path
) -> None:
    with pytest.raises(ProfileError) as caught:
        load(profiles_dir=tmp_path / "nowhere")

    assert "Could not find profile named 'shop'" in str(caught.value)
    assert str(tmp_path / "nowhere") in str(caught.value)
    assert "--profiles-dir" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("- a", "the file must be a mapping of keys to values, but it is a list"),
        ("shopp: {a: 1}", "Could not find profile named 'shop'. The profiles in this file are: "),
        ("shopp: {a: 1}", "Did you mean 'shopp'?"),
        ("config: {a: 1}", "The profiles in this file are: none."),
        ("shop:", "Profile shop in profiles.yml is empty"),
        ("shop: [a]", "'shop' must be a mapping"),
        ("shop: {target: dev}", "outputs not specified in profile 'shop'"),
        ("shop: {outputs: [dev]}", "'shop.outputs' must be a mapping"),
        ("shop: {outputs: {default: x}}", "'shop.outputs.default' must be a mapping"),
        ("shop: {target: [a], outputs: {}}", "'target' must be a text, but it is a list"),
        (
            "shop: {target: x, outputs: {dev: {}, prod: {}}}",
            "The profile 'shop' does not have a target named 'x'. The valid target names for "
            "this profile are:\n - dev\n - prod",
        ),
        ("shop: {outputs: {default: {a: 1}}}", 'required field "type" not found in profile shop'),
        ("shop: {outputs: {default: {type: postgres}}}", 'required field "schema" not found'),
        ("shop: {outputs: {default: {type: sqlite, schema: 5}}}", "'schema' must be a text"),
        ("shop: {outputs: {default: {type: x, schema: s, dbname: 5}}}", "'dbname' must be a text"),
        ("shop: {outputs: {default: {type: \"{{ env_var('X') }}\"}}}", "Env var required"),
    ],
)
def test_what_can_not_be_is_refused_and_says_what_to_do(
    load: Callable[..., Target], text: str, what: str
) -> None:
    with pytest.raises(ProfileError) as caught:
        load(text)

    assert what in str(caught.value)
    assert "profiles.yml" in str(caught.value)


def test_project_without_a_profile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    project = load_project(tmp_path, environ={}, cli_vars={}, warn=print)

    with pytest.raises(ProfileError, match="No profile was specified for this project"):
        load_target(
            project,
            profiles_dir=None,
            profile=None,
            target=None,
            threads=None,
            cli_vars={},
            environ={},
            cwd=tmp_path,
        )


CANARY = 'hun/ter@2%"x'


@pytest.mark.parametrize(
    "text",
    [
        "shop: {outputs: {default: {type: x, password: 'CANARY', schema: s",
        "shop: {outputs: {default: {type: x, password: *CANARY, schema: s}}}",
        "shop: {outputs: {default: {type: x, password: !CANARY x, schema: s}}}",
        "shop: {outputs: {default: {type: x, password: 'CANARY'}}}",
        "shop: {outputs: {default: {type: x, schema: ['CANARY']}}}",
        "shop: {outputs: {default: {type: x, schema: s, host: \"{{ 'CANARY' | as_number }}\"}}}",
        "shop: {outputs: {default: {type: x, schema: s, host: \"{{ env_var('PW') + 1 }}\"}}}",
        "shop: {outputs: {default: {type: x, schema: s, host: '{{ CANARY }}'}}}",
        "shop: {outputs: {default: {type: x, schema: s, threads: 'CANARY'}}}",
        "shop: {outputs: {default: 'CANARY'}}",
        "shop: ['CANARY']",
        "'CANARY'",
    ],
)
@pytest.mark.parametrize("canary", ["hunter2", CANARY])
def test_no_failure_shows_a_value_of_the_file(
    load: Callable[..., Target], text: str, canary: str
) -> None:
    environ = {"PW": canary}

    with pytest.raises(HeadraceError) as caught:
        load(text.replace("CANARY", canary), environ=environ)

    shown = f"{caught.value}{caught.value!r}{caught.value.__cause__}"
    assert canary not in shown
    assert canary.partition("/")[0] not in shown


def test_file_that_is_no_yaml_is_refused_with_its_place(load: Callable[..., Target]) -> None:
    with pytest.raises(YamlError, match=r"profiles\.yml:2:12: a colon and a space stand"):
        load("shop:\n  target: a: b\n")


def test_key_that_stands_twice_gets_a_warning(load: Callable[..., Target]) -> None:
    warnings: list[WarningRaised] = []

    target = load(
        "shop: {outputs: {default: {type: sqlite, path: a, path: b}}}", warn=warnings.append
    )

    assert target.keys == {"path": "b"}
    assert [warning.name for warning in warnings] == ["DuplicateYAMLKeysDeprecation"]


def test_old_block_of_flags_is_read(tmp_path: Path) -> None:
    source = find_profiles(tmp_path, profiles_dir=tmp_path, environ={}, cwd=tmp_path)
    assert load_profile_flags(source) == {}

    (tmp_path / "profiles.yml").write_text(PROFILES)
    source = find_profiles(tmp_path, profiles_dir=tmp_path, environ={}, cwd=tmp_path)

    assert load_profile_flags(source) == {"use_colors": False}
