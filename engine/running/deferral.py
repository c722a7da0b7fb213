"""Deferral: what isn't selected is read from where an earlier run has built it.

An unselected node resolves to the namespace of the state, as dbt's first documentation of it
says, whatever the target holds. With `--no-favor-state` a relation of the target's own comes
first, as in later versions. What the selection names and the command doesn't build (the seed of
`run --select +orders`) is read from the target where it is there, and else from the state. A
command that builds no models, and is given no selection, defers all that its nodes refer to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from ...adapters.base import Adapter
from ...adapters.relation import Relation, RelationType
from ...adapters.relation_cache import RelationCache
from ..core.events import DeferredReference
from ..manifest.manifest import Manifest
from ..manifest.nodes.node import Node
from ..manifest.nodes.unit_test_node import UnitTest
from ..state.past_manifest import PastManifest, PastNode, read_past_manifest
from ..template.relations import parts_of
from ..workspace.chosen_nodes import Choice
from ..workspace.loaded_project import LoadedProject
from .work import Deferring

_REFERABLE = ("model", "seed", "snapshot")
_TYPES = {"view": RelationType.VIEW, "materialized_view": RelationType.MATERIALIZED_VIEW}

_NOT_SELECTED = "it isn't selected"
_NOT_THERE = "it isn't selected, and the target has none"
_NEVER_BUILT = "this command doesn't build it"
_NOT_BUILT = "this command doesn't build it, and the target has none"


class Deferral(Struct, frozen=True):
    """What an invocation defers to, as far as it is known before the database is asked.

    Attributes:
        past: the manifest of the state.
        named: the ids that the selection names.
        favors_state: whether the state comes before a relation that the target has.
    """

    past: PastManifest
    named: frozenset[str]
    favors_state: bool


def find_deferral(project: LoadedProject, choice: Choice, defers: Deferring) -> Deferral | None:
    """What a command defers to; None where it doesn't, as when all is selected and built.

    Reads the manifest of the state, which blocks.

    Raises:
        UsageError: there is none, or it is of no use.
    """
    settings = project.workspace.state
    takes_whole = defers is Deferring.WHOLE
    named = choice.named
    if not takes_whole and (not settings.is_deferring or defers is Deferring.NOTHING):
        return None
    past = read_past_manifest(settings.manifest_directory())
    if choice.is_everything and not takes_whole:
        if defers is not Deferring.ALL_REFERENCES:
            return None
        named = frozenset()
    return Deferral(past, named, settings.favors_state)


class Deferrer:
    """Decides for the nodes that a run refers to and doesn't build."""

    def __init__(self, deferral: Deferral, project: LoadedProject, cache: RelationCache) -> None:
        self._deferral = deferral
        self._manifest = project.manifest
        self._relations = project.workspace.relations
        self._adapter: Adapter = project.workspace.adapter
        self._cache = cache

    async def decide(
        self, built: Mapping[str, Node]
    ) -> tuple[dict[str, Relation], tuple[DeferredReference, ...]]:
        """The relation of each deferred node by its id, and what there is to say of each.

        `built` are the nodes of the run, by unique id.

        Raises:
            AdapterError: the catalog can't be read.
        """
        relations: dict[str, Relation] = {}
        told: list[DeferredReference] = []
        for unique_id in sorted(_referred(self._manifest, built)):
            old = self._deferral.past.nodes.get(unique_id)
            if old is None or not _has_relation(old):
                continue
            node = self._manifest.nodes[unique_id]
            relation = self._relation(old)
            why = await self._reason(node)
            if why and str(relation) != str(self._relations.of(node)):
                relations[unique_id] = relation
                told.append(DeferredReference(unique_id, node.name, str(relation), why))
        return relations, tuple(told)

    def origins(self, nodes: Mapping[str, Node]) -> dict[str, Relation]:
        """Where the state has the relation of each node, by unique id, for those that it has."""
        past = self._deferral.past.nodes
        return {
            unique_id: self._relation(past[unique_id])
            for unique_id in nodes
            if unique_id in past and _has_relation(past[unique_id])
        }

    async def _reason(self, node: Node) -> str:
        """Why a node is read from the state; nothing where it isn't."""
        is_named = node.unique_id in self._deferral.named
        if self._deferral.favors_state and not is_named:
            return _NOT_SELECTED if self._deferral.named else _NEVER_BUILT
        own = self._relations.of(node)
        if await self._cache.find(own) is not None:
            return ""
        return _NOT_BUILT if is_named else _NOT_THERE

    def _relation(self, old: PastNode) -> Relation:
        quoting = {**self._relations.quoting, **(old.configuration.get("quoting") or {})}
        return self._adapter.relation(
            old.schema or "",
            old.alias or old.name,
            _TYPES.get(old.materialized, RelationType.TABLE),
            database=old.database,
            quote_policy=parts_of(quoting),
        )


def _has_relation(old: PastNode) -> bool:
    return old.resource_type in _REFERABLE and old.materialized != "ephemeral"


def _referred(manifest: Manifest, built: Mapping[str, Node]) -> Iterable[str]:
    """The nodes that the built ones refer to, through ephemeral models, and aren't built.

    Ephemeral models are compiled wherever they are needed, and never deferred themselves. A
    unit test reads the types of what its model refers to.
    """
    found: set[str] = set()
    waiting = [*built, *manifest.hook_parents]
    while waiting:
        current = waiting.pop()
        for parent in manifest.parents_of(current):
            node = manifest.nodes.get(parent)
            if node is None or parent in found:
                continue
            is_tested = isinstance(built.get(current), UnitTest)
            if is_tested or node.is_ephemeral:
                found.add(parent)
                waiting.append(parent)
            elif parent not in built:
                found.add(parent)
    return {
        unique_id
        for unique_id in found
        if unique_id not in built and not manifest.nodes[unique_id].is_ephemeral
    }
