"""`docs generate`: what the database says of the project's relations, as `catalog.json`, version 1.

The shape is the one of https://schemas.getdbt.com/dbt/catalog/v1.json.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import anyio

from ...adapters.abilities import CatalogTable, Describing
from ...adapters.errors import AdapterError, DatabaseError
from ...adapters.relation import Namespace, Relation
from ..core.errors import CompilationError
from ..core.events import MessageLogged, WarningRaised
from ..manifest.manifest import Manifest
from ..manifest.nodes.node import Node
from ..manifest.nodes.seed_node import Seed
from ..manifest.nodes.snapshot_node import RELATION_KINDS
from ..manifest.nodes.source_node import Source
from ..manifest.nodes.stored_failures import stores_failures
from ..settings.environment_variables import custom_environment
from ..state.artifact_files import CATALOG_NAME
from ..template.context import DBT_VERSION
from ..template.relations import without_type
from ..workspace.loaded_project import utc_text
from ..workspace.workspace import Workspace
from .own_listing import (
    CATALOG,
    CATALOG_OF_RELATIONS,
    DescribedTable,
    describe_by_macro,
    own_macro,
)
from .run_context import RunContext

SCHEMA = "https://schemas.getdbt.com/dbt/catalog/v1.json"

_STATS: Mapping[str, Mapping[str, object]] = {
    "has_stats": {
        "id": "has_stats",
        "label": "Has Stats?",
        "value": False,
        "include": False,
        "description": "Indicates whether there are statistics for this table",
    }
}

Sections = dict[str, Any]


def nodes_to_describe(manifest: Manifest, selected: Iterable[str] | None) -> list[Node]:
    """The nodes and sources that may be in the database; only the selected ones, if some are.

    As in dbt a test is among them that is configured to keep the rows that it finds.
    """
    wanted = None if selected is None else frozenset(selected)
    return [
        node
        for unique_id, node in {**manifest.nodes, **manifest.sources}.items()
        if (isinstance(node, (*RELATION_KINDS, Source)) or stores_failures(node, flag=False))
        and not node.is_ephemeral
        and (wanted is None or unique_id in wanted)
    ]


def nodes_to_compile(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """The nodes that have SQL of their own, by unique id."""
    return {key: node for key, node in nodes.items() if not isinstance(node, (Seed, Source))}


async def describe(context: RunContext, nodes: Iterable[Node]) -> Sections:
    """The sections `nodes`, `sources` and `errors` of the catalog: one query for each schema.

    The adapter must be open. A schema that can't be read is told under `errors`; a relation that
    isn't there is left out.
    """
    workspace = context.workspace
    by_schema: dict[Namespace, list[Node]] = {}
    for node in nodes:
        by_schema.setdefault(workspace.relations.of(node).namespace, []).append(node)
    wanted = {
        namespace: [without_type(workspace.relations.of(node)) for node in found]
        for namespace, found in by_schema.items()
    }
    described, errors = await _tables(context, wanted)
    sections: Sections = {"nodes": {}, "sources": {}, "errors": errors or None}
    for namespace, tables in described.items():
        known = {table.name.casefold(): (table, stats) for table, stats in tables}
        for node in by_schema[namespace]:
            found = known.get((workspace.relations.of(node).identifier or "").casefold())
            if found is not None:
                section = "sources" if isinstance(node, Source) else "nodes"
                sections[section][node.unique_id] = _entry(node.unique_id, *found)
    for section in ("nodes", "sources"):
        sections[section] = dict(sorted(sections[section].items()))
    return sections


async def _tables(
    context: RunContext, wanted: Mapping[Namespace, list[Relation]]
) -> tuple[dict[Namespace, list[DescribedTable]], list[str]]:
    """What is in each schema, and what went wrong. A project's own macro is asked, if any."""
    macros = context.manifest.macros
    own = own_macro(macros, CATALOG_OF_RELATIONS) or own_macro(macros, CATALOG)
    if own is not None:
        try:
            return await describe_by_macro(context, own, wanted), []
        except (AdapterError, CompilationError) as error:
            return {}, [str(error)]
    adapter = context.adapter
    found: dict[Namespace, list[DescribedTable]] = {}
    errors: list[str] = []
    limit = anyio.Semaphore(max(1, context.workspace.target.threads))

    async def describe_schema(namespace: Namespace) -> None:
        assert isinstance(adapter, Describing)
        async with limit:
            try:
                tables = await adapter.describe_schema(namespace)
            except DatabaseError as error:
                errors.append(f"{namespace.schema}: {error}")
            else:
                found[namespace] = [(table, _STATS) for table in tables]

    if isinstance(adapter, Describing):
        async with anyio.create_task_group() as tasks:
            for namespace in wanted:
                tasks.start_soon(describe_schema, namespace)
    return found, errors


def catalog_document(workspace: Workspace, sections: Mapping[str, Any]) -> dict[str, Any]:
    """The whole artifact."""
    start = workspace.start
    return {
        "metadata": {
            "dbt_schema_version": SCHEMA,
            "dbt_version": DBT_VERSION,
            "generated_at": utc_text(datetime.now(UTC)),
            "invocation_id": start.invocation_id,
            "invocation_started_at": utc_text(start.started_at),
            "env": custom_environment(start.environ),
        },
        **sections,
    }


def closing(
    workspace: Workspace, errors: Collection[str] | None
) -> Iterator[MessageLogged | WarningRaised]:
    """What is said when the catalog has been handed out."""
    for error in errors or ():
        problem = f"Encountered an error while generating catalog: {error}"
        yield WarningRaised("CatalogGenerationError", problem, data={"exc": error})
    if errors:
        count = "1 failure" if len(errors) == 1 else f"{len(errors)} failures"
        text = f"headrace encountered {count} while writing the catalog"
        yield MessageLogged(text, True, name="WriteCatalogFailure")
    path = workspace.displayed(workspace.target_path / CATALOG_NAME)
    yield MessageLogged(f"Catalog written to {path}", True, name="CatalogWritten")


def _entry(unique_id: str, table: CatalogTable, stats: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {
            "type": table.type,
            "schema": table.schema,
            "name": table.name,
            "database": table.database,
            "comment": table.comment,
            "owner": table.owner,
        },
        "columns": {
            column.name: {
                "type": column.type,
                "index": column.index,
                "name": column.name,
                "comment": column.comment,
            }
            for column in table.columns
        },
        "stats": {**_STATS, **stats},
        "unique_id": unique_id,
    }
