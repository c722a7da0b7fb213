"""`materialized_view`: refreshed where it is there; its query and indexes follow its model.

What becomes of a view whose configuration is another now says `on_configuration_change`
(https://docs.getdbt.com/reference/resource-configs/on_configuration_change).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from ...adapters.base import Deferred, Response
from ...adapters.connection_abilities import ComparingQueries
from ...adapters.relation import Relation, RelationType
from ..core.errors import CompilationError
from ..sandbox.handed import printed
from .finishing import configured_indexes
from .node_build import NodeBuild, Outcome
from .node_transaction import node_transaction, rebuild
from .swap import build_and_swap

CREATE_MACRO = "get_create_materialized_view_as_sql"
ALTER_MACRO = "get_alter_materialized_view_as_sql"
CHANGES_MACRO = "get_materialized_view_configuration_changes"
REPLACE_MACRO = "get_replace_sql"
POLICIES = ("apply", "continue", "fail")

_METHOD = "btree"
_DIGEST = re.compile(r"_[0-9a-f]{20}\Z")
"""How the names of indexes end that `get_create_index_sql` gives."""


class Changes(Struct, frozen=True):
    """What the configuration says and the view hasn't.

    Attributes:
        query: whether its query is another one.
        missing: the indexes that aren't there.
        surplus: those of ours that are no longer asked for.
        told: what a project's own macro says of the changes, in whatever form.
    """

    query: bool = False
    missing: tuple[Mapping[str, object], ...] = ()
    surplus: tuple[str, ...] = ()
    told: object = None

    def __bool__(self) -> bool:
        return bool(self.query or self.missing or self.surplus) or self.told is not None

    def __str__(self) -> str:
        if self.told is not None:
            return printed(self.told)
        query = ["its query is another one"] if self.query else []
        missing = [f"there is no index on {', '.join(_columns(index))}" for index in self.missing]
        surplus = [f"the index {name} is no longer asked for" for name in self.surplus]
        return "; ".join([*query, *missing, *surplus])


async def materialized_view(build: NodeBuild) -> Outcome:
    """Refresh a materialized view that is there, with its indexes changed, or build it.

    One whose query is another now is built anew, beside the one that is there.

    Raises:
        CompilationError: the database has no such thing; or its configuration is another now,
            and `on_configuration_change` is to fail.
        DatabaseError: its query is refused, or what depends on the view can't follow a new one.
    """
    if not build.adapter.has_materialized_views:
        raise CompilationError(
            f"{build.adapter.type} has no materialized views: make the model a table.",
            location=build.node.location,
        )
    kind = RelationType.MATERIALIZED_VIEW
    existing = await build.existing()
    if existing is None or not existing.is_materialized_view or await build.is_full_refresh():
        if existing is not None and build.scope.is_overridden(REPLACE_MACRO):
            return await _replaced(build, existing)
        return await rebuild(build, kind)
    policy = _policy(build)
    async with node_transaction(build):
        changes = await _changes(build, existing)
        if changes and policy == "fail":
            raise CompilationError(
                "Configuration changes were identified and `on_configuration_change` was set to "
                f"`fail` for `{existing}`: {changes}. Run with --full-refresh to build it anew.",
                location=build.node.location,
            )
        if changes and policy == "continue":
            build.scope.context_name("exceptions").warn(
                "Configuration changes were identified and `on_configuration_change` was set to "
                f"`continue` for `{existing}`: {changes}. It is left as it is, with its rows."
            )
            build.made = Deferred("", response=Response(f"skip {existing}", "skip"))
        elif changes and build.scope.is_overridden(ALTER_MACRO):
            build.made = await _altered(build, existing, changes)
        elif changes.query or changes.told is not None:
            build.made = await build_and_swap(build, kind)
        else:
            build.made = await _refresh(build, existing, changes)
    return build.success()


async def _replaced(build: NodeBuild, existing: Relation) -> Outcome:
    """Have a project's own macro put the view in the place of what is there."""
    target = replace(build.relation, type=RelationType.MATERIALIZED_VIEW)
    async with node_transaction(build):
        sql = await build.macro(REPLACE_MACRO, existing, target, build.sql)
        build.made = build.defer(sql, wants_response=True)
        build.cache.add(target)
    return build.success()


async def _altered(build: NodeBuild, existing: Relation, changes: Changes) -> Deferred:
    """What a project's own macro makes of the changes: it is given them as dbt gives them."""
    wanted = [{"action": "create", "context": dict(index)} for index in changes.missing]
    surplus = [{"action": "drop", "context": {"name": name}} for name in changes.surplus]
    told = changes.told
    if told is None:
        told = {"requires_full_refresh": changes.query, "indexes": [*surplus, *wanted]}
    backup = existing.with_identifier(f"{existing.identifier}__dbt_backup")
    places = (existing, backup, build.temporary_relation)
    sql = await build.macro(ALTER_MACRO, build.relation, told, build.sql, *places)
    return build.defer(sql, wants_response=True)


async def _refresh(build: NodeBuild, existing: Relation, changes: Changes) -> Deferred:
    for name in changes.surplus:
        build.defer(await build.macro("get_drop_index_sql", existing, name))
    for index in changes.missing:
        build.defer(await build.macro("get_create_index_sql", existing, index))
    sql = await build.macro("refresh_materialized_view", existing)
    return build.defer(sql, wants_response=True)


def _policy(build: NodeBuild) -> str:
    policy = str(build.node.config.values.get("on_configuration_change") or "apply")
    if policy not in POLICIES:
        raise CompilationError(
            f"on_configuration_change is '{policy}', and must be one of {', '.join(POLICIES)}.",
            location=build.node.location,
        )
    return policy


async def _changes(build: NodeBuild, existing: Relation) -> Changes:
    """How what is there differs from the configuration.

    Somebody else's index counts as there, and never as surplus. Where the project has a macro
    for it, it says so itself.
    """
    if build.scope.is_overridden(CHANGES_MACRO):
        config = build.scope.context_name("config")
        return Changes(told=await build.scope.call_macro(CHANGES_MACRO, existing, config))
    query = await _has_other_query(build, existing)
    found = await build.connection.query(await build.macro("get_show_indexes_sql", existing))
    there = {
        _definition(str(columns).split(","), is_unique, method): str(name)
        for name, method, is_unique, columns in found.rows
    }
    wanted = {
        _definition(_columns(index), index.get("unique"), index.get("type")): index
        for index in configured_indexes(build)
    }
    stem = (build.relation.identifier or "")[:20]
    return Changes(
        query=query,
        missing=tuple(index for key, index in wanted.items() if key not in there),
        surplus=tuple(
            name
            for key, name in there.items()
            if key not in wanted and name.startswith(stem) and _DIGEST.search(name)
        ),
    )


async def _has_other_query(build: NodeBuild, existing: Relation) -> bool:
    """Whether the model's query is no longer the one that the view was made of.

    What a project's own macro makes of the query isn't known, and so isn't compared.
    """
    connection = build.connection
    if not isinstance(connection, ComparingQueries) or build.scope.is_overridden(CREATE_MACRO):
        return False
    beside = replace(build.temporary_relation, type=RelationType.VIEW)
    return not await connection.has_query(existing, build.sql, beside)


def _columns(index: Mapping[str, object]) -> list[str]:
    columns = index["columns"]
    return [str(name) for name in columns] if isinstance(columns, list | tuple) else [str(columns)]


def _definition(columns: list[str], is_unique: object, method: object) -> tuple[object, ...]:
    return (*columns, bool(is_unique), str(method or _METHOD).lower())
