"""An earlier run's artifacts, as far as a selection or a deferral asks for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ..core.errors import SelectionError
from .past_manifest import MANIFEST_NAME, PastManifest, read_past_manifest
from .past_results import RUN_RESULTS_NAME, SOURCES_NAME, read_ages, read_statuses

Ages = Mapping[str, datetime | None]


class PreviousState:
    """What lies in the directory of `--state`. Each file is read when it is first asked for.

    Reading blocks. Every property raises SelectionError where the file isn't there, and
    UsageError where it is of no use.

    Args:
        directory: the one that was given, or None.
        target_path: where this run's own artifacts go.
    """

    def __init__(
        self,
        directory: Path | None,
        target_path: Path,
    ) -> None:
        self._directory = directory
        self._target_path = target_path

    @cached_property
    def manifest(self) -> PastManifest:
        """For `state:`."""
        directory = self._find(
            MANIFEST_NAME, "Got a state selector method, but no comparison manifest"
        )
        return read_past_manifest(directory)

    @cached_property
    def statuses(self) -> Mapping[str, str]:
        """For `result:`."""
        return read_statuses(
            self._find(RUN_RESULTS_NAME, "Got a result selector method, but no earlier results")
        )

    @cached_property
    def source_ages(self) -> tuple[Ages, Ages]:
        """For `source_status:`: of the earlier run, and of the last check here."""
        problem = "Got a source_status selector method, but no earlier ages of sources"
        before = read_ages(self._find(SOURCES_NAME, problem))
        if not os.path.isfile(self._target_path / SOURCES_NAME):
            raise SelectionError(
                f"Got a source_status selector method, but no {SOURCES_NAME} in "
                f"{self._target_path} to compare with the earlier one. Run "
                '"headrace source freshness" first.'
            )
        return before, read_ages(self._target_path)

    def _find(self, name: str, problem: str) -> Path:
        if self._directory is None:
            raise SelectionError(
                f"{problem}. Say with --state where the artifacts of the earlier run are."
            )
        if not os.path.isfile(self._directory / name):
            raise SelectionError(f"{problem}: there is no {name} in --state {self._directory}.")
        return self._directory
