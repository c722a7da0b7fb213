"""What a relation gets besides its rows: indexes, grants, and comments from its description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...adapters.relation import Relation
from ..core.errors import CompilationError
from .node_build import NodeBuild

_GRANTING_MACROS = (
    "apply_grants",
    "should_revoke",
    "copy_grants",
    "get_dcl_statement_list",
    "call_dcl_statements",
    "support_multiple_grantees_per_dcl_statement",
)

Grants = dict[str, set[str]]
"""Who holds a privilege, by its name in small letters."""


async def create_indexes(build: NodeBuild, relation: Relation) -> None:
    """Queue the indexes of the config for a relation that was just built.

    A macro `create_indexes` of the project's own does it in its way.

    Raises:
        CompilationError: `indexes` isn't a list of mappings with `columns`.
    """
    if build.scope.is_overridden("create_indexes"):
        await build.scope.call_macro("create_indexes", relation)
        return
    if not build.node.config.values.get("indexes"):
        return
    for index in configured_indexes(build):
        sql = await build.macro("get_create_index_sql", relation, index)
        if sql:
            build.defer(sql)


async def apply_grants(build: NodeBuild) -> None:
    """Give the privileges of the config, and take away what it leaves out.

    Without a `grants` config nothing is asked and nothing changed. Where the project has one of
    the macros that do this in dbt, they do it, with a `grants` config or without.

    Raises:
        CompilationError: `grants` isn't a mapping from privileges to roles.
    """
    wanted = _wanted_grants(build) if build.node.config.values.get("grants") else {}
    if any(map(build.scope.is_overridden, _GRANTING_MACROS)):
        call, configured = build.scope.call_macro, build.node.config.values.get("grants") or {}
        # What is there now has kept the grants of what was there before.
        revokes = await call("should_revoke", build.relation, full_refresh_mode=True)
        await call("apply_grants", build.relation, dict(configured), should_revoke=revokes)
        return
    if not wanted or "grants" in build.adapter.ignored_configs:
        return
    found = await build.connection.query(await build.macro("get_show_grant_sql", build.relation))
    held: Grants = {}
    for grantee, privilege in found.rows:
        held.setdefault(str(privilege).lower(), set()).add(str(grantee))
    for verb, change in (("revoke", minus(held, wanted)), ("grant", minus(wanted, held))):
        for privilege, roles in sorted(change.items()):
            sql = await build.macro(f"get_{verb}_sql", build.relation, privilege, sorted(roles))
            build.defer(sql)


async def persist_docs(build: NodeBuild) -> None:
    """Write descriptions into the database, where `persist_docs` asks for it.

    A macro `persist_docs` of the project's own does it in its way, whatever the config is.
    """
    if build.scope.is_overridden("persist_docs"):
        model = build.scope.context_name("model")
        await build.scope.call_macro("persist_docs", build.relation, model)
        return
    asked = build.node.config.values.get("persist_docs") or {}
    if not isinstance(asked, Mapping) or not any(asked.values()):
        return
    if "persist_docs" in build.adapter.ignored_configs:
        return
    model = build.scope.context_name("model")
    if asked.get("relation") and model["description"]:
        await _defer(build, "alter_relation_comment", model["description"])
    described = {name: column for name, column in model["columns"].items() if column["description"]}
    if asked.get("columns") and described:
        await _defer(build, "alter_column_comment", described)


async def _defer(build: NodeBuild, macro: str, value: object) -> None:
    sql = await build.macro(macro, build.relation, value)
    if sql:
        build.defer(sql)


def minus(one: Grants, other: Grants) -> Grants:
    """The grants of the first that the second hasn't."""
    left = {privilege: roles - other.get(privilege, set()) for privilege, roles in one.items()}
    return {privilege: roles for privilege, roles in left.items() if roles}


def _wanted_grants(build: NodeBuild) -> Grants:
    configured = build.node.config.values["grants"]
    if not isinstance(configured, Mapping):
        raise CompilationError(
            "'grants' must be a mapping from privileges to roles, such as {select: [reporter]}.",
            location=build.node.location,
        )
    return {str(privilege).lower(): set(_names(roles)) for privilege, roles in configured.items()}


def _names(roles: object) -> Iterable[str]:
    if isinstance(roles, str):
        return (roles,)
    return (str(role) for role in roles) if isinstance(roles, (list, tuple)) else ()


def configured_indexes(build: NodeBuild) -> list[Mapping[str, object]]:
    """What the config says of indexes.

    Raises:
        CompilationError: it isn't a list of mappings with `columns`.
    """
    indexes = build.node.config.values.get("indexes") or []
    if not isinstance(indexes, (list, tuple)) or not all(
        isinstance(index, Mapping) and index.get("columns") for index in indexes
    ):
        raise CompilationError(
            "'indexes' must be a list of mappings such as [{columns: [id]}], and 'columns' is a "
            "required property of each.",
            location=build.node.location,
        )
    return list(indexes)
