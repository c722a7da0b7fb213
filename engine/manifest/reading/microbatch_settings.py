"""What a microbatch model must say of itself (https://docs.getdbt.com/docs/build/incremental-microbatch)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from ...core.errors import ParseError
from ...core.events import WarningRaised
from ...core.numbers import shortened
from ...project.event_time import EARLIEST, LATEST, BatchSize, parse_moment
from ..jinja.macro_file import BUILTIN_PACKAGE
from ..jinja.macro_index import MacroIndex
from ..nodes.model_node import Model
from ..nodes.node import Node
from .package_parse import Parse

MAX_BATCHES = 100_000
"""How many batches a model may have in one run: of an hour each, they are eleven years."""

_MACRO = "get_incremental_microbatch_sql"
_BATCHES = "require_batched_execution_for_custom_microbatch_strategy"
_NO_BATCHES = (
    f"The project's own macro '{_MACRO}' is called once for all of a model, and not for each "
    f"batch. To have it called for batches, set `{_BATCHES}: true` under `flags:` in "
    "dbt_project.yml."
)


class MicrobatchSettings(Struct, frozen=True):
    """How a model is cut into batches.

    `lookback` is how many batches before the newest are built again. `is_concurrent` is None
    where the model leaves it open.
    """

    event_time: str
    begin: datetime
    batch_size: BatchSize
    lookback: int
    is_concurrent: bool | None


def is_microbatch(node: Node, macros: MacroIndex, flags: Mapping[str, object]) -> bool:
    """Whether a node is built in batches.

    As in dbt a root project with a microbatch macro of its own gets its strategy run as any
    other, once, unless its `flags` say that it is for batches.
    """
    config = node.config
    return (
        isinstance(node, Model)
        and config.materialized == "incremental"
        and config.incremental_strategy == "microbatch"
        and (bool(flags.get(_BATCHES)) or not _has_own_macro(macros))
    )


def microbatch_settings(node: Node) -> MicrobatchSettings:
    """What the node's configuration says.

    Raises:
        ParseError: something is missing, or isn't what it must be.
    """
    values = node.config.values
    event_time, begin = values.get("event_time"), values.get("begin")
    if not isinstance(event_time, str):
        problem = "'event_time' (string) config that indicates the name of the event time column"
        raise _missing(node, problem)
    if begin is None:
        problem = (
            "'begin' (datetime) config that indicates the earliest timestamp the microbatch model "
            "should be built from"
        )
        raise _missing(node, problem)
    try:
        moment = parse_moment(str(begin))
    except ValueError as error:
        problem = (
            "'begin' config of valid datetime (ISO format), but got: "
            f"{shortened(str(begin))}. It must be between the years {EARLIEST.year} and "
            f"{LATEST.year}"
        )
        raise _missing(node, problem) from error
    sizes = [size.value for size in BatchSize]
    size, lookback = values.get("batch_size"), values.get("lookback", 1)
    if size not in sizes:
        raise _missing(node, f"'batch_size' config that is one of {sizes}, but got: {size}")
    if not isinstance(lookback, int) or isinstance(lookback, bool):
        raise _missing(node, f"optional 'lookback' config as type int, but got: {lookback}")
    if not 0 <= lookback < MAX_BATCHES:
        raise _missing(node, f"optional 'lookback' config from 0 to {MAX_BATCHES - 1:,}")
    concurrent = values.get("concurrent_batches")
    if not isinstance(concurrent, (bool, type(None))):
        raise _missing(node, f"optional 'concurrent_batches' config as bool, but got: {concurrent}")
    return MicrobatchSettings(event_time, moment, BatchSize(size), lookback, concurrent)


def check_microbatch_models(parse: Parse) -> Iterator[WarningRaised]:
    """Check every microbatch model; a warning for each that reads nothing by event time, and
    one where they aren't built in batches.

    Raises:
        ParseError: one lacks what it must say.
    """
    found, macros, flags = parse.found, parse.macros, parse.inputs.root.flags
    told = False
    nodes: Mapping[str, Node] = {**found.nodes, **found.sources}
    for unique_id, node in nodes.items():
        # Few models are: this is asked of all of them.
        if node.config.incremental_strategy != "microbatch":
            continue
        if not is_microbatch(node, macros, flags):
            if not told and isinstance(node, Model):
                told = True
                yield WarningRaised("MicrobatchMacroOutsideOfBatchesDeprecation", _NO_BATCHES)
            continue
        microbatch_settings(node)
        inputs: list[Any] = [nodes.get(parent) for parent in found.parents.get(unique_id, ())]
        if not any(read and read.config.values.get("event_time") for read in inputs):
            yield WarningRaised(
                "MicrobatchModelNoEventTimeInputs",
                f"The microbatch model '{node.name}' has no 'ref' or 'source' input with an "
                "'event_time' configuration. Every batch reads all rows, which can give "
                "duplicates: set event_time on its inputs.",
                node.location,
                {"model_name": node.name},
            )


def _has_own_macro(macros: MacroIndex) -> bool:
    """Whether the root project has the macro itself: one for its database is for batches."""
    own = macros.by_package.get(macros.root_package, {})
    return macros.root_package != BUILTIN_PACKAGE and _MACRO in own


def _missing(node: Node, what: str) -> ParseError:
    return ParseError(
        f"Microbatch model '{node.name}' must provide a {what}.", location=node.location
    )
