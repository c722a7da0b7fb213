"""`source freshness`: how old the newest row of each source is, and whether that is too old."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec
from msgspec.structs import replace

from ...adapters.base import Connection, Response, Rows
from ..core.errors import CompilationError, ProjectError
from ..core.events import WarningRaised
from ..core.results import NodeError, NodeInfo, SourceAge, Status
from ..manifest.artifact.node_dicts import source_dict
from ..manifest.nodes.freshness_rules import AgeLimit
from ..manifest.nodes.source_node import Source
from ..materializations.node_build import Outcome
from ..sandbox.owned import own
from .node_run import NodeRun
from .node_sql import uncompiled

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""When a source without a row was last loaded: infinitely long ago."""


def source_info(source: Source, relation_name: str) -> NodeInfo:
    """A source as the lines of this command call it."""
    info = source.info(relation_name)
    display_name = f"{source.source_name}.{source.name}"
    return replace(info, kind="freshness of", display_name=display_name)


async def look_at_freshness(run: NodeRun) -> Outcome:
    """Ask a source for its age, and judge it."""
    source = run.node
    assert isinstance(source, Source), "only sources are looked at"
    async with run.connection() as connection:
        age, response = await _age(run, source, connection)
    status, finding = judge(source, age)
    answer = None if response is None else Rows((), (), response)
    return Outcome(status, Response(""), error=finding, answer=answer, source_age=age)


async def _age(run: NodeRun, source: Source, connection: Connection) -> tuple[SourceAge, Any]:
    templates = run.context.templates
    relation = templates.relations.of(source)
    described = own(source_dict(source, str(relation)))
    scoped = uncompiled(run, source, connection).node_scope
    scope = scoped.scope.with_names(model=described, source_node=described)
    if source.loaded_at_query is not None:
        macro = "collect_freshness_custom_sql"
        sql = await templates.render_text(source.loaded_at_query, scope, source)
        found = await scope.call_macro(macro, relation, sql)
    elif source.loaded_at_field is not None:
        macro = "collect_freshness"
        condition = source.freshness.filter if source.freshness else None
        found = await scope.call_macro(macro, relation, source.loaded_at_field, condition)
    else:
        raise ProjectError(
            f"Could not compute freshness for source {source.name}: no 'loaded_at_field' "
            f"provided and {run.context.adapter.type} doesn't keep when a table was last written "
            "to. Give it a loaded_at_field or a loaded_at_query, or freshness: null.",
            location=source.location,
        )
    if getattr(found, "table", None) is None:
        run.context.emit(
            WarningRaised(
                "CollectFreshnessReturnSignature",
                f"For source {source.name} the macro '{macro}' has returned a table alone, as was "
                "usual before dbt 1.5. Let it return the whole result: "
                f"`{{{{ return(load_result('{macro}')) }}}}`.",
            )
        )
    age = replace(read_age(found, macro), criteria=msgspec.to_builtins(source.freshness))
    return age, getattr(found, "response", None)


def read_age(found: Any, macro: str) -> SourceAge:
    """The age that a freshness macro has found. One of old gives its table alone.

    Raises:
        CompilationError: it isn't one row of two moments.
    """
    table = getattr(found, "table", found)
    rows = [tuple(row) for row in table or ()]
    if len(rows) != 1 or len(rows[0]) != 2:
        raise CompilationError(
            f"Got an invalid result from {macro} macro: it has to give one row with two columns, "
            f"max_loaded_at and snapshotted_at, and gave {len(rows)} of "
            f"{len(rows[0]) if rows else 0}."
        )
    loaded, asked = rows[0]
    max_loaded_at = NEVER if loaded is None else in_utc(loaded, "max_loaded_at")
    snapshotted_at = in_utc(asked, "snapshotted_at")
    age = (snapshotted_at - max_loaded_at).total_seconds()
    return SourceAge(max_loaded_at, snapshotted_at, age)


def in_utc(value: object, name: str) -> datetime:
    """A moment as the database gave it, aware and in UTC.

    What names no time zone is taken for UTC, as in dbt; a date for its midnight. SQLite gives
    texts (https://www.sqlite.org/lang_datefunc.html#time_values).

    Raises:
        CompilationError: it is no moment.
    """
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise CompilationError(
            f"Expected a timestamp value for {name}, but received value of type "
            f"'{type(value).__name__}' instead: {value!r}. Make loaded_at_field an expression "
            "that gives a timestamp, such as a cast or, in SQLite, datetime(loaded, 'unixepoch')."
        )
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def judge(source: Source, age: SourceAge) -> tuple[Status, NodeError | None]:
    """Whether a source is too old, and what is to be said of it then."""
    freshness = source.freshness
    assert freshness is not None, "a source without freshness was to be checked"
    for status, word, key, limit in (
        (Status.ERROR, "Failure", "error_after", freshness.error_after),
        (Status.WARN, "Warning", "warn_after", freshness.warn_after),
    ):
        if limit is not None and limit.exceeded_by(age.seconds):
            title = f"{word} in source {source.name} ({source.original_file_path})"
            return status, NodeError(title, _explanation(age, key, limit), source.location)
    return Status.PASS, None


def _explanation(age: SourceAge, key: str, limit: AgeLimit) -> str:
    allowed = f"{key} is {limit.count} {limit.period}{'' if limit.count == 1 else 's'}"
    if age.max_loaded_at == NEVER:
        return f"Status: {key.partition('_')[0]}. It has no row at all, and {allowed}."
    return (
        f"Status: {key.partition('_')[0]}. Its newest row is of {age.max_loaded_at:%Y-%m-%d %H:%M} "
        f"UTC, {_span(age.seconds)} ago, and {allowed}."
    )


def _span(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"
