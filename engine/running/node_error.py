"""Why a node failed, in words, and which line of it is to blame.

A database knows the compiled SQL only, and SQLite doesn't even say a line of that. Where a line
of the SQL is named and stands in the model as well, that is it. Else most complaints quote the
word that they are about, and a word that stands on one line of the model points to it.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from ...adapters.base import Response
from ...adapters.errors import AdapterError, ApproximateMatchError, DatabaseError
from ..core.errors import CompilationError, HeadraceError, Location
from ..core.results import NodeError, Status
from ..manifest.nodes.node import Node
from ..materializations.node_build import Outcome
from ..settings.warning_policy import RaisedWarningsError
from .node_result import Progress

_REMARKS = re.compile(r"^(?:LINE \d+|DETAIL|HINT|QUERY|CONTEXT): ", re.MULTILINE)
"""What follows the complaint itself: a hint names words that are right."""

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_QUOTED = re.compile(r"\"([^\"]+)\"|'([^']+)'|no such \w+: (\S+)")


def explain(
    node: Node, failure: HeadraceError | AdapterError, progress: Progress, target_path: str
) -> NodeError:
    """Why a node failed, and where to look."""
    kind, where = node.resource_type.value, node.original_file_path
    if isinstance(failure, HeadraceError):
        title = f"{failure.title} in {kind} {node.name} ({where})"
        message = failure.problem
        if isinstance(failure, CompilationError) and failure.stack:
            message += "\n\n" + format_stack(failure)
        return NodeError(title, message, failure.location or node.location)
    titles = {DatabaseError: "Database Error", ApproximateMatchError: "Compilation Error"}
    what = next((text for kin, text in titles.items() if isinstance(failure, kin)), "Runtime Error")
    message = str(failure)
    if progress.attempts > 1:
        message += f"\n(attempt {progress.attempts}; it had been tried before)"
    return NodeError(
        f"{what} in {kind} {node.name} ({where})",
        message,
        blamed_location(str(failure), node, getattr(failure, "line", None)),
        _sent_path(node, progress, target_path),
    )


def failed_outcome(
    node: Node, failure: HeadraceError | AdapterError, progress: Progress, target_path: str
) -> Outcome:
    """The outcome of a node that has failed."""
    error = explain(node, failure, progress, target_path)
    return Outcome(Status.ERROR, Response(error.text), error=error)


def doubtful_outcome(node: Node, progress: Progress, target_path: str) -> Outcome | None:
    """The outcome of a node that was cancelled while nobody could say whether it is through."""
    if progress.build is None or progress.build.doubt is None:
        return None
    return failed_outcome(node, progress.build.doubt, progress, target_path)


def timed_out(node: Node, seconds: float, progress: Progress, target_path: str) -> Outcome:
    """The outcome of a node that took longer than it may. Its query has ended."""
    message = (
        f"it took longer than its timeout of {seconds:g} s, and was cancelled. Make it faster, or "
        "raise `timeout` in its config."
    )
    title = f"Timeout in {node.resource_type.value} {node.name} ({node.original_file_path})"
    error = NodeError(title, message, node.location, _sent_path(node, progress, target_path))
    return Outcome(Status.TIMEOUT, Response(error.text), error=error)


FINDINGS = (Status.FAIL, Status.WARN)
"""The outcomes of a test that has found something."""


def with_findings(node: Node, outcome: Outcome, progress: Progress, target_path: str) -> Outcome:
    """The outcome of a node without an error, with what there is to say of it all the same."""
    late = late_error(node, progress, target_path)
    if late is not None:
        return Outcome(Status.ERROR, Response(late.text), error=late)
    return replace(outcome, error=finding(node, outcome, target_path))


def late_error(node: Node, progress: Progress, target_path: str) -> NodeError | None:
    """Why a node has failed although its work is done, where it has."""
    if not progress.late_warnings:
        return None
    return explain(node, RaisedWarningsError(progress.late_warnings), progress, target_path)


def finding(node: Node, outcome: Outcome, target_path: str) -> NodeError | None:
    """What a test that found something says for itself, and where its query is."""
    if outcome.status not in FINDINGS:
        return None
    word = "Failure" if outcome.status is Status.FAIL else "Warning"
    message = outcome.response.message
    if outcome.stored is not None:
        rule = "-" * len(outcome.stored)
        message += f"\n\nSee test failures:\n{rule}\n{outcome.stored}\n{rule}"
    return NodeError(
        f"{word} in {node.resource_type.value} {node.name} ({node.original_file_path})",
        message,
        node.location,
        f"{target_path}/compiled/{node.build_path}",
    )


def format_stack(error: CompilationError) -> str:
    """The stack of a template error, innermost first, as dbt prints it."""
    lines = [f"> in {error.stack[0]}"]
    lines += [f"> called by {frame}" for frame in error.stack[1:]]
    return "\n".join(lines)


def _sent_path(node: Node, progress: Progress, target_path: str) -> str | None:
    """The file with the SQL that was sent, or else with what it was going to be."""
    build = progress.build
    if build is not None and (build.executed or build.swapped.statements):
        return f"{target_path}/run/{progress.path_of(node)}"
    if progress.compiled is not None:
        return f"{target_path}/compiled/{progress.path_of(node)}"
    return None


def blamed_location(message: str, node: Node, sql_line: str | None = None) -> Location:
    """The place in a node's file that an error message speaks of; the file where none is.

    `sql_line` is the line of the SQL that the database names, where it does.
    """
    if node.is_embedded:
        return node.location
    lines = node.raw_code.splitlines()
    wanted = (sql_line or "").strip()
    for can_be in (str.__eq__, _renders_to):
        same = [n for n, line in enumerate(lines, 1) if wanted and can_be(line.strip(), wanted)]
        if len(same) == 1:
            return Location(node.original_file_path, same[0])
    for match in _QUOTED.finditer(_REMARKS.split(message, maxsplit=1)[0]):
        quoted = next(group for group in match.groups() if group is not None)
        word = quoted.rpartition(".")[2]
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        found = [number for number, line in enumerate(lines, 1) if pattern.search(line)]
        if len(found) == 1:
            return Location(node.original_file_path, found[0])
    return node.location


def _renders_to(line: str, wanted: str) -> bool:
    """Whether a line with expressions in it can have become a line of the SQL."""
    pieces = _JINJA.split(line)
    pattern = ".*".join(re.escape(piece) for piece in pieces)
    return re.search(r"\w", "".join(pieces)) is not None and bool(re.fullmatch(pattern, wanted))
