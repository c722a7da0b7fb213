"""The flags of each command, as typer reads them: what is said of them, and their variables."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args

import typer


def _flag(help: str, *names: str, kind: Any = bool) -> Any:
    """A flag that may be left out: None then, so that something else decides."""
    return Annotated[kind | None, typer.Option(*names, help=help)]


_SELECTING: dict[str, Any] = {
    "select": _flag("The nodes to include.", "--select", "-s", kind=list[str]),
    "models": _flag("Old names of --select.", "--models", "-m", "--model", kind=list[str]),
    "exclude": _flag("The nodes to leave out.", "--exclude", kind=list[str]),
    "selector": _flag("A selection of selectors.yml, by its name.", "--selector", kind=str),
    "indirect_selection": _flag(
        "Which tests come along with their nodes: eager, cautious, buildable or empty. "
        "[env: DBT_INDIRECT_SELECTION]",
        "--indirect-selection",
        kind=str,
    ),
    "state": _flag(
        "The directory with an earlier run's artifacts. [env: DBT_STATE]", "--state", kind=Path
    ),
    "defer": _flag(
        "Read what isn't selected from where the earlier run has built it. [env: DBT_DEFER]",
        "--defer/--no-defer",
    ),
    "defer_state": _flag(
        "The artifacts to defer to, if not those of --state. [env: DBT_DEFER_STATE]",
        "--defer-state",
        kind=Path,
    ),
    "favor_state": _flag(
        "Defer also where the target has a relation of its own. [env: DBT_FAVOR_STATE]",
        "--favor-state/--no-favor-state",
    ),
}
_NARROWING: dict[str, Any] = {
    "resource_type": _flag(
        "Only nodes of this type.", "--resource-type", "--resource-types", kind=list[str]
    ),
    "exclude_resource_type": _flag(
        "No nodes of this type.",
        *("--exclude-resource-type", "--exclude-resource-types"),
        kind=list[str],
    ),
}
_RUNNING: dict[str, Any] = {
    "fail_fast": _flag(
        "Stop at the first failure. [env: DBT_FAIL_FAST]", "--fail-fast/--no-fail-fast", "-x"
    ),
    "threads": Annotated[
        int | None,
        typer.Option(min=1, help="How many nodes are built at a time. [env: DBT_THREADS]"),
    ],
    "single_threaded": _flag(
        "One node at a time, whatever else is said. [env: DBT_SINGLE_THREADED]",
        "--single-threaded/--no-single-threaded",
    ),
}
_REFRESHING: dict[str, Any] = {
    "full_refresh": _flag(
        "Build incremental models and seeds anew. [env: DBT_FULL_REFRESH]",
        *("--full-refresh/--no-full-refresh", "-f"),
    ),
    "lock": _flag(
        "Wait while another run builds in the same schemas. [env: DBT_LOCK]", "--lock/--no-lock"
    ),
}
_WINDOWS: dict[str, Any] = {
    "empty": _flag(
        "Build the relations without rows: refs and sources give none. [env: DBT_EMPTY]",
        "--empty/--no-empty",
    ),
    "sample": _flag(
        "Read the rows of a window only, such as '3 days'. [env: DBT_SAMPLE]",
        "--sample",
        kind=str,
    ),
    "event_time_start": _flag(
        "Where the batches of microbatch models begin. [env: DBT_EVENT_TIME_START]",
        "--event-time-start",
        kind=str,
    ),
    "event_time_end": _flag(
        "Where they end. [env: DBT_EVENT_TIME_END]", "--event-time-end", kind=str
    ),
}
STORING: dict[str, Any] = {
    "store_failures": _flag(
        "Keep the rows that tests find in relations. [env: DBT_STORE_FAILURES]",
        "--store-failures/--no-store-failures",
    ),
}
_SHOWING: dict[str, Any] = {
    "show": Annotated[bool, typer.Option("--show", help="Show rows of each seed that was loaded.")],
}
_LISTING: dict[str, Any] = {
    "output": _flag("selector, name, path or json.", "--output", kind=str),
    "output_keys": _flag("The keys of --output json.", "--output-keys", kind=list[str]),
}
_FINDING: dict[str, Any] = {
    "vars": _flag("Variables, as a YAML or JSON mapping.", "--vars", kind=str),
    "project_dir": _flag(
        "The directory with dbt_project.yml. [env: DBT_PROJECT_DIR]", "--project-dir", kind=Path
    ),
    "profiles_dir": _flag(
        "The directory with profiles.yml. [env: DBT_PROFILES_DIR]", "--profiles-dir", kind=Path
    ),
    "profile": _flag("The profile to use. [env: DBT_PROFILE]", "--profile", kind=str),
    "target": _flag("The target to build in. [env: DBT_TARGET]", "--target", "-t", kind=str),
    "partial_parse": _flag(
        "Use what the last parse found out. [env: DBT_PARTIAL_PARSE]",
        "--partial-parse/--no-partial-parse",
    ),
    "target_path": _flag("Where artifacts go. [env: DBT_TARGET_PATH]", "--target-path", kind=Path),
    "version_check": _flag(
        "Heed require-dbt-version. [env: DBT_VERSION_CHECK]", "--version-check/--no-version-check"
    ),
}
INSTALLING: dict[str, Any] = {
    "upgrade": _flag("Look for newer versions than those of package-lock.yml.", "--upgrade"),
    "lock_only": _flag("Write package-lock.yml, and install nothing.", "--lock"),
    "add_package": _flag(
        "Add name@version to packages.yml, and install it.", "--add-package", kind=str
    ),
    "package_source": _flag(
        "Where --add-package is from: hub, git or local.", "--source", kind=str
    ),
}
_TELLING: dict[str, Any] = {
    "quiet": _flag("Errors only. [env: DBT_QUIET]", "--quiet/--no-quiet", "-q"),
    "print": _flag("Show what templates print. [env: DBT_PRINT]", "--print/--no-print"),
    "printer_width": Annotated[
        int | None,
        typer.Option(min=1, help="How wide log lines with dots are. [env: DBT_PRINTER_WIDTH]"),
    ],
    "use_colors": _flag("Colours. [env: NO_COLOR]", "--use-colors/--no-use-colors"),
    "debug": _flag("Tracebacks of internal errors. [env: DBT_DEBUG]", "--debug/--no-debug", "-d"),
    "log_format": _flag(
        "text or json: the form of the log lines. [env: DBT_LOG_FORMAT]", "--log-format", kind=str
    ),
    "log_level": _flag(
        "debug, info, warn, error or none: what is shown, and kept. [env: DBT_LOG_LEVEL]",
        "--log-level",
        kind=str,
    ),
    "log_level_file": _flag(
        "What is kept in the log file; debug by default. [env: DBT_LOG_LEVEL_FILE]",
        "--log-level-file",
        kind=str,
    ),
    "log_format_file": _flag(
        "text or json: the form of the log file. [env: DBT_LOG_FORMAT_FILE]",
        "--log-format-file",
        kind=str,
    ),
    "log_path": _flag("Where the log file goes. [env: DBT_LOG_PATH]", "--log-path", kind=Path),
    "warn_error": _flag(
        "Every warning is an error. [env: DBT_WARN_ERROR]", "--warn-error/--no-warn-error"
    ),
    "warn_error_options": _flag(
        "Which warnings are errors: a mapping with error, warn and silence. "
        "[env: DBT_WARN_ERROR_OPTIONS]",
        "--warn-error-options",
        kind=str,
    ),
    "write_json": _flag(
        "Write manifest.json and run_results.json. [env: DBT_WRITE_JSON]",
        "--write-json/--no-write-json",
    ),
}
EVERYWHERE = {
    **_TELLING,
    "fail_fast": _RUNNING["fail_fast"],
    "partial_parse": _FINDING["partial_parse"],
    "version_check": _FINDING["version_check"],
}
BUILDING = {
    **_SELECTING,
    **_NARROWING,
    **_RUNNING,
    **_REFRESHING,
    **_WINDOWS,
    **_FINDING,
    **_TELLING,
}
SNAPSHOTTING = {
    name: flag
    for name, flag in BUILDING.items()
    if name not in ("full_refresh", "sample", "event_time_start", "event_time_end")
}
TESTING = {**_SELECTING, **_NARROWING, **_RUNNING, **STORING, **_FINDING, **_TELLING}
NAMING = {**_SELECTING, **_NARROWING, **_LISTING, **_FINDING, **_TELLING}
LOOKING = {**_FINDING, **_TELLING}
DEBUGGING: dict[str, Any] = {
    "connection_only": Annotated[
        bool, typer.Option("--connection", help="Say only whether the connection works.")
    ],
    **LOOKING,
}
OPERATING: dict[str, Any] = {
    "macro": Annotated[str, typer.Argument(help="The macro's name, or package.name.")],
    "args": _flag("Its arguments, as a YAML or JSON mapping.", "--args", kind=str),
    **_FINDING,
    **_TELLING,
    "threads": _RUNNING["threads"],
}
CHECKING: dict[str, Any] = {
    **_SELECTING,
    **_FINDING,
    **_TELLING,
    "threads": _RUNNING["threads"],
    "output_path": _flag(
        "Where sources.json goes, in the place of the target directory.",
        *("--output", "-o"),
        kind=Path,
    ),
}
RETRYING: dict[str, Any] = {
    "state": _flag("The directory with the results of the run to retry.", "--state", kind=Path),
    "defer_state": _SELECTING["defer_state"],
    **_RUNNING,
    **_REFRESHING,
    **_FINDING,
    **_TELLING,
}
_ANSWERING: dict[str, Any] = {
    "inline": _flag("SQL in the place of a selection, with its Jinja.", "--inline", kind=str),
    "output": _flag("text or json: the form of the answer.", "--output", kind=str),
}
COMPILING = {**BUILDING, **_ANSWERING}
PREVIEWING: dict[str, Any] = {
    **_SELECTING,
    **_NARROWING,
    **_ANSWERING,
    "limit": _flag("How many rows; -1 for all. 5 by default.", "--limit", kind=int),
    "full_refresh": _REFRESHING["full_refresh"],
    "threads": _RUNNING["threads"],
    **_FINDING,
    **_TELLING,
}
DOCUMENTING: dict[str, Any] = {
    **_SELECTING,
    "compile": _flag("Compile the nodes before.", "--compile/--no-compile"),
    "empty_catalog": Annotated[
        bool, typer.Option("--empty-catalog", help="Ask the database nothing.")
    ],
    "threads": _RUNNING["threads"],
    **_FINDING,
    **_TELLING,
}
SEEDING = {**BUILDING, **_SHOWING}
_PRESET = {
    "macro": inspect.Parameter.empty,
    "show": False,
    "connection_only": False,
    "empty_catalog": False,
}
"""What a flag is when it isn't given, where that isn't None. An empty one must be given."""


def names_with_value(flags: dict[str, Any]) -> frozenset[str]:
    """The names on the command line of those flags that are followed by a value."""
    names: set[str] = set()
    for name, annotation in flags.items():
        kind, option = get_args(annotation)
        if bool not in get_args(kind):
            names.update(option.param_decls or [f"--{name.replace('_', '-')}"])
    return frozenset(names)


def taking(flags: dict[str, Any], function: Callable[..., None]) -> Callable[..., None]:
    """A function of a context and flags, with the signature that typer reads them off."""

    def command(context: typer.Context, **given: Any) -> None:
        function(context, given)

    context = inspect.Parameter(
        "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_PRESET.get(name),
            annotation=annotation,
        )
        for name, annotation in flags.items()
    ]
    command.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined] # what inspect looks for
    command.__annotations__ = {"context": typer.Context, **flags}
    return command
