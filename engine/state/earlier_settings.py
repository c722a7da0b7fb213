"""Where the artifacts of an earlier run are, and whether references are deferred to them.

A flag beats a variable. Of each setting several variables are known: headrace's, those of dbt
through its versions, and those that its first documentation of deferral has, without a prefix.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from ..core.errors import UsageError
from ..project.environment_variables import Setting, expand_home
from ..settings.options import Options
from ..settings.precedence import truth
from .past_manifest import MANIFEST_NAME

_DEFER = (
    *("HEADRACE_DEFER", "DBT_DEFER", "HEADRACE_DEFER_TO_STATE", "DBT_DEFER_TO_STATE"),
    "DEFER_MODE",
)
_STATE = (
    *("HEADRACE_STATE", "DBT_STATE", "HEADRACE_ARTIFACT_STATE_PATH", "DBT_ARTIFACT_STATE_PATH"),
    "ARTIFACT_STATE_PATH",
)
_DEFER_STATE = ("HEADRACE_DEFER_STATE", "DBT_DEFER_STATE")
_FAVOR_STATE = (
    *("HEADRACE_FAVOR_STATE", "DBT_FAVOR_STATE"),
    *("HEADRACE_FAVOR_STATE_MODE", "DBT_FAVOR_STATE_MODE"),
)


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


def decide_state(
    options: Options, environ: Mapping[str, str], *, cwd: Path, root: Path
) -> StateSettings:
    """The settings of one invocation; `root` is the project's directory.

    Raises:
        UsageError: a variable that must be true or false is neither.
    """
    state = _path(options.state, _STATE, environ, cwd, root)
    defer_state = _path(options.defer_state, _DEFER_STATE, environ, cwd, root)
    return StateSettings(
        directory=state,
        defer_directory=defer_state or state,
        is_deferring=_decide(options.defer, _DEFER, environ, default=False),
        favors_state=_decide(options.favor_state, _FAVOR_STATE, environ, default=True),
    )


def find_directory(path: Path, *, cwd: Path, root: Path) -> Path:
    """A directory of artifacts: from the working directory, or else from the project's."""
    from_project = root / path
    return (
        from_project
        if not os.path.exists(cwd / path) and os.path.exists(from_project)
        else cwd / path
    )


def _first(names: Sequence[str], environ: Mapping[str, str]) -> Setting | None:
    """The best variable that is set; an empty one counts as none."""
    return next((Setting(name, environ[name]) for name in names if environ.get(name)), None)


def _decide(
    given: bool | None, names: Sequence[str], environ: Mapping[str, str], *, default: bool
) -> bool:
    if given is not None:
        return given
    setting = _first(names, environ)
    return default if setting is None else truth(setting)


def _path(
    given: Path | None, names: Sequence[str], environ: Mapping[str, str], cwd: Path, root: Path
) -> Path | None:
    setting = _first(names, environ)
    path = given
    if given is None and setting is not None:
        path = expand_home(Path(setting.value), environ)
    if path is None:
        return None
    return find_directory(path, cwd=cwd, root=root)
