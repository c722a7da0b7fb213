"""Jinja in YAML values."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Mapping

import pytest
from headrace.engine.core.errors import HeadraceError, Location, ProfileError, ProjectError
from headrace.engine.project.render import Renderer, has_template
from headrace.engine.project.template_errors import TargetNotKnownError
from headrace.engine.project.yaml_file import YamlDocument, parse_yaml

ENVIRON = {
    "N": "5",
    "NAME": "orders",
    "ON": "true",
    "DBT_ENV_SECRET_PW": "hunter2-hunter2",
}
TARGET = {"name": "prod", "schema": "analytics", "threads": 4}


def rendered(
    text: str,
    *,
    target: Mapping[str, object] | None = TARGET,
    cli_vars: Mapping[str, object] | None = None,
    with_secrets: bool = False,
    key: str = "key",
) -> object:
    document = YamlDocument({key: text}, "dbt_project.yml", "")
    renderer = Renderer(
        environ=ENVIRON,
        cli_vars=cli_vars or {"x": 3, "names": ["a"]},
        target=target,
        names={"project_name": "shop"},
        error=ProfileError if with_secrets else ProjectError,
        with_secrets=with_secrets,
    )
    return renderer.render(document, text, (key,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{not jinja}", "{not jinja}"),
        ("{{ target.name == 'prod' }}", True),
        ("{{ target.name }}", "prod"),
        ("{{ target['threads'] }}", 4),
        ("{{ env_var('N') }}", "5"),
        ("{{ env_var('N') | as_number }}", 5),
        ("{{ env_var('N') | int }}", 5),
        ("{{ env_var('N') | as_native }}", 5),
        ("{{ '[1, 2]' | as_native }}", [1, 2]),
        ("{{ 'a b' | as_native }}", "a b"),
        ("{{ env_var('ON') | as_bool }}", True),
        ("{{ 'False' | as_bool }}", False),
        ("{{ 5 | as_text }}", "5"),
        ("{{ env_var('MISSING', 'default') }}", "default"),
        ("{{ env_var('MISSING', 7) }}", 7),
        ("{{ var('x') }}", 3),
        ("{{ var('y', none) }}", None),
        ("{{ var('names') }}", ["a"]),
        ("{{ var.has_var('x') }}", True),
        ("{{ true }}", True),
        ("{{ 1 + 1 }}", "2"),
        ("{{ target['threads'] + 1 }}", 5),
        ("x_{{ target.schema }}_{{ var('x') }}", "x_analytics_3"),
        ("{% if target.name == 'prod' %}{{ var('x') }}{% else %}no{% endif %}", 3),
        ("{% if target.name == 'dev' %}yes{% else %}no{% endif %}", "no"),
        ("{# nothing #}", ""),
        ("{{ target.nothing == 'x' }}", False),
        ("a{{ target.nothing }}b", "ab"),
        ("{{ unknown is defined }}", False),
        ("{{ unknown | default('d') }}", "d"),
        ("{{ project_name }}", "shop"),
    ],
)
def test_text_gives_a_native_value(text: str, expected: object) -> None:
    value = rendered(text)

    assert value == expected
    assert type(value) is type(expected) or isinstance(value, str)


def failure(text: str, *, with_secrets: bool = False, key: str = "key") -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        rendered(text, with_secrets=with_secrets, key=key)
    return caught.value


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{{ env_var('MISSING') }}", "Env var required but not provided: 'MISSING'"),
        ("{{ env_var('DBT_ENV_SECRET_PW') }}", "allowed only in profiles.yml or packages.yml"),
        ("{{ var('y') }}", "Required var 'y' not found in config:\nVars supplied to"),
        ("{{ unknown }}", "'unknown' is undefined"),
        ("x{{ unknown }}", "'unknown' is undefined"),
        ("{{ unknown.schema }}", "undefined"),
        ("{{ target.nothing }}", "has no attribute 'nothing'"),
        ("{{ 'x' | as_number }}", "'x' is no number"),
        ("{{ true | as_number }}", "is no number"),
        ("{{ 'x' | as_bool }}", "'x' is no boolean"),
        ("{{ target. }}", "expected name or number"),
        ("{% if x %}", "Unexpected end of template"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ env_var.__globals__ }}", "unsafe"),
        ("{{ env_var(3) }}", "Env var required but not provided: '3'"),
    ],
)
def test_template_that_fails_says_why(text: str, what: str) -> None:
    assert what in str(failure(text))


def test_failure_names_file_line_and_key() -> None:
    document = parse_yaml(
        "name: shop\n"
        "models:\n"
        "  shop:\n"
        "    +tags:\n"
        "      - a\n"
        "      - \"{{ env_var('MISSING') }}\"\n",
        "dbt_project.yml",
    )
    renderer = Renderer(environ={}, cli_vars={})

    with pytest.raises(ProjectError) as caught:
        renderer.render(document, document.data)

    assert caught.value.location == Location("dbt_project.yml", 6, 9)
    assert caught.value.problem.startswith("models.shop.+tags[1]: Env var required")


def test_collections_are_rendered_all_the_way_down() -> None:
    data = {"a": ["{{ 1 }}", {"b": "{{ var('x') }}"}], "c": datetime.date(2024, 1, 31), "d": 1.5}

    value = Renderer(environ={}, cli_vars={"x": "y"}).render(YamlDocument(data, "x.yml"), data)

    assert value == {"a": ["1", {"b": "y"}], "c": "2024-01-31", "d": 1.5}
    assert data["a"] == ["{{ 1 }}", {"b": "{{ var('x') }}"}]


def test_what_is_to_be_kept_is_kept() -> None:
    data = {"+pre-hook": ["{{ this }}"], "x": "{{ 1 }}"}

    value = Renderer(environ={}, cli_vars={}).render(
        YamlDocument(data, "x.yml"), data, keep=lambda path: path == ("+pre-hook",)
    )

    assert value == {"+pre-hook": ["{{ this }}"], "x": "1"}


@pytest.mark.parametrize("text", ["{{ target.name }}", "{% if target %}x{% endif %}"])
def test_target_that_is_not_known_yet_is_told_apart(text: str) -> None:
    with pytest.raises(TargetNotKnownError):
        rendered(text, target=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ env_var('DBT_ENV_SECRET_PW') }}", "hunter2-hunter2"),
        ("Bearer {{ env_var('DBT_ENV_SECRET_PW') }}!", "Bearer hunter2-hunter2!"),
        ("{{ [env_var('DBT_ENV_SECRET_PW')] }}", ["hunter2-hunter2"]),
        ("{{ {'k': env_var('DBT_ENV_SECRET_PW')} }}", {"k": "hunter2-hunter2"}),
        ("{{ env_var('DBT_ENV_SECRET_NONE', 'default') }}", "default"),
        ("{{ env_var('DBT_ENV_SECRET_PW') | length > 100 }}", False),
    ],
)
def test_secret_variable_comes_through_whole(text: str, expected: object) -> None:
    assert rendered(text, with_secrets=True) == expected


@pytest.mark.parametrize(
    "filters",
    ["[:4]", "[1:-1]", "| upper", "| list | join('-')", "| replace('S', 's')", "| urlencode"],
)
def test_secret_variable_can_not_be_taken_apart(filters: str) -> None:
    error = failure("{{ env_var('DBT_ENV_SECRET_PW') " + filters + " }}", with_secrets=True)

    assert "not changed by a filter" in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "{{ hunter2 }}",
        "{{ 'hunter2' | as_number }}",
        "{{ 'hunter2' + 1 }}",
        "{{ hunter2 hunter2 }}",
    ],
)
def test_failure_in_a_file_with_secrets_shows_nothing_of_it(text: str) -> None:
    error = failure(text, with_secrets=True)

    assert "hunter2" not in f"{error}{error!r}{error.__cause__}"
    assert str(error).startswith("dbt_project.yml:1:1: key: the template in this value")


def test_vars_in_a_file_with_secrets_are_listed_by_name_alone() -> None:
    with pytest.raises(ProfileError) as caught:
        rendered("{{ var('y') }}", cli_vars={"x": "hunter2"}, with_secrets=True)

    assert '"x"' in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_password_that_looks_like_jinja_is_taken_as_it_is() -> None:
    assert rendered("a{{b c}}d{%", with_secrets=True, key="password") == "a{{b c}}d{%"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("{{ x }}", True), ("{% x %}", True), ("{# x #}", True), ("{ x }", False), ("", False)],
)
def test_texts_with_jinja_are_told_from_others(text: str, expected: bool) -> None:
    assert has_template(text) is expected


def test_jinja_is_imported_only_for_a_template() -> None:
    code = (
        "import sys\n"
        "from headrace.engine.project.profile import load_target\n"
        "from headrace.engine.project.render import Renderer\n"
        "from headrace.engine.project.yaml_file import YamlDocument\n"
        "Renderer(environ={}, cli_vars={}).render(YamlDocument({}, ''), {'a': ['plain']})\n"
        "assert not {'jinja2', 'asyncio', 'anyio'} & set(sys.modules), sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_variable_that_means_itself_is_told_as_what_is_nested_too_deeply() -> None:
    with pytest.raises(ProjectError, match="nested too deeply"):
        rendered("{{ var('a') }}", cli_vars={"a": "{{ var('a') }}"})
