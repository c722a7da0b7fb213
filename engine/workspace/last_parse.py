"""The last parse as a whole: taken over where nothing that it was made from has changed.

What it was made from is what `ParseInputs` holds, the files, and what templates have asked of the
invocation, such as environment variables. A parse that has asked what can't be asked again isn't
kept. Where anything differs, every file is read, and what has stayed is looked up piece by piece
(`parse_cache`, `render_memory`): so a parse gives the same with it and without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

from ..core.events import WarningRaised
from ..core.own_code import own_code
from ..manifest.kept_manifest import (
    NotKeptError,
    Written,
    decoded_manifest,
    encoded_manifest,
    read_nodes,
    written_node,
)
from ..manifest.manifest import Counts, Manifest
from ..manifest.nodes.node import Node
from ..manifest.reading.inputs import ParseInputs
from ..manifest.reading.kept_file import DIGEST_BYTES, read_kept, sealed, survives, unsealed
from ..manifest.reading.parse_renderer import Captured
from ..manifest.reading.render_memory import Found, LeftOut, Question, RenderMemory, Work
from ..project.own_file import own_size
from ..project.project import Project
from ..project.source_states import SourceState, is_unchanged, source_state

FILE_NAME = "headrace_last_parse.msgpack"
MANIFEST_NAME = "headrace_last_manifest.msgpack"

_OF_FILES = ("macro", "macros", "var")
"""Kinds of questions whose answers are the same for the same files and inputs."""

KnownAnswer = Callable[[Question], bytes | None]
"""Gives a digest of the answer to a question; None where it is none to be kept."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of a project's nodes before they are read.

    Attributes:
        counts: what there is of each kind.
        used_vars: the values of variables by the nodes that use them, as JSON.
        has_metrics: whether there is anything that engines for metrics read.
    """

    counts: Counts
    used_vars: str
    has_metrics: bool


class KeptLeftOut(Struct, frozen=True, array_like=True):
    """A `LeftOut`, with its node as it is kept."""

    work: Work
    node: Written
    found: Found


class LastParse(Struct, frozen=True, array_like=True):
    """What there is to know of a parse before its manifest is read.

    Attributes:
        inputs: a digest of what it was given.
        manifest: the digest of the file that holds the manifest.
        size: the bytes that it has.
        states: the files of each project.
        questions: what templates have asked, with digests of the answers.
        warnings: what there was to warn of.
        facts: what is in the manifest.
        renderings: how many templates were rendered.
        left: renderings that have to be done again, to see that they give the same.
    """

    inputs: bytes
    manifest: bytes
    size: int
    states: list[SourceState]
    questions: list[tuple[Question, bytes]]
    warnings: list[WarningRaised]
    facts: Facts
    renderings: int
    left: list[KeptLeftOut]

    @property
    def origin(self) -> bytes:
        """A digest of what its manifest was made from, and of what is in there."""
        return _digest(self.inputs + self.manifest)


class ParseRecord:
    """One parse while it goes on, of which the next one is to know.

        ParseRecord(…) → matches() → kept()

    The files' states are taken before a file is read, and again in the end: what was written in
    between may have been read or not.
    """

    def __init__(self, inputs: ParseInputs, adapter_type: str) -> None:
        self._inputs = _digest_of(inputs, adapter_type)
        self._projects = inputs.projects
        self._states = _states(inputs.projects)

    def matches(self, last: LastParse, answer: KnownAnswer) -> bool:
        """Whether a parse would give now what it gave then."""
        return (
            last.inputs == self._inputs
            and _are_unchanged(last.states, self._states)
            and all(answer(question) == digest for question, digest in last.questions)
        )

    def kept(
        self,
        manifest: Manifest,
        facts: Facts,
        asked: Iterable[Question],
        answer: KnownAnswer,
        warnings: list[WarningRaised],
        memory: RenderMemory,
    ) -> tuple[LastParse, bytearray] | None:
        """What to keep, and the manifest as bytes; None where the next parse has to look again."""
        by_templates = (question for question, _ in memory.questions)
        told = sorted({each for each in (*asked, *by_templates) if each[0] not in _OF_FILES})
        answers = [(question, answer(question)) for question in told]
        questions = [(question, digest) for question, digest in answers if digest is not None]
        if len(questions) < len(answers) or not survives(warnings, list[WarningRaised]):
            return None
        states = self._states
        if states is None or not _are_unchanged(states, _states(self._projects)):
            return None
        left, content = _kept_left_out(memory.left), encoded_manifest(manifest)
        if content is None or left is None or not memory.is_whole:
            return None
        last = LastParse(
            inputs=self._inputs,
            manifest=_digest(content),
            size=len(content),
            states=states,
            questions=questions,
            warnings=warnings,
            facts=facts,
            renderings=memory.rendered + memory.recalled,
            left=left,
        )
        return last, content


def _kept_left_out(left: Iterable[LeftOut]) -> list[KeptLeftOut] | None:
    try:
        kept = [KeptLeftOut(each.work, written_node(each.node), each.found) for each in left]
    except NotKeptError:
        return None
    return kept if all(survives(each.found, Captured | str) for each in kept) else None


def left_out_of(last: LastParse) -> Iterator[LeftOut]:
    """The renderings that have to be done again.

    Raises:
        msgspec.DecodeError: they aren't what they were.
    """
    for each in last.left:
        (node,) = read_nodes([each.node], Node)
        yield LeftOut(each.work, node, each.found)


def files_of(last: LastParse, manifest: bytearray) -> dict[str, bytes | bytearray]:
    """The files to keep of a parse, by their names."""
    content = sealed(msgspec.msgpack.encode(last), own_code())
    return {MANIFEST_NAME: manifest, FILE_NAME: content}


def load_last_parse(target_path: Path, project_root: Path) -> LastParse | None:
    """What the last parse has kept; None where there is nothing that can be read, and trusted."""
    payload = unsealed(read_kept(target_path / FILE_NAME, project_root), own_code())
    if payload is None:
        return None
    try:
        last = msgspec.msgpack.decode(payload, type=LastParse)
        # Whether it is what it was is seen when it is read; what is missing is made again.
        has_manifest = own_size(target_path / MANIFEST_NAME, project_root) == last.size
    except (OSError, msgspec.DecodeError, RecursionError):
        return None
    return last if has_manifest else None


def load_last_manifest(
    last: LastParse, inputs: ParseInputs, target_path: Path, project_root: Path
) -> Manifest | None:
    """The manifest of the last parse; None where its file isn't there any more."""
    content = read_kept(target_path / MANIFEST_NAME, project_root)
    if _digest(content) != last.manifest:
        return None
    try:
        return decoded_manifest(content, inputs)
    except (msgspec.DecodeError, RecursionError):
        return None


def _digest_of(inputs: ParseInputs, adapter_type: str) -> bytes:
    """A digest of what a parse is given besides files, and what it may ask for."""
    said = (
        adapter_type,
        [_described(project) for project in inputs.projects],
        inputs.schema,
        inputs.database,
        inputs.vars,
        inputs.dialect,
        sorted(inputs.ignored_configs),
        sorted(inputs.context_names),
        sorted(inputs.effects),
        inputs.inline,
        inputs.names_each_space,
        inputs.locates_each_deprecation,
    )
    return _digest(repr(said).encode("utf-8", "surrogatepass"))


def _described(project: Project) -> tuple[object, ...]:
    # Where things stand in its file is told in messages.
    return project, project.document.display, project.document.text


def _are_unchanged(kept: list[SourceState], now: list[SourceState] | None) -> bool:
    return now is not None and len(now) == len(kept) and all(map(is_unchanged, kept, now))


def _states(projects: Iterable[Project]) -> list[SourceState] | None:
    states = [source_state(project) for project in projects]
    known = [state for state in states if state is not None]
    return known if len(known) == len(states) else None


def _digest(content: bytes | bytearray) -> bytes:
    return blake2b(content, digest_size=DIGEST_BYTES).digest()
