"""Several statements in one message to the server, and which of them an answer is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from ..answers import Deferred, Response
from ..comment import StatementComment
from ..errors import DatabaseError
from .problems import database_error
from .queued import QueuedSwap
from .statements import split

_SEPARATOR = "\n;\n"  # a line of its own, since the statement before may end in a comment
_DEFINITION = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(create|drop|alter)\s+(?:or\s+replace\s+)?"
    r"(?:(?:temp|temporary|unlogged|recursive)\s+)*(materialized\s+view|\w+)",
    re.IGNORECASE | re.DOTALL,
)


_BLANK = re.compile(r"(?:\s|;|--[^\n]*|/\*.*?\*/)*\Z", re.DOTALL)


class Together(Struct):
    """Statements of one message. `swap` is what they are the quick way of, where they are one's.

    Those of ours leave the session as it was (`leaves_traces`).
    """

    parts: list[Deferred]
    swap: QueuedSwap | None = None
    leaves_traces: bool = False


Queued = Deferred | Together


def take_message(queue: list[Queued]) -> tuple[Together, bool]:
    """Take off a queue what goes in the next message, and say whether COMMIT may go with it.

    The driver knows the answer of a message's last statement only, so that one whose own is
    wanted ends the message; and what is sent together has a message of its own.
    """
    taken = Together([], leaves_traces=True)
    while queue:
        if isinstance(queue[0], Together):
            if taken.parts:
                break
            taken = queue[0]
            del queue[0]
            return taken, not queue
        taken.parts.append(queue[0])
        del queue[0]
        if taken.parts[-1].wants_response:
            return taken, False
    return taken, not queue


class Message:
    """What is sent at once: BEGIN where a transaction has yet to begin, statements, COMMIT."""

    def __init__(
        self,
        parts: Sequence[Deferred],
        *,
        begins: bool,
        commits: bool,
        comment: StatementComment | None = None,
    ) -> None:
        self.parts = parts
        texts = [part.sql for part in parts]
        if begins:
            texts.insert(0, "BEGIN")
        if commits:
            texts.append("COMMIT")
        self._texts = texts
        joined = texts[0] if len(texts) == 1 else _SEPARATOR.join(texts)
        self._comment = comment
        self.sql = comment.on(joined) if comment else joined

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it but comments, to which the driver knows no answer."""
        # The pattern also takes all that stands between two comments for one: it is a cheap no.
        return _BLANK.match(self.sql) is not None and not split(self.sql)

    def note_answers(self, tag: str) -> None:
        """Give each statement its answer: the driver tells that of the last one only."""
        for part in self.parts[:-1] if tag else self.parts:
            part.response = _expected_response(part.sql)
        if tag and self.parts:
            self.parts[-1].response = response_of(tag)

    def error(self, error: BaseException) -> DatabaseError:
        """A driver's error, as one of the statement that it is about."""
        place = int(getattr(error, "position", None) or 0) - 1
        start = len(self._comment.before) if self._comment else 0
        for text in self._texts:
            # A place behind a text is about what the text lacks: a bracket, an expression.
            if start <= place < start + len(text) + len(_SEPARATOR):
                behind = max(0, place - start - len(text))
                return database_error(error, text, offset=start + behind)
            start += len(text) + len(_SEPARATOR)
        # Without a place, it is mostly the statement that the message was sent for.
        return database_error(error, self.parts[-1].sql if self.parts else self.sql)


def response_of(tag: str) -> Response:
    """A command tag as a response: `INSERT 0 5` is five rows.

    The forms are those of https://www.postgresql.org/docs/current/protocol-message-formats.html
    (CommandComplete).
    """
    words = tag.split()
    counts = [word for word in words if word.isdigit()]
    code = " ".join(word for word in words if not word.isdigit())
    return Response(tag, code or None, int(counts[-1]) if counts else None)


def _expected_response(sql: str) -> Response:
    """The answer to a statement whose own hasn't been told: a definition has but one."""
    found = _DEFINITION.match(sql)
    if found is None:
        return Response("OK")
    tag = " ".join(" ".join(found.groups()).upper().split())
    return Response(tag, tag)
