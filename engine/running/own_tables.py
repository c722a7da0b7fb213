"""What the project builds, and which foreign keys among that a later node of the run makes anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import cached_property

from ...adapters.base import Adapter
from ...adapters.connection_abilities import ForeignKey, KeepingKeys
from ...adapters.errors import AdapterError
from ...adapters.relation import Relation
from ..core.events import WarningRaised
from ..core.reporter import Emitter
from ..core.results import RunResult, Status
from ..manifest.manifest import Manifest
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.snapshot_node import RELATION_KINDS
from ..settings.warning_policy import RaisedWarningsError
from ..template.relations import RelationFactory

_BUILT_BY_CONTRACT = ("table", "incremental")


Name = tuple[str | None, str | None]
"""Schema and identifier, as the database spells them: foreign keys lead to no other database."""


class OwnTables:
    """What one run knows of the project's own tables, and of foreign keys among them.

    (comes_anew(…) → note(…))* → validate(…)
    """

    def __init__(
        self, manifest: Manifest, relations: RelationFactory, selected: Collection[str]
    ) -> None:
        self._manifest = manifest
        self._relations = relations
        self._selected = selected
        self._noted: dict[tuple[str, str], ForeignKey] = {}

    def is_ours(self, relation: Relation) -> bool:
        """Whether a relation is one that the project builds."""
        return _name(relation) in self._names

    @cached_property
    def _names(self) -> frozenset[Name]:
        return frozenset(
            _name(self._relations.of(node))
            for node in self._manifest.nodes.values()
            if isinstance(node, RELATION_KINDS)
        )

    def comes_anew(self, node: Node, key: ForeignKey) -> bool:
        """Whether a key that leads to a node's relation is one of the contract of a model that is
        built after it in this run.
        """
        child = self._child(key)
        return (
            child is not None
            and child.unique_id in self._selected
            and child.config.materialized in _BUILT_BY_CONTRACT
            and _declares(child, key)
            and self._comes_after(child.unique_id, node.unique_id)
        )

    def note(self, keys: Iterable[ForeignKey]) -> None:
        """Remember what is left to those models."""
        for key in keys:
            child = self._child(key)
            if child is not None:
                self._noted[child.unique_id, key.name] = key

    async def validate(
        self, adapter: Adapter, results: Mapping[str, RunResult], emit: Emitter
    ) -> None:
        """Look at the rows of what was left to models that failed or were skipped."""
        for (unique_id, _), key in self._noted.items():
            result = results.get(unique_id)
            if result is not None and result.status is Status.SUCCESS:
                continue
            try:
                async with adapter.connection(unique_id) as connection:
                    if isinstance(connection, KeepingKeys):
                        await connection.validate_key(key)
            except AdapterError as error:
                place = self._manifest.node(unique_id).location
                with suppress(RaisedWarningsError):  # its table's node has failed anyway
                    emit(WarningRaised("ForeignKeyNotValid", str(error), place))

    def _child(self, key: ForeignKey) -> Model | None:
        return self._models.get(_name(key.child))

    @cached_property
    def _models(self) -> dict[Name, Model]:
        return {
            _name(self._relations.of(node)): node
            for node in self._manifest.nodes.values()
            if isinstance(node, Model)
        }

    def _comes_after(self, unique_id: str, other: str) -> bool:
        waiting, seen = [unique_id], {unique_id}
        while waiting:
            new = {*self._manifest.parents.get(waiting.pop(), ())} - seen
            if other in new:
                return True
            seen |= new
            waiting += new
        return False


def _name(relation: Relation) -> Name:
    return relation.schema, relation.identifier


def _declares(model: Model, key: ForeignKey) -> bool:
    """Whether a model's contract has a foreign key of these columns."""
    contract = model.config.values.get("contract")
    if not (isinstance(contract, Mapping) and contract.get("enforced")):
        return False
    of_columns = {
        (name.lower(),)
        for name, column in model.columns.items()
        if any(map(_is_foreign_key, column.constraints))
    }
    of_model = {
        tuple(str(name).strip('"').lower() for name in constraint.get("columns") or ())
        for constraint in model.constraints
        if _is_foreign_key(constraint)
    }
    return tuple(name.lower() for name in key.columns) in of_columns | of_model


def _is_foreign_key(constraint: Mapping[str, object]) -> bool:
    kind, text = constraint.get("type"), str(constraint.get("expression") or "").lower()
    return kind == "foreign_key" or (kind == "custom" and "references" in text)
