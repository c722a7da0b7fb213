"""What a command does with its nodes, and around them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from .node_run import Work
    from .run import Run


class Order(Enum):
    """In which order the nodes are run."""

    GRAPH = auto()
    """Each after its parents."""
    GATED = auto()
    """Each after its parents, and after their tests have passed."""
    FLAT = auto()
    """In any: each is there already, whatever becomes of the others."""


class Deferring(Enum):
    """What is taken from an earlier run."""

    REFERENCES = auto()
    """What isn't selected, where deferral is asked for."""
    ALL_REFERENCES = auto()
    """The same. Without a selection all that is referred to, since none of it is built."""
    WHOLE = auto()
    """The relations themselves, which needs an earlier run in any case."""
    NOTHING = auto()
    """It is all the same."""


class NodeWork(Struct, frozen=True, kw_only=True):
    """What is done with each node of a run, and around them.

    Attributes:
        do: gives, for a run, what is done with each of its nodes.
        order: of the nodes.
        defers: what is taken from an earlier run.
        makes_relations: whether schemas are created, and locked against other runs.
        runs_hooks: whether `on-run-start` and `on-run-end` are run.
        heeds_freshness_flag: whether the project may switch those off, by
            `source_freshness_run_project_hooks`.
        may_be_offline: whether it does without the database under `--no-introspect`.
        stops_at_failure: whether `--fail-fast` counts.
    """

    do: Callable[[Run], Work]
    order: Order = Order.GRAPH
    defers: Deferring = Deferring.REFERENCES
    makes_relations: bool = False
    runs_hooks: bool = False
    heeds_freshness_flag: bool = False
    may_be_offline: bool = False
    stops_at_failure: bool = True
