"""How today's nodes differ from those of an earlier manifest: what `state:` asks.

(https://docs.getdbt.com/reference/node-selection/methods#state)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from ..core.errors import Location, ParseError
from ..core.events import WarningRaised
from ..manifest.artifact.node_dicts import node_dict, source_dict
from ..manifest.jinja.macro_file import BUILTIN_PACKAGE
from ..manifest.manifest import Manifest
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.seed_node import Seed
from ..manifest.nodes.source_node import Source
from ..manifest.nodes.test_nodes import GenericTest
from ..manifest.nodes.unit_test_node import UnitTest
from ..manifest.used_vars import UsedVars
from .contract_changes import breaking_changes, has_contract, is_same_contract
from .differences import (
    NOT_COMPARED,
    is_same_config,
    is_same_declaration,
    is_same_naming,
    is_same_persisted_description,
    is_same_source,
    is_same_source_relation,
    is_same_to_refs,
    is_same_unit_test,
)
from .past_manifest import PastManifest, PastNode, as_past, plain

Aspect = Callable[[Node, PastNode, PastNode], bool]
"""Whether a node is the same in one respect: the node, as it was, and as it is."""


_UNRENDERED = "state_modified_compare_more_unrendered_values"
_VARS = "state_modified_compare_vars"


def vars_count(flags: Mapping[str, object]) -> bool:
    """Whether other values of variables make a node modified, by a project's flags.

    Whoever has what is written compared, and not what it comes to, has it so in dbt for what
    stands in variables as well, unless they are asked for.
    """
    return not flags.get(_UNRENDERED) or bool(flags.get(_VARS))


class Comparison:
    """Today's nodes against an earlier manifest.

    Args:
        past: the earlier manifest.
        manifest: today's.
        used_vars: what today's nodes use of the variables.
        warn: takes what is worth knowing of a change, beside that it is one.
        vars_count: whether a node is modified whose variables have other values.
    """

    def __init__(
        self,
        past: PastManifest,
        manifest: Manifest,
        used_vars: UsedVars,
        warn: Callable[[WarningRaised], None] = lambda _: None,
        *,
        vars_count: bool = True,
    ) -> None:
        self._vars_count = vars_count
        self._past = past
        self._past_vars = past.metadata.variables()
        self._manifest = manifest
        self._used_vars = used_vars
        self._warn = warn
        self._macros = {macro.unique_id: macro for macro in manifest.macros}
        self._changed_macros = {
            unique_id
            for unique_id, macro in self._macros.items()
            if macro.package_name != BUILTIN_PACKAGE
            and (
                unique_id not in past.macros
                or past.macros[unique_id].macro_sql.strip() != _plain(macro.macro_sql)
            )
        }
        self._reaches_change: dict[str, bool] = {}
        self._described: dict[str, PastNode] = {}
        self._told: set[str] = set()

    def is_new(self, node: Node) -> bool:
        """Whether the earlier manifest didn't have it."""
        return self._past.find(node.unique_id) is None

    def is_modified(self, node: Node) -> bool:
        """Whether anything has changed that it is made of: itself, its macros, its variables.

        As in dbt a new model, test, seed or snapshot counts as changed; a new source or
        exposure is new, which `state:new` asks for.

        Raises:
            ParseError: a version breaks its contract.
        """
        old = self._past.find(node.unique_id)
        if old is None:
            return self._is_built(node)
        # The contract is looked at in any case, for what there is to say of it.
        has_other_contract = self.has_changed_contract(node)
        return (
            has_other_contract
            or not self._is_same(node, old, self._now(node))
            or self.has_changed_macro(node)
            or (self._vars_count and self.has_changed_vars(node))
        )

    def has_changed_body(self, node: Node) -> bool:
        """Whether its SQL, or its rows, are others."""
        return self._is_built(node) and self._differs(node, self._is_same_body)

    def has_changed_configs(self, node: Node) -> bool:
        """Whether it is configured otherwise, its names, tags and group apart."""
        return not isinstance(node, UnitTest) and self._differs(node, self._is_same_config)

    def has_changed_descriptions(self, node: Node) -> bool:
        """Whether descriptions are others that the database keeps."""
        same: Aspect = lambda _, old, new: is_same_persisted_description(old, new)  # noqa: E731 # one of its kind
        return self._is_built(node) and self._differs(node, same)

    def has_changed_relation(self, node: Node) -> bool:
        """Whether its name in the database is configured otherwise."""
        is_table = self._is_built(node) or isinstance(node, Source)
        return is_table and self._differs(node, _is_same_relation)

    def has_changed_contract(self, node: Node) -> bool:
        """Whether it promises something else of its columns; what breaks is told.

        Raises:
            ParseError: a version breaks its contract. Its users have chosen that version for it.
        """
        return self._is_built(node) and self._differs(node, self._keeps_contract)

    def has_changed_macro(self, node: Node) -> bool:
        """Whether a macro has changed that it uses, directly or through others."""
        return bool(self._changed_macros) and any(map(self._reaches, node.macros))

    def has_changed_vars(self, node: Node) -> bool:
        """Whether a variable that it uses has another value, as far as the manifest tells."""
        before = self._past_vars
        if before is None or not self._is_built(node):
            return False
        return bool(plain(self._used_vars.of(node)) != before.get(node.unique_id, {}))

    def look_for_removed_contracts(self) -> None:
        """Tell of models under contract that are gone, or are disabled.

        Raises:
            ParseError: a version is, before its deprecation date.
        """
        for unique_id, old in self._past.nodes.items():
            is_there = unique_id in self._manifest.nodes
            if is_there or not has_contract(old) or _is_deprecated(old):
                continue
            what = "disabled" if unique_id in self._manifest.disabled else "deleted or renamed"
            if old.version is not None:
                raise ParseError(
                    f"Contracted model '{unique_id}' was {what}. Those who use this version rely "
                    "on it. Keep it until the deprecation_date that you give it is over.",
                    location=Location(old.original_file_path),
                )
            self._tell_of_break(old, [f"it was {what}"])

    def _is_built(self, node: Node) -> bool:
        """Whether it is one of what the manifest calls nodes: those with a template, and seeds."""
        return node.unique_id in self._manifest.nodes

    def _differs(self, node: Node, is_same: Aspect) -> bool:
        """Whether a node is new, or isn't the same in one respect."""
        old = self._past.find(node.unique_id)
        return old is None or not is_same(node, old, self._now(node))

    def _now(self, node: Node) -> PastNode:
        described = self._described.get(node.unique_id)
        if described is None:
            if isinstance(node, Source):
                document = source_dict(node)
            else:
                parents = self._manifest.parents.get(node.unique_id, ())
                document = node_dict(node, parents=parents)
            described = self._described[node.unique_id] = as_past(document)
        return described

    def _is_same(self, node: Node, old: PastNode, new: PastNode) -> bool:
        if isinstance(node, Source):
            return is_same_source(old, new)
        if isinstance(node, UnitTest):
            return is_same_unit_test(old, new)
        if not self._is_built(node):
            return is_same_declaration(old, new)
        is_same = old.fqn == new.fqn and self._is_same_config(node, old, new)
        if isinstance(node, GenericTest):
            return is_same
        return (
            is_same
            and self._is_same_body(node, old, new)
            and is_same_persisted_description(old, new)
            and is_same_naming(old, new)
            and (not isinstance(node, Model) or is_same_to_refs(old, new))
        )

    def _is_same_config(self, node: Node, old: PastNode, new: PastNode) -> bool:
        return is_same_config(old, new, NOT_COMPARED if self._is_built(node) else ())

    def _is_same_body(self, node: Node, old: PastNode, new: PastNode) -> bool:
        if not isinstance(node, Seed):
            return old.body == new.body
        if isinstance(old.checksum, dict) and old.checksum.get("checksum") in node.same_rows:
            return True
        is_same = bool(old.checksum == new.checksum)
        if node.checksum.name == "path":
            self._tell_of_large_seed(node, old, is_same)
        return is_same

    def _tell_of_large_seed(self, seed: Seed, old: PastNode, is_same: bool) -> None:
        """Tell what can be said of a seed whose rows aren't compared, since they are too many."""
        kind = old.checksum.get("name") if isinstance(old.checksum, dict) else None
        if kind != "path":
            name, what = "SeedIncreased", ". It was smaller before, and counts as modified."
        elif is_same:
            name = "SeedExceedsLimitSamePath"
            what = ", so that its rows are taken to be those of before."
        else:
            name, what = "SeedExceedsLimitAndPathChanged", ", and that is another one."
        self._tell(
            name,
            f"{seed.original_file_path}: of a seed of more than 1 MiB only the path is "
            f"compared{what}",
            package_name=seed.package_name,
            name=seed.name,
        )

    def _keeps_contract(self, node: Node, old: PastNode, new: PastNode) -> bool:
        if not isinstance(node, Model) or is_same_contract(old, new):
            return True
        broken = breaking_changes(old, new)
        if broken and node.is_versioned:
            raise ParseError(
                f"the contract of '{node.versioned_name}' is broken: {'; '.join(broken)}. Those "
                "who use this version rely on it. Keep it, and make the change in a new version.",
                location=node.location,
            )
        if broken:
            self._tell_of_break(new, broken)
        return False

    def _tell_of_break(self, node: PastNode, broken: Sequence[str]) -> None:
        self._tell(
            "UnversionedBreakingChange",
            f"Breaking change to the contract of '{node.name}' ({node.original_file_path}): "
            f"{'; '.join(broken)}. A new version of the model would leave its users the old one.",
            breaking_changes=list(broken),
            model_name=node.name,
            model_file_path=node.original_file_path,
        )

    def _tell(self, kind: str, message: str, **facts: object) -> None:
        """Warn of something, once."""
        if message not in self._told:
            self._told.add(message)
            self._warn(WarningRaised(kind, message, data=facts))

    def _reaches(self, unique_id: str) -> bool:
        """Whether a macro has changed, or calls one that has."""
        known = self._reaches_change.get(unique_id)
        if known is None:
            reached = self._reached_from(unique_id)
            known = not self._changed_macros.isdisjoint(reached)
            self._reaches_change[unique_id] = known
        return known

    def _reached_from(self, unique_id: str) -> Iterable[str]:
        seen: set[str] = set()
        waiting = [unique_id]
        while waiting:
            current = waiting.pop()
            if current in self._macros and current not in seen:
                seen.add(current)
                called = self._manifest.macros.called_by(self._macros[current])
                waiting += [macro.unique_id for macro in called]
        return seen


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _is_same_relation(node: Node, old: PastNode, new: PastNode) -> bool:
    if isinstance(node, Source):
        return is_same_source_relation(old, new)
    return is_same_naming(old, new)


def _is_deprecated(node: PastNode) -> bool:
    """Whether a model's time is over, as its authors had said."""
    try:
        deprecated = datetime.fromisoformat(node.deprecation_date or "9999-12-31")
    except ValueError:
        return False
    aware = deprecated if deprecated.tzinfo else deprecated.replace(tzinfo=UTC)
    return aware < datetime.now(UTC)
