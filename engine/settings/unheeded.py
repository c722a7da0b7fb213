"""What is said of flags and variables that dbt has and this version hasn't, or that are old."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..core.events import WarningRaised
from .flag import Effect, Flag
from .flags import FLAGS
from .options import Options
from .precedence import find_value, find_variable

_NOT_OF_FLAGS = frozenset(
    "DBT_DOWNLOADS_DIR DBT_DOWNLOAD_DIR DBT_HTTP_TIMEOUT DBT_RECORDED_FILE_PATH "
    "DBT_RECORDER_FILE_PATH DBT_RECORDER_MODE DBT_RECORDER_TYPES DBT_RECORDER_ROW_LIMIT "
    "DBT_RECORDER_REDACT_ENV_VARS DBT_INVOCATION_ENV DBT_PP_TEST DBT_PP_FILE_DIFF_TEST "
    "DBT_TEST_STATE_MODIFIED DBT_CLOUD_TOKEN DBT_CLOUD_ACCOUNT_ID DBT_CLOUD_ENVIRONMENT_ID".split()
)
"""The variables of dbt 1.10 that belong to no flag of its command line, but for its hub's address,
those for secrets (`DBT_ENV_SECRET_…`) and those for artifacts (`DBT_ENV_CUSTOM_ENV_…`)."""

_RENAMED = {
    "DBT_ARTIFACT_STATE_PATH": "DBT_STATE",
    "DBT_DEFER_TO_STATE": "DBT_DEFER",
    "DBT_FAVOR_STATE_MODE": "DBT_FAVOR_STATE",
    "DBT_NO_PRINT": "DBT_PRINT",
}
"""dbt's variables that have other names since 1.5."""

_ENGINE_PREFIX = "DBT_ENGINE_"


def warnings_of(options: Options, environ: Mapping[str, str]) -> Iterator[WarningRaised]:
    """A warning for each flag or variable that has no effect, and for each by an old name."""
    if options.uses_models_flag:
        yield WarningRaised(
            "ModelParamUsageDeprecation",
            "`--models`, `--model` and `-m` are old names of `--select`. Write `--select` or `-s`.",
        )
    if options.output_path is not None:
        yield WarningRaised(
            "CustomOutputPathInSourceFreshnessDeprecation",
            f"The path of sources.json by `--output {options.output_path}` goes away. Use "
            "`--target-path`.",
        )
    for old_name, new_name in _RENAMED.items():
        if environ.get(old_name):
            yield WarningRaised(
                "EnvironmentVariableRenamed",
                f"The environment variable `{old_name}` has been renamed as `{new_name}`. Set "
                "that instead.",
                data={"old_name": old_name, "new_name": new_name},
            )
    for name in options.without_effect:
        flag = FLAGS[name]
        yield _not_there(f"the flag '{flag.positive}' has no effect. {flag.help}")
    for variable in unheeded_variables(options.command, environ):
        yield _not_there(
            f"the variable '{variable}' has no effect: this version of headrace doesn't have it "
            "yet."
        )
    for variable in sorted(environ):
        if variable.startswith(_ENGINE_PREFIX) and _plain_name(variable) not in VARIABLES_OF_DBT:
            yield WarningRaised(
                "EnvironmentVariableNamespaceDeprecation",
                f"'{variable}' is no variable of dbt's, and what begins with {_ENGINE_PREFIX} is "
                "kept for those. Give it another name.",
                data={"env_var": variable, "reserved_prefix": _ENGINE_PREFIX},
            )


def with_both_names(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which each variable of dbt's has both of its names.

    `DBT_ENGINE_TARGET` is the newer name of `DBT_TARGET`, and counts where both are set.
    """
    both = dict(environ)
    for variable in VARIABLES_OF_DBT:
        newer = variable.replace("DBT_", _ENGINE_PREFIX, 1)
        if newer in environ:
            both[variable] = environ[newer]
        elif variable in environ:
            both[newer] = environ[variable]
    return both


def _plain_name(variable: str) -> str:
    return variable.replace(_ENGINE_PREFIX, "DBT_", 1)


def unheeded_variables(command: str, environ: Mapping[str, str]) -> list[str]:
    """The variables that ask for what dbt does for a command, and this version doesn't."""
    found = [variable for variable in sorted(_NOT_OF_FLAGS) if environ.get(variable)]
    for flag in FLAGS.values():
        if flag.effect in (Effect.LACKING, Effect.REFUSED) and flag.heeds_variables(command):
            setting = find_variable(flag, environ)
            if setting is not None and _asks_for_something(flag, environ):
                found.append(setting.variable)
    return found


def _asks_for_something(flag: Flag, environ: Mapping[str, str]) -> bool:
    return bool(find_value(flag.name, None, environ).value != flag.default)


def _not_there(message: str) -> WarningRaised:
    return WarningRaised("NotThereYet", message)


VARIABLES_OF_DBT = _NOT_OF_FLAGS | {
    variable.lstrip("!")
    for flag in FLAGS.values()
    for variable in flag.all_variables
    if variable.lstrip("!").startswith("DBT_")
}
"""All that dbt may know, and a few that are headrace's own."""
