"""Flags that several places may set, decided.

A flag beats an environment variable (`HEADRACE_X` before `DBT_X`), which beats the project's
`flags:`, which beats the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..core.errors import UsageError, did_you_mean
from ..project.environment_variables import Setting, find_setting

TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
FALSE = frozenset({"0", "false", "f", "no", "n", "off"})


def decide(
    name: str,
    given: bool | None,
    environ: Mapping[str, str],
    project_flags: Mapping[str, object] | None = None,
    *,
    default: bool = False,
) -> bool:
    """A yes or no from the flag, the environment, the project or the default, in this order.

    `name` is the flag's: "fail_fast" is `DBT_FAIL_FAST` in the environment. An empty variable
    counts as none.

    Raises:
        UsageError: the variable is neither true nor false.
    """
    if given is not None:
        return given
    setting = find_setting(environ, name.upper())
    if setting is not None:
        return truth(setting)
    configured = (project_flags or {}).get(name)
    return configured if isinstance(configured, bool) else default


def truth(setting: Setting) -> bool:
    """What a variable says that is a yes or a no.

    Raises:
        UsageError: it says neither.
    """
    folded = setting.value.strip().casefold()
    if folded in TRUE:
        return True
    if folded in FALSE:
        return False
    raise UsageError(f"{setting.variable} is '{setting.value}', and must be true or false.")


def choose(
    name: str,
    given: str | None,
    environ: Mapping[str, str],
    choices: Sequence[str],
    project_flags: Mapping[str, object] | None = None,
) -> str:
    """One of the choices, from the flag, the environment or the project; else the first.

    Raises:
        UsageError: it is none of them.
    """
    setting = find_setting(environ, name.upper())
    if given is not None:
        value, place = given, f"--{name.replace('_', '-')}"
    elif setting is not None:
        value, place = setting.value, setting.variable
    else:
        configured = (project_flags or {}).get(name)
        # What the project says amiss is told where it is read, with its place.
        return str(configured) if configured in choices else choices[0]
    if value not in choices:
        raise UsageError(
            f"{place} is '{value}', and must be one of {', '.join(choices)}."
            f"{did_you_mean(value, choices)}"
        )
    return value
