"""What a connection sends for the sake of locks, with other statements and not by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ..errors import DatabaseError


class QueuedSwap(ABC):
    """The statements of a swap, which need locks, and what is done when they don't get them.

    They go to the server with what comes next, best of all with COMMIT, so that what they lock
    is locked no longer than it takes.
    """

    preparation: str
    """What a session is told once, before its first swap of the kind."""

    @property
    @abstractmethod
    def statements(self) -> Sequence[str]:
        """What is sent, after a savepoint."""

    @abstractmethod
    async def recover(self, error: DatabaseError) -> None:
        """Reach the same end another way, after the statements failed and were rolled back.

        Raises:
            DatabaseError: there is none.
        """


class Exclusion(ABC):
    """A lock that an open transaction keeps to its end."""

    @property
    @abstractmethod
    def is_held(self) -> bool:
        """Whether the server has granted it."""

    @abstractmethod
    async def explained(self, error: DatabaseError) -> DatabaseError:
        """Why it wasn't granted, asked when the transaction has been rolled back."""

    @abstractmethod
    def end(self) -> None:
        """Note that the transaction is over."""
