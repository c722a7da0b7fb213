"""The large documents of a command: made and written in a thread, before anything else goes on."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.blocking import in_thread
from ..core.event_queue import EventQueue
from ..core.events import CatalogReady, ManifestReady
from ..core.json_document import JsonDocument
from ..manifest.artifact.semantic_manifest import semantic_manifest
from ..project.secrets import Redactor
from ..workspace.loaded_project import LoadedProject, manifest_of, origin_of


class Documents:
    """Hands out events whose documents take a while to write, and waits for the writing.

    A cancellation stops it, and leaves the document of before.
    """

    def __init__(self, events: EventQueue, redactor: Redactor) -> None:
        self._events = events
        self._redactor = redactor

    async def hand_out(self, event: ManifestReady | CatalogReady) -> None:
        """Emit an event, and have what it brings written."""
        self._events.emit(event)
        if self._events.artifacts is not None:
            await in_thread(self._events.artifacts.write, event)

    async def hand_out_manifest(
        self, project: LoadedProject, compiled: Mapping[str, str] | None = None
    ) -> None:
        """Make the manifest known. `compiled` holds the SQL of the nodes that were compiled.

        A variable may have brought a secret anywhere, and this is written to disk: so what is
        written is redacted.
        """
        manifest, redactor = manifest_of(project, compiled or {}), self._redactor
        origin = origin_of(manifest, project)
        document = JsonDocument(manifest, redactor.written, redactor.is_clean, origin)

        def semantic() -> Mapping[str, object] | None:
            if not project.parsed.facts.has_metrics:
                return None
            return redactor.redacted(semantic_manifest(manifest.as_dict()))

        await self.hand_out(ManifestReady(document, semantic))
