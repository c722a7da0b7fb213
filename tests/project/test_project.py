"""dbt_project.yml: what it says, what it defaults to, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.engine.core.errors import Location, ProjectError
from headrace.engine.core.events import WarningRaised
from headrace.engine.project.project import Project, QueryComment, load_project, render_trees

Load = Callable[..., Project]


@pytest.fixture
def warnings() -> list[WarningRaised]:
    return []


@pytest.fixture
def load(tmp_path: Path, warnings: list[WarningRaised]) -> Load:
    """Loads a project with that text, and collects its warnings."""

    def load(text: str, environ: Mapping[str, str] | None = None, **cli_vars: object) -> Project:
        (tmp_path / "dbt_project.yml").write_text(text)
        return load_project(
            tmp_path, environ=environ or {}, cli_vars=cli_vars, warn=warnings.append
        )

    return load


def finished(project: Project, environ: Mapping[str, str] | None = None) -> Project:
    target = {"name": "prod", "schema": "analytics"}
    return render_trees(project, target, {}, environ=environ or {})


def test_project_with_a_name_alone_has_dbts_defaults(
    load: Load, tmp_path: Path, warnings: list[WarningRaised]
) -> None:
    project = load("name: shop\n")

    assert project.root == tmp_path
    assert project.name == "shop"
    assert project.version is None
    assert project.config_version == 2
    assert project.profile_name is None
    assert project.model_paths == ("models",)
    assert project.seed_paths == ("seeds",)
    assert project.test_paths == ("tests",)
    assert project.macro_paths == ("macros",)
    assert project.snapshot_paths == ("snapshots",)
    assert project.analysis_paths == ("analyses",)
    assert project.docs_paths == ("models", "seeds", "tests", "macros", "snapshots", "analyses")
    assert project.asset_paths == ()
    assert project.target_path == "target"
    assert project.log_path == "logs"
    assert project.packages_install_path == "dbt_packages"
    assert project.clean_targets == ("target",)
    assert project.require_version == ()
    assert project.query_comment == QueryComment(comment=None)
    assert project.config_trees["models"] == {}
    assert warnings == []


def test_project_says_what_is_in_its_file(load: Load) -> None:
    project = load(
        """
name: shop
version: 1.0
config-version: 2
profile: "{{ env_var('PROFILE') }}"
model-paths: [models, ./more/]
seed-paths: []
target-path: out
require-dbt-version: ">=1.0.0,<2.0.0"
quoting: {identifier: true, schema: false, database: null}
vars: {x: "{{ kept }}", shop: {y: 1}}
on-run-start: "select {{ 1 }}"
on-run-end: ["{{ hook() }}"]
dispatch: [{macro_namespace: dbt_utils, search_order: [shop, dbt_utils]}]
query-comment: {comment: "{{ node.name }}", append: true}
flags: {fail_fast: true}
data_tests: {+severity: warn}
""",
        {"PROFILE": "warehouse"},
    )

    assert project.version == "1.0"
    assert project.profile_name == "warehouse"
    assert project.model_paths == ("models", "more")
    assert project.seed_paths == ()
    assert project.clean_targets == ("out",)
    assert project.require_version == (">=1.0.0", "<2.0.0")
    assert project.quoting == {"identifier": True, "schema": False}
    assert project.vars == {"x": "{{ kept }}", "shop": {"y": 1}}
    assert project.on_run_start == ("select {{ 1 }}",)
    assert project.on_run_end == ("{{ hook() }}",)
    assert project.dispatch[0]["search_order"] == ["shop", "dbt_utils"]
    assert project.query_comment == QueryComment(comment="{{ node.name }}", append=True)
    assert project.flags == {"fail_fast": True}
    assert project.config_trees["tests"] == {"+severity": "warn"}


@pytest.mark.parametrize("nothing", ["''", "null", "false"])
def test_query_comment_can_be_turned_off(load: Load, nothing: str) -> None:
    project = load(f"name: shop\nquery-comment: {nothing}\n")

    assert project.query_comment == QueryComment(comment="")


def test_trees_are_rendered_once_the_target_is_known(load: Load) -> None:
    project = load(
        """
name: shop
target-path: "target/{{ target.name }}"
models:
  shop:
    +enabled: "{{ target.name == 'prod' }}"
    +schema: "{{ target.schema }}_x"
    +pre-hook: "grant {{ this }}"
    +begin: 2024-01-31
    marts: {post-hook: ["{{ x }}", {sql: "{{ y }}"}], +tags: ["{{ env_var('TAG') }}"]}
quoting: {identifier: "{{ target.name == 'prod' }}"}
"""
    )

    assert project.target_path == "target"
    assert project.config_trees == project.raw_trees

    rendered = finished(project, {"TAG": "nightly"})

    assert rendered.target_path == "target/prod"
    assert rendered.clean_targets == ("target/prod",)
    assert rendered.quoting == {"identifier": True}
    assert rendered.raw_trees == project.raw_trees
    assert rendered.config_trees["models"] == {
        "shop": {
            "+enabled": True,
            "+schema": "analytics_x",
            "+pre-hook": "grant {{ this }}",
            "+begin": "2024-01-31",
            "marts": {"post-hook": ["{{ x }}", {"sql": "{{ y }}"}], "+tags": ["nightly"]},
        }
    }


def test_template_in_a_tree_that_fails_names_its_line(load: Load) -> None:
    project = load("name: shop\ntests:\n  shop:\n    +tags: \"{{ env_var('TAG') }}\"\n")

    with pytest.raises(ProjectError) as caught:
        finished(project)

    assert caught.value.location == Location("dbt_project.yml", 4, 5)
    assert "tests.shop.+tags: Env var required but not provided: 'TAG'" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "field", "value", "name"),
    [
        ("source-paths", "model-paths", "model_paths", ["x"], "ConfigSourcePathDeprecation"),
        ("data-paths", "seed-paths", "seed_paths", ["x"], "ConfigDataPathDeprecation"),
        (
            "modules-path",
            "packages-install-path",
            "packages_install_path",
            "x",
            "PackageInstallPathDeprecation",
        ),
    ],
)
def test_old_spelling_counts_with_one_warning(
    load: Load,
    warnings: list[WarningRaised],
    old: str,
    new: str,
    field: str,
    value: object,
    name: str,
) -> None:
    project = load(f"name: shop\n{old}: {value}\n")
    finished(project)

    assert getattr(project, field) in ("x", ("x",))
    (warning,) = warnings
    assert warning.name == name
    assert new in warning.message
    assert warning.location == Location("dbt_project.yml", 2, 1)


def test_old_and_new_spelling_together_are_refused(load: Load) -> None:
    with pytest.raises(ProjectError, match=r"dbt_project\.yml:2:1: source-paths and model-paths"):
        load("name: shop\nsource-paths: [a]\nmodel-paths: [a]\n")


def test_tests_and_data_tests_together_are_refused(load: Load) -> None:
    with pytest.raises(ProjectError, match="cannot have both 'tests' and 'data_tests' defined"):
        load("name: shop\ndata_tests: {+a: 1}\ntests: {+a: 1}\n")


def test_packages_of_old_are_found_where_they_are(
    load: Load, tmp_path: Path, warnings: list[WarningRaised]
) -> None:
    (tmp_path / "dbt_modules").mkdir()

    project = load("name: shop\n")

    assert project.packages_install_path == "dbt_modules"
    assert [warning.name for warning in warnings] == ["PackageInstallPathDeprecation"]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("quoting:\n  idntifier: true", "3:3", "Did you mean 'identifier'?"),
        ("model_paths: [a]", "2:1", "Did you mean 'model-paths'?"),
        ("archive: {source_schema: a}", "2:1", "additional properties are not allowed"),
        ("dbt-cloud: some text", "2:1", "'dbt-cloud' must be a mapping"),
        ("version: invalid", "2:1", "must be a version like '1.0'"),
        ("version: '1.2.3.4'", "2:1", "it is 1.2.3.4"),
        ("version: 1", "2:1", "it is 1."),
    ],
)
def test_what_means_nothing_is_refused(load: Load, text: str, where: str, what: str) -> None:
    with pytest.raises(ProjectError) as refused:
        load(f"name: shop\n{text}\n")

    assert str(refused.value).startswith(f"dbt_project.yml:{where}: ")
    assert what in str(refused.value)


@pytest.mark.parametrize("text", ["1.0", "'1.0'", "'0.10.2'", "1.0.0-rc.1+b5"])
def test_version_has_two_parts_or_three(load: Load, text: str) -> None:
    assert load(f"name: shop\nversion: {text}\n").version == text.strip("'")


def test_duplicate_key_and_old_config_version_get_a_warning(
    load: Load, warnings: list[WarningRaised]
) -> None:
    project = load("name: shop\nname: store\nconfig-version: 1\n")

    assert project.name == "store"
    assert [warning.name for warning in warnings] == [
        "DuplicateYAMLKeysDeprecation",
        "ConfigVersionDeprecation",
    ]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "1:1", "must be a mapping of keys to values, but it is empty"),
        ("- name: shop", "1:1", "must be a mapping of keys to values, but it is a list"),
        ("profile: x", "1:1", 'Required "name" field not present in project'),
        ("name:", "1:1", 'Required "name" field not present in project'),
        ("name: my-shop", "1:1", "Invalid project name: 'my-shop'"),
        ("name: 1shop", "1:1", "as in '_1shop'"),
        ("name: [a]", "1:1", "'name' must be a text, but it is a list"),
        ("name: model", "1:1", "model is a reserved word"),
        ("name: x\nmodel-paths: models", "2:1", 'as in model-paths: ["models"], but it is a text'),
        ("name: x\nmodel-paths: [a, 3]", "2:18", "but one item of it is a number"),
        ('name: x\nmodel-paths: [a, "../b\\0"]', "2:18", "leads out of the project"),
        ("name: x\nlog-path: true", "2:1", "'log-path' must be a text, but it is a boolean"),
        ("name: x\nmodels: [a]", "2:1", "'models' must be a mapping, but it is a list"),
        ("name: x\nvars: x", "2:1", "'vars' must be a mapping, but it is a text"),
        ("name: x\nvars: {true: 1}", "2:1", "a variable's name must be a text, but True is"),
        ("name: x\nvars: {1: 1}", "2:1", "a variable's name must be a text, but 1 is a number"),
        ("name: x\nquoting: {schema: 1}", "2:11", "'quoting.schema' must be true or false"),
        ("name: x\non-run-start: {a: 1}", "2:1", "must be a text or a list of texts"),
        ("name: x\non-run-end: [a, {b: 1}]", "2:17", "one item of it is a mapping"),
        ("name: x\nconfig-version: two", "2:1", "must be a whole number"),
        ("name: x\ndispatch: {a: 1}", "2:1", "must be a list of mappings"),
        ("name: x\ndispatch: [{macro_namespace: a}]", "2:12", "Invalid project dispatch config"),
        ("name: x\nquery-comment: [a]", "2:1", "'query-comment' must be a text or a mapping"),
        ("name: x\nquery-comment: {comment: 1}", "2:17", "'query-comment.comment' must be a text"),
        ("name: x\nflags: [a]", "2:1", "'flags' must be a mapping"),
        ("name: x\nprofile: \"{{ env_var('P') }}\"", "2:1", "profile: Env var required"),
        ("name: x\nprofile: a: b", "2:11", "a colon and a space stand inside of a value"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(
    load: Load, text: str, where: str, what: str
) -> None:
    with pytest.raises(ProjectError) as caught:
        load(text)

    assert str(caught.value).startswith(f"dbt_project.yml:{where}: ")
    assert what in str(caught.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"No dbt_project\.yml in "):
        load_project(tmp_path, environ={}, cli_vars={}, warn=print)


def test_messages_call_the_file_what_the_caller_calls_it(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: 1")

    with pytest.raises(ProjectError, match=r"^dbt_packages/utils/dbt_project\.yml:1:1: "):
        load_project(
            tmp_path,
            environ={},
            cli_vars={},
            warn=print,
            display="dbt_packages/utils/dbt_project.yml",
        )


def test_files_of_a_project_may_stand_elsewhere_and_those_of_a_package_may_not(
    tmp_path: Path,
) -> None:
    text = "name: shop\nmodel-paths: [../../common/./models, /srv/models]\nseed-paths: [seeds]\n"
    (tmp_path / "dbt_project.yml").write_text(text)

    def load(*, is_confined: bool) -> Project:
        return load_project(tmp_path, environ={}, cli_vars={}, warn=print, is_confined=is_confined)

    project = finished(load(is_confined=False))

    assert project.model_paths == ("../../common/models", "/srv/models")
    assert not project.is_confined
    with pytest.raises(ProjectError, match="leads out of the project"):
        load(is_confined=True)


def test_seeds_are_where_they_were_before_dbt_1_0_if_they_are_nowhere_else(
    load: Load, tmp_path: Path, warnings: list[WarningRaised]
) -> None:
    (tmp_path / "data").mkdir()

    assert load("name: shop\n").seed_paths == ("data",)
    (warning,) = warnings
    assert warning.name == "ConfigDataPathDeprecation"
    assert "seed-paths: [data]" in warning.message
    warnings.clear()

    assert load("name: shop\nseed-paths: [other]\n").seed_paths == ("other",)
    (tmp_path / "seeds").mkdir()
    assert load("name: shop\n").seed_paths == ("seeds",)
    assert warnings == []
