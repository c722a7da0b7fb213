"""What an environment or a project asks for that dbt has and this version hasn't."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .errors import NotThereYetError
from .events import WarningRaised
from .project.environment import find_setting
from .project.project import Project
from .project.yaml_file import read_yaml
from .settings import FALSE, TRUE

_SELECTORS = "selectors.yml"

# What each variable may say without asking for what isn't there; a path may say nothing.
_HARMLESS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("DEFER", "DEFER_TO_STATE", "FAVOR_STATE", "FAVOR_STATE_MODE"), FALSE),
    **dict.fromkeys(("STATE", "DEFER_STATE", "ARTIFACT_STATE_PATH"), frozenset[str]()),
    "INDIRECT_SELECTION": frozenset({"eager"}),
    "INTROSPECT": TRUE,
}


def ignored_variables(environ: Mapping[str, str]) -> Iterator[WarningRaised]:
    """A warning for each variable that is meant to change what a command does, and doesn't."""
    for name, harmless in _HARMLESS.items():
        setting = find_setting(environ, name)
        if setting is not None and setting.value.strip().casefold() not in harmless:
            yield WarningRaised(
                "NotThereYet",
                f"the variable '{setting.variable}' has no effect: this version of headrace "
                "doesn't have it yet.",
            )


def refuse_default_selector(project: Project) -> None:
    """See that the project names no selection for commands that are given none.

    Raises:
        NotThereYetError: it does, and to take everything instead might do harm.
    """
    if not (project.root / _SELECTORS).is_file():
        return
    document = read_yaml(project.root / _SELECTORS, _SELECTORS)
    selectors = document.data.get("selectors") if isinstance(document.data, Mapping) else None
    for position, selector in enumerate(selectors if isinstance(selectors, list) else ()):
        if not isinstance(selector, Mapping):
            continue
        if str(selector.get("default") or "false").strip().casefold() not in FALSE:
            raise NotThereYetError(
                f"the selector '{selector.get('name')}' is the default, and this version of "
                "headrace doesn't have selectors yet. Say what to take: --select 'fqn:*' is "
                "everything.",
                location=document.locate("selectors", position, "default"),
            )
