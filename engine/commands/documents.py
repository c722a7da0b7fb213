"""The large documents of a command: made and written in a thread, before anything else goes on."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.blocking import in_thread
from ..core.events import (
    Event,
    EventBus,
    ManifestReady,
)
from ..project.secrets import Redactor
from ..workspace.loaded_project import ParsedProject, manifest_of


class Documents:
    """Hands out events whose documents take a while to write, and waits for the writing.

    A cancellation stops it, and leaves the document of before.
    """

    def __init__(self, bus: EventBus, redactor: Redactor) -> None:
        self._bus = bus
        self._redactor = redactor

    async def hand_out(self, event: Event) -> None:
        """Emit an event, and have what it brings written."""

        def write() -> None:
            for writer in self._bus.writers:
                writer.write_waiting()

        self._bus.emit(event)
        if self._bus.writers:
            await in_thread(write)

    async def hand_out_manifest(
        self, project: ParsedProject, compiled: Mapping[str, str] | None = None
    ) -> None:
        """Make the manifest known. `compiled` holds the SQL of the nodes that were compiled."""

        def document() -> Mapping[str, object]:
            # A variable may have brought a secret anywhere, and this is written to disk.
            return self._redactor.redacted(manifest_of(project, compiled or {}))

        await self.hand_out(ManifestReady(document))
