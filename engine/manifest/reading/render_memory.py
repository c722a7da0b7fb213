"""What rendering templates while parsing has found, kept with all that it asked for.

A rendering is a function of its node and of what it asks the project for: which macro a name means
and what that macro says, variables, environment variables, flags. Each such question is kept with
a digest of its answer. The next parse asks each of them again, once for all renderings, and
renders only the templates that would get another answer. So a parse gives the same with the memory
and without.

The file holds MessagePack, sealed by a digest of itself and of what made it; whatever is wrong
with it, or with its owner, it is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from ...core.own_code import own_code
from ..nodes.node import Node
from .kept_file import read_kept, sealed, survives, unsealed
from .parse_renderer import Captured

FILE_NAME = "headrace_renderings.msgpack"

Question = tuple[str, ...]
"""What a rendering asked: the kind of the question first, then what it is about."""

Answer = Callable[[Question], bytes]
"""Gives a digest of the answer to a question, as it is now."""

Found = Captured | str
"""What a rendering gave: what a template called, or the text of a macro."""

Work = tuple[str, str]
"""What was done to render: `RememberingRenderer` says what there is."""


class LeftOut(msgspec.Struct, frozen=True):
    """A rendering that asked what can't be asked again, such as the time, and what it gave."""

    work: Work
    node: Node
    found: Found


class _Rendering(msgspec.Struct, array_like=True):
    """One rendering: what it gave, and the places of its questions in the list of all."""

    found: Found
    asked: tuple[int, ...] = ()


class _Kept(msgspec.Struct):
    """What the file holds: the questions with their answers, and the renderings by their key."""

    questions: list[tuple[Question, bytes]] = []
    renderings: dict[bytes, _Rendering] = {}


class RenderMemory:
    """Renderings of the last parse, and of this one.

        RenderMemory.decoded(…) → (recall() | keep())* → encoded()

    What this parse hasn't asked for is forgotten, so that the file stays as large as the project.

    Attributes:
        recalled: how many renderings were as they had been.
        rendered: how many were kept anew.
        left: those that can't be kept, as they have asked what nobody can ask again.
        is_whole: whether these and those that are kept are all.
    """

    def __init__(self, known: _Kept | None = None, seal: bytes = b"") -> None:
        self.recalled = 0
        self.rendered = 0
        self.left: list[LeftOut] = []
        self.is_whole = True
        self._known = known or _Kept()
        self._seal = seal
        self._holds: dict[int, bool] = {}
        self._used: dict[bytes, _Rendering] = {}
        self._places: dict[Question, int] = {}
        self._questions: list[tuple[Question, bytes]] = []
        self._moved: dict[int, int] = {}

    @classmethod
    def decoded(cls, content: bytes, settings: bytes = b"") -> RenderMemory:
        """The memory out of its file; an empty one where that can't be read or isn't ours.

        `settings` are what every rendering depends on, as a digest.
        """
        seal = own_code() + settings
        payload = unsealed(content, seal)
        if payload is None:
            return cls(seal=seal)
        try:
            return cls(msgspec.msgpack.decode(payload, type=_Kept), seal)
        except (msgspec.DecodeError, RecursionError):
            return cls(seal=seal)

    @property
    def questions(self) -> list[tuple[Question, bytes]]:
        """All that the renderings of this parse have asked, with digests of the answers."""
        return self._questions

    def encoded(self) -> bytes | None:
        """The file's new content; None where it would be what it is."""
        if not self.rendered and self._used.keys() == self._known.renderings.keys():
            return None
        return sealed(msgspec.msgpack.encode(_Kept(self._questions, self._used)), self._seal)

    def recall(self, key: bytes, answer: Answer) -> Found | None:
        """What a rendering gave, if all that it asked for is answered as it was then."""
        known = self._known.renderings.get(key)
        if known is None:
            return None
        holds = self._holds
        for place in known.asked:
            still = holds.get(place)
            if still is None:
                if place >= len(self._known.questions):
                    return None
                question, digest = self._known.questions[place]
                still = holds[place] = answer(question) == digest
            if not still:
                return None
        self.recalled += 1
        if key not in self._used:
            places = tuple(self._moved_place(place) for place in known.asked)
            self._used[key] = _Rendering(known.found, places)
        return known.found

    def keep(self, key: bytes, found: Found, asked: Iterable[Question], answer: Answer) -> None:
        """Take note of a rendering, and of what it asked."""
        if not survives(found, Captured | str):
            self.is_whole = False
            return
        self.rendered += 1
        places = tuple(self._place(question, answer) for question in asked)
        self._used[key] = _Rendering(found, places)

    def _moved_place(self, place: int) -> int:
        """Where a question of the last parse stands now."""
        moved = self._moved.get(place)
        if moved is None:
            question, digest = self._known.questions[place]
            moved = self._moved[place] = self._put(question, digest)
        return moved

    def _place(self, question: Question, answer: Answer) -> int:
        place = self._places.get(question)
        return self._put(question, answer(question)) if place is None else place

    def _put(self, question: Question, digest: bytes) -> int:
        place = self._places.get(question)
        if place is None:
            place = self._places[question] = len(self._questions)
            self._questions.append((question, digest))
        return place


def load_memory(path: Path, project_root: Path, settings: bytes) -> RenderMemory:
    """The memory that a file holds; an empty one where there is none that can be read.

    What a template refers to comes out of it, so one that somebody else may have written is none.
    """
    return RenderMemory.decoded(read_kept(path, project_root), settings)
