"""Where the artifacts of an earlier run are, and whether references are deferred to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from ..core.errors import UsageError
from ..core.events import WarningRaised
from ..settings.settings import EarlierSettings
from .past_manifest import MANIFEST_NAME


class StateSettings(Struct, frozen=True):
    """What the flags and the environment say of an earlier run.

    Attributes:
        directory: its artifacts, for selections; None where nobody has said.
        defer_directory: the artifacts that references are deferred to.
        is_deferring: whether they are.
        favors_state: whether what isn't selected is always read from there, and not only where
            the target doesn't have it.
    """

    directory: Path | None = None
    defer_directory: Path | None = None
    is_deferring: bool = False
    favors_state: bool = True

    def warnings(self, target_path: Path) -> Iterator[WarningRaised]:
        """A warning for each flag that leads to where this run writes its own artifacts."""
        for flag, directory in (
            ("--state", self.directory),
            ("--defer-state", self.defer_directory),
        ):
            is_another = flag == "--state" or directory != self.directory
            if directory is not None and is_another and directory.resolve() == target_path:
                yield WarningRaised(
                    "WarnStateTargetEqual",
                    f"The directory of {flag} is the target directory, {directory}: this run "
                    "replaces what it reads there. Copy the artifacts elsewhere.",
                )

    def manifest_directory(self) -> Path:
        """The directory with the manifest that references are deferred to.

        Raises:
            UsageError: nobody has said which one, or there is none in it.
        """
        if self.defer_directory is None:
            raise UsageError(
                "--state or --defer-state are required for deferral, but neither was provided. "
                "Say where the artifacts of the production run are, as in --state prod-artifacts."
            )
        if not os.path.isfile(self.defer_directory / MANIFEST_NAME):
            raise UsageError(
                f'Could not find manifest in --state path: "{self.defer_directory}". A run writes '
                f"{MANIFEST_NAME} into its target directory; copy it from there."
            )
        return self.defer_directory


def locate_state(settings: EarlierSettings, *, cwd: Path, root: Path) -> StateSettings:
    """The directories that the settings name; `root` is the project's."""
    state = settings.state and find_directory(settings.state, cwd=cwd, root=root)
    defer_state = settings.defer_state and find_directory(settings.defer_state, cwd=cwd, root=root)
    return StateSettings(
        directory=state,
        defer_directory=defer_state or state,
        is_deferring=settings.defer,
        favors_state=settings.favor_state,
    )


def find_directory(path: Path, *, cwd: Path, root: Path) -> Path:
    """A directory of artifacts: from the working directory, or else from the project's."""
    from_project = root / path
    return (
        from_project
        if not os.path.exists(cwd / path) and os.path.exists(from_project)
        else cwd / path
    )
