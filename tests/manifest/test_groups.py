"""Groups of models, and who may refer to which model."""

from __future__ import annotations

import pytest
from headrace.engine.manifest.nodes.test_nodes import GenericTest

from ..conftest import WriteProject
from .support import failure, parse

GROUPS = """\
groups:
  - name: sales
    owner: {name: Sales, slack: '#sales'}
  - name: finance
    owner: {email: finance@example.com}
"""


def private(caller: str, *, groups: str = GROUPS, more: str = "") -> dict[str, str]:
    """A project with a private model, and one that refers to it."""
    return {
        "models/secret.sql": "{{ config(group='sales', access='private') }} select 1 as id",
        "models/caller.sql": f"{caller} select * from {{{{ ref('secret') }}}}",
        "models/s.yml": groups + more,
    }


def test_member_of_the_group_may_refer_to_its_private_model(write_project: WriteProject) -> None:
    parsed = parse(write_project(private("{{ config(group='sales') }}")))

    assert parsed.parents("caller") == ("model.shop.secret",)
    assert parsed.manifest.groups["group.shop.sales"].owner == {
        "name": "Sales",
        "email": None,
        "slack": "#sales",
    }


@pytest.mark.parametrize("caller", ["", "{{ config(group='finance') }}"])
def test_private_model_is_nobody_elses(write_project: WriteProject, caller: str) -> None:
    error = failure(write_project(private(caller)))

    assert str(error) == (
        "models/caller.sql:1: Node model.shop.caller attempted to reference node "
        "model.shop.secret, which is not allowed because the referenced node is private to the "
        "'sales' group. Put 'caller' into the group 'sales', or give 'secret' another 'access'."
    )


def test_generic_test_is_in_the_group_of_what_it_tests(write_project: WriteProject) -> None:
    tests = "models:\n  - name: secret\n    columns: [{name: id, data_tests: [unique]}]\n"

    parsed = parse(write_project(private("{{ config(group='sales') }}", more=tests)))

    (test,) = (node for node in parsed.manifest.nodes.values() if isinstance(node, GenericTest))
    assert test.group == "sales"


def test_singular_test_of_a_private_model_needs_its_group(write_project: WriteProject) -> None:
    files = private("{{ config(group='sales') }}")

    error = failure(
        write_project({**files, "tests/t.sql": "select * from {{ ref('secret') }} where 1 = 0"})
    )

    assert str(error).startswith("tests/t.sql:1: Node test.shop.t attempted to reference node")


def test_group_that_is_not_there_is_named(write_project: WriteProject) -> None:
    files = {
        "models/m.sql": "{{ config(group='sale') }} select 1",
        "models/s.yml": GROUPS,
    }

    assert str(failure(write_project(files))) == (
        "models/m.sql: Invalid group 'sale', expected one of ['finance', 'sales']. Did you mean "
        "'sales'? Groups are declared under 'groups:' in a properties file."
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            "access='privat'",
            "models/m.sql:1: Node model.shop.m has an invalid value (privat) for the access field. "
            "Did you mean 'private'? There are: private, protected, public.",
        ),
        (
            "access='public', materialized='ephemeral'",
            "models/m.sql:1: Node model.shop.m with 'ephemeral' materialization has an invalid "
            "value (public) for the access field. Materialize it as a view, or make it protected.",
        ),
    ],
)
def test_access_that_cannot_be_is_named(
    write_project: WriteProject, config: str, message: str
) -> None:
    files = {"models/m.sql": "{{ config(" + config + ") }} select 1"}

    assert str(failure(write_project(files))) == message


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (
            "groups:\n  - name: sales\n    owner: {slack: x}\n",
            "models/s.yml:3:5: the owner of a group has a 'name' or an 'email', or both.",
        ),
        (
            "groups:\n  - name: sales\n",
            "models/s.yml:2:5: a group 'sales': there is no 'owner'.",
        ),
        (
            GROUPS + "  - name: sales\n    owner: {name: x}\n",
            "models/s.yml:6:5: the group 'sales' is declared twice: here and at models/s.yml:2:5. "
            "Merge the two entries.",
        ),
    ],
)
def test_group_that_cannot_be_is_named(
    write_project: WriteProject, groups: str, message: str
) -> None:
    assert str(failure(write_project({"models/s.yml": groups}))) == message


PACKAGE = {
    "dbt_packages/util/models/inner.sql": "select 1 as id",
    "dbt_packages/util/models/outer.sql": "{{ config(access='public') }} "
    "select * from {{ ref('inner') }}",
}


def test_package_that_restricts_access_shows_what_is_public(write_project: WriteProject) -> None:
    files = {
        **PACKAGE,
        "dbt_packages/util/dbt_project.yml": "name: util\nrestrict-access: true\n",
        "models/m.sql": "select * from {{ ref('outer') }}",
    }

    assert parse(write_project(files)).parents("m") == ("model.util.outer",)


def test_package_that_restricts_access_keeps_the_rest(write_project: WriteProject) -> None:
    files = {
        **PACKAGE,
        "dbt_packages/util/dbt_project.yml": "name: util\nrestrict-access: true\n",
        "models/m.sql": "select * from {{ ref('inner') }}",
    }

    assert (
        "which is not allowed because the referenced node is protected to the 'util' package."
        in str(failure(write_project(files)))
    )


def test_package_that_does_not_restrict_access_shows_all(write_project: WriteProject) -> None:
    files = {
        **PACKAGE,
        "dbt_packages/util/dbt_project.yml": "name: util\n",
        "models/m.sql": "select * from {{ ref('inner') }}",
    }

    assert parse(write_project(files)).parents("m") == ("model.util.inner",)


def test_hook_of_the_run_that_may_not_refer_to_a_model_is_told_by_its_own_line(
    write_project: WriteProject,
) -> None:
    files = private("")
    files["models/caller.sql"] = "select 1 as id"
    root = write_project(files)
    project = root / "dbt_project.yml"
    written = project.read_text().rstrip() + "\n"
    hook = "on-run-end:\n  - |\n    -- two\n    -- lines\n    select * from {{ ref('secret') }}\n"
    project.write_text(written + hook)

    error = failure(root)

    assert "attempted to reference node model.shop.secret" in str(error)
    line = written.count("\n") + 2
    assert str(error).startswith(f"dbt_project.yml:{line}:")
