"""Every flag, in one table: where it may be set, what it may be, and who gets to know it.

The command line, the reading of the environment, the precedence, `flags` and
`invocation_args_dict` of templates, `args` of the results, what `retry` keeps, and docs/flags.md
come from it. What it imports is read to answer `--help`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .flag import BEFORE, NOBODY, Effect, Flag, Kind, Known

LOG_FORMATS = ("default", "text", "debug", "json")
LOG_LEVELS = ("info", "debug", "warn", "error", "none")
INDIRECT_SELECTIONS = ("eager", "cautious", "buildable", "empty")
MAX_PRINTER_WIDTH = 10_000
"""How many columns a log line with dots may take."""
MAX_THREADS = 1_000
"""How many nodes may run at once. Each has a connection of its own, and no database has more."""
LOG_FILE_BYTES = 10 * 1024 * 1024
MAX_LOG_FILE_BYTES = 1 << 40
"""The longest that a log file may be told to grow."""

SWITCH, MARK, TEXT, WORDS = Kind.SWITCH, Kind.MARK, Kind.TEXT, Kind.WORDS
NUMBER, PATH, MAPPING, ARGUMENT = Kind.NUMBER, Kind.PATH, Kind.MAPPING, Kind.ARGUMENT
ENV, PROJECT, SEEN, ARGS = Known.ENVIRONMENT, Known.PROJECT, Known.TEMPLATES, Known.ARGUMENTS
ALWAYS, KEPT = Known.RESULTS, Known.RETRY
NONE, LACKING, REFUSED = Effect.NONE, Effect.LACKING, Effect.REFUSED


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


BUILDING = _set("run build seed compile clone")
SELECTING = BUILDING | _set("snapshot test ls show generate freshness")
EACH = SELECTING | _set("retry parse run-operation debug clean deps init serve")
EVERYWHERE = EACH | {BEFORE}
_NARROWING = BUILDING | _set("snapshot test ls show")
_NARROWED_BY_VARIABLE = _set("build test ls clone")
_THREADED = SELECTING - {"ls"} | _set("retry parse run-operation")
_REFRESHING = BUILDING | _set("show retry")
_LOCKING = BUILDING | _set("snapshot retry")

_EARLIER, _PROJECT, _BUILDING = "An earlier run", "The project", "Building"
_SELECTION, _ROWS, _ANSWERS = "Selection", "Rows", "Answers"
_PACKAGES, _LOGS, _WARNINGS = "Packages", "What is told", "Warnings"
_READING, _OTHERS = "Reading", "Of dbt, and without effect here"
GROUPS = (
    *(_PROJECT, _SELECTION, _EARLIER, _BUILDING, _ROWS, _ANSWERS, _PACKAGES, _READING),
    *(_LOGS, _WARNINGS, _OTHERS),
)
"""The headings, in their order."""


def _flag(
    name: str,
    kind: Kind,
    help: str,
    group: str,
    commands: frozenset[str],
    known: Known = NOBODY,
    *also: str,
    spelled: tuple[str, ...] | None = None,
    **more: Any,
) -> Flag:
    """A row. `also` are other names on the command line, `spelled` all of them."""
    dashed = name.replace("_", "-")
    if spelled is None:
        spelled = (f"--{dashed}/--no-{dashed}" if kind is SWITCH else f"--{dashed}",)
    if kind is MARK:
        more.setdefault("default", False)
    return Flag(name, kind, help, group, commands, known, (*spelled, *also), **more)


# fmt: off
_TABLE = (
    _flag("project_dir", PATH, "The directory with dbt_project.yml.", _PROJECT, EACH, ENV),
    _flag("profiles_dir", PATH, "The directory with profiles.yml.", _PROJECT, EACH, ENV),
    _flag("profile", TEXT, "The profile to use.", _PROJECT, EVERYWHERE, ENV | KEPT),
    _flag("target", TEXT, "The target to build in.", _PROJECT, EVERYWHERE, ENV | KEPT, "-t"),
    _flag("vars", MAPPING, "Variables, as a YAML or JSON mapping.", _PROJECT, EACH,
          ALWAYS | KEPT, default={}),
    _flag("target_path", PATH, "Where artifacts go.", _PROJECT, EACH, ENV),

    _flag("select", WORDS, "The nodes to include.", _SELECTION, SELECTING, ALWAYS | KEPT, "-s",
          default=()),
    _flag("models", WORDS, "Old names of --select.", _SELECTION, SELECTING, NOBODY, "-m",
          "--model", default=()),
    _flag("exclude", WORDS, "The nodes to leave out.", _SELECTION, SELECTING, ALWAYS | KEPT,
          default=()),
    _flag("selector", TEXT, "A selection of selectors.yml, by its name.", _SELECTION, SELECTING,
          KEPT),
    _flag("resource_types", WORDS, "Only nodes of this type.", _SELECTION, _NARROWING,
          ENV | KEPT, spelled=("--resource-type", "--resource-types"), default=(),
          variables_for=_NARROWED_BY_VARIABLE),
    _flag("exclude_resource_types", WORDS, "No nodes of this type.", _SELECTION, _NARROWING,
          ENV | KEPT, spelled=("--exclude-resource-type", "--exclude-resource-types"),
          default=(), variables_for=_NARROWED_BY_VARIABLE),
    _flag("indirect_selection", TEXT,
          "Which tests come along with their nodes: eager, cautious, buildable or empty.",
          _SELECTION, EVERYWHERE, ENV | PROJECT | SEEN | ARGS | KEPT,
          choices=INDIRECT_SELECTIONS, default="eager"),
    _flag("include_saved_query", SWITCH,
          "Take saved queries along; with --no-include-saved-query, leave them out.",
          _SELECTION, _set("build"), ENV | SEEN | KEPT, default=True),
    _flag("export_saved_queries", SWITCH,
          "Seen by templates and kept with the results. As in dbt's own engine nothing is "
          "exported.", _SELECTION, _set("build"), ENV | SEEN | KEPT, default=False),

    _flag("state", PATH, "The directory with an earlier run's artifacts.", _EARLIER, EVERYWHERE,
          ENV | KEPT, variables=("HEADRACE_ARTIFACT_STATE_PATH", "DBT_ARTIFACT_STATE_PATH",
          "ARTIFACT_STATE_PATH")),
    _flag("defer", SWITCH, "Read what isn't selected from where the earlier run has built it.",
          _EARLIER, EVERYWHERE, ENV | KEPT, default=False,
          variables=("HEADRACE_DEFER_TO_STATE", "DBT_DEFER_TO_STATE", "DEFER_MODE")),
    _flag("defer_state", PATH, "The artifacts to defer to, if not those of --state.", _EARLIER,
          EVERYWHERE, ENV | KEPT),
    _flag("favor_state", SWITCH, "Defer also where the target has a relation of its own.",
          _EARLIER, EVERYWHERE, ENV | KEPT, default=True,
          variables=("HEADRACE_FAVOR_STATE_MODE", "DBT_FAVOR_STATE_MODE")),

    _flag("fail_fast", SWITCH, "Stop at the first failure.", _BUILDING, EVERYWHERE,
          ENV | PROJECT | SEEN | KEPT, "-x", default=False),
    _flag("threads", NUMBER, "How many nodes are built at a time.", _BUILDING, _THREADED,
          ENV | KEPT, limits=(1, MAX_THREADS)),
    _flag("single_threaded", SWITCH, "One node at a time, whatever else is said.", _BUILDING,
          EVERYWHERE, ENV | KEPT, default=False),
    _flag("full_refresh", SWITCH, "Build incremental models and seeds anew.", _BUILDING,
          _REFRESHING, ENV | SEEN | KEPT, "-f", default=False),
    _flag("lock", SWITCH, "Wait while another run builds in the same schemas.", _BUILDING,
          _LOCKING, ENV | PROJECT | KEPT, default=True),
    _flag("store_failures", SWITCH, "Keep the rows that tests find in relations.", _BUILDING,
          _set("build test"), ENV | SEEN | KEPT, default=False),
    _flag("skip_nodes_if_on_run_start_fails", SWITCH,
          "Build nothing when a hook of on-run-start has failed.", _BUILDING, EACH,
          ENV | PROJECT, spelled=(), default=False),
    _flag("source_freshness_run_project_hooks", SWITCH,
          "Run the hooks of the project also around a look at freshness.", _BUILDING,
          _set("freshness"), PROJECT, spelled=(), default=True),

    _flag("empty", SWITCH, "Build the relations without rows: refs and sources give none.",
          _ROWS, _set("build compile run snapshot"), ENV | SEEN | ARGS | KEPT, default=False),
    _flag("sample", TEXT, "Read the rows of a window only, such as '3 days'.", _ROWS,
          _set("build run"), ENV | KEPT),
    _flag("event_time_start", TEXT, "Where the batches of microbatch models begin.", _ROWS,
          _set("build run"), ENV | KEPT),
    _flag("event_time_end", TEXT, "Where they end.", _ROWS, _set("build run"), ENV | KEPT),

    _flag("macro", ARGUMENT, "The macro's name, or package.name.", _ANSWERS,
          _set("run-operation"), KEPT, spelled=(), default=""),
    _flag("args", MAPPING, "Its arguments, as a YAML or JSON mapping.", _ANSWERS,
          _set("run-operation"), KEPT, default={}),
    _flag("output", TEXT,
          "The form of the answer: selector, name, path or json of ls, and text or json of the "
          "others.", _ANSWERS, _set("ls show compile")),
    _flag("output_keys", WORDS, "The keys of --output json.", _ANSWERS, _set("ls"), default=()),
    _flag("inline", TEXT, "SQL in the place of a selection, with its Jinja.", _ANSWERS,
          _set("show compile")),
    _flag("inline_direct", TEXT, "SQL in the place of a selection, as it is: no Jinja is "
          "rendered in it.", _ANSWERS, _set("show")),
    _flag("introspect", SWITCH, "Let templates ask the database while they are compiled; with "
          "--no-introspect, compile asks only what is in a schema, where a template wants to know.",
          _ANSWERS, _set("compile show"),
          ENV | SEEN | ARGS, default=True, variables_for=EACH),
    _flag("limit", NUMBER, "How many rows; -1 for all. 5 by default.", _ANSWERS, _set("show")),
    _flag("show", MARK, "Show rows of each seed that was loaded.", _ANSWERS,
          _set("seed build"), KEPT),
    _flag("output_path", PATH, "Where sources.json goes, in the place of the target directory.",
          _ANSWERS, _set("freshness"), spelled=("--output", "-o")),
    _flag("compile", SWITCH, "Compile the nodes before.", _ANSWERS, _set("generate"),
          default=True),
    _flag("empty_catalog", MARK, "Ask the database nothing.", _ANSWERS, _set("generate")),
    _flag("connection_only", MARK, "Say only whether the connection works.", _ANSWERS,
          _set("debug"), spelled=("--connection",)),
    _flag("config_dir", MARK, "Say only how to open the directory with profiles.yml.", _ANSWERS,
          _set("debug")),
    _flag("clean_project_files_only", SWITCH,
          "Delete nothing outside of the project; with --no-clean-project-files-only, also "
          "there.", _ANSWERS, _set("clean"), ENV, default=True),

    _flag("upgrade", MARK, "Look for newer versions than those of package-lock.yml.", _PACKAGES,
          _set("deps")),
    _flag("lock_only", MARK, "Write package-lock.yml, and install nothing.", _PACKAGES,
          _set("deps"), spelled=("--lock",)),
    _flag("add_package", TEXT, "Add name@version to packages.yml, and install it.", _PACKAGES,
          _set("deps")),
    _flag("package_source", TEXT, "Where --add-package is from: hub, git or local.", _PACKAGES,
          _set("deps"), spelled=("--source",), choices=("hub", "git", "local"), default="hub"),
    _flag("package_hub_url", TEXT, "Where the index of packages is.", _PACKAGES, _set("deps"),
          ENV, spelled=()),

    _flag("partial_parse", SWITCH, "Use what the last parse found out.", _READING, EVERYWHERE,
          ENV | PROJECT | SEEN | ARGS, default=True),
    _flag("version_check", SWITCH, "Heed require-dbt-version.", _READING, EVERYWHERE,
          ENV | PROJECT | SEEN | ARGS | KEPT, default=True),

    _flag("quiet", SWITCH, "Errors only.", _LOGS, EVERYWHERE, ENV | SEEN | ALWAYS,
          "-q", default=False),
    _flag("print", SWITCH, "Show what templates print.", _LOGS, EVERYWHERE,
          ENV | SEEN | ARGS, default=True, variables=("!DBT_NO_PRINT",)),
    _flag("printer_width", NUMBER, "How wide log lines with dots are.", _LOGS, EVERYWHERE,
          ENV | PROJECT | SEEN | ARGS, limits=(1, MAX_PRINTER_WIDTH), default=80),
    _flag("use_colors", SWITCH, "Colours; by default as the terminal has them.", _LOGS,
          EVERYWHERE, ENV | PROJECT),
    _flag("debug", SWITCH, "Show the debug log, and tracebacks of internal errors.", _LOGS,
          EVERYWHERE, ENV | PROJECT | SEEN, "-d", default=False),
    _flag("log_format", TEXT, "text or json: the form of the log lines.", _LOGS, EVERYWHERE,
          ENV | PROJECT | SEEN | ARGS, choices=LOG_FORMATS, default="default"),
    _flag("log_format_file", TEXT, "text or json: the form of the log file.", _LOGS, EVERYWHERE,
          ENV | PROJECT, choices=LOG_FORMATS, default="debug", follows="log_format"),
    _flag("log_level", TEXT, "debug, info, warn, error or none: what is shown, and kept.", _LOGS,
          EVERYWHERE, ENV | PROJECT, choices=LOG_LEVELS, default="info"),
    _flag("log_level_file", TEXT, "What is kept in the log file; debug by default.", _LOGS,
          EVERYWHERE, ENV | PROJECT, choices=LOG_LEVELS, default="debug", follows="log_level"),
    _flag("log_path", PATH, "Where the log file goes.", _LOGS, EVERYWHERE, ENV),
    _flag("log_file_max_bytes", NUMBER,
          "How long the log file may grow before there is a new one; 0 for any length.", _LOGS,
          EVERYWHERE, ENV, limits=(0, MAX_LOG_FILE_BYTES), default=LOG_FILE_BYTES),
    _flag("write_json", SWITCH, "Write manifest.json and run_results.json.", _LOGS, EVERYWHERE,
          ENV | PROJECT | SEEN | ARGS | ALWAYS, default=True),
    _flag("record_timing_info", PATH,
          "Write into this file how long each function of headrace took, as cProfile has it.",
          _LOGS, EVERYWHERE, NOBODY, "-r"),

    _flag("warn_error", SWITCH, "Every warning is an error.", _WARNINGS, EVERYWHERE,
          ENV | PROJECT | SEEN, default=False),
    _flag("warn_error_options", MAPPING,
          "Which warnings are errors: a mapping with error, warn and silence.", _WARNINGS,
          EVERYWHERE, ENV | PROJECT),
    _flag("show_all_deprecations", SWITCH, "Show each deprecation each time, and not only once.",
          _WARNINGS, EVERYWHERE, NOBODY, default=False),

    _flag("cache_selected_only", SWITCH, "The schemas of what is selected are looked at, and no "
          "others.", _OTHERS, EVERYWHERE, ENV | PROJECT | SEEN | ARGS, effect=NONE,
          default=False),
    _flag("populate_cache", SWITCH, "Schemas are looked at once, before the first node.",
          _OTHERS, EVERYWHERE, ENV | PROJECT, effect=NONE, default=True),
    _flag("log_cache_events", SWITCH, "There are no such events.", _OTHERS, EVERYWHERE,
          ENV | PROJECT, effect=NONE, default=False),
    _flag("static_parser", SWITCH, "What can be read without rendering it always is.", _OTHERS,
          EVERYWHERE, ENV | PROJECT | SEEN | ARGS, effect=NONE, default=True),
    _flag("use_experimental_parser", SWITCH, "There is one parser.", _OTHERS, EVERYWHERE,
          ENV | PROJECT | SEEN, effect=NONE, default=False),
    _flag("partial_parse_file_path", PATH, "The parse cache stays in the target directory.",
          _OTHERS, EVERYWHERE, ENV, effect=NONE),
    _flag("partial_parse_file_diff", SWITCH, "Files are always told apart by their texts.",
          _OTHERS, EVERYWHERE, ENV, effect=NONE, default=True),
    _flag("use_fast_test_edges", SWITCH, "The graph has no edges for tests to be made fast.",
          _OTHERS, EVERYWHERE, ENV, effect=NONE, default=False),
    _flag("use_colors_file", SWITCH, "The log file never has colours.", _OTHERS, EVERYWHERE,
          ENV | PROJECT, effect=NONE, default=True),
    _flag("send_anonymous_usage_stats", SWITCH, "Nothing is sent to anybody.", _OTHERS,
          EVERYWHERE, ENV | PROJECT | SEEN | ARGS, effect=NONE, default=False),
    _flag("upload_to_artifacts_ingest_api", SWITCH, "Artifacts aren't sent to anybody.", _OTHERS,
          EVERYWHERE, ENV, effect=LACKING, default=False),
    _flag("macro_debugging", SWITCH, "Templates run as they are, and no macros are written to "
          "files for a debugger.", _OTHERS, EVERYWHERE, ENV, effect=LACKING, default=False),
    _flag("show_resource_report", SWITCH, "No memory and time of the process are reported.",
          _OTHERS, frozenset({BEFORE}), ENV, effect=LACKING, default=False),
    _flag("inject_ephemeral_ctes", SWITCH, "Ephemeral models always stand in what is compiled.",
          _OTHERS, _set("compile"), effect=LACKING, default=True),
    _flag("static", MARK, "There is no page of the documentation.", _OTHERS, _set("generate"),
          effect=REFUSED),
    _flag("browser", SWITCH, "There is no server of the documentation.", _OTHERS, _set("serve"),
          effect=LACKING, default=True),
    _flag("host", TEXT, "There is no server of the documentation.", _OTHERS, _set("serve"), ENV,
          effect=LACKING),
    _flag("port", NUMBER, "There is no server of the documentation.", _OTHERS, _set("serve"),
          effect=LACKING),
    _flag("skip_profile_setup", MARK, "There is no command that makes profiles.", _OTHERS,
          _set("init"), NOBODY, "-s", effect=LACKING),
)
# fmt: on

FLAGS: Mapping[str, Flag] = {flag.name: flag for flag in _TABLE}
"""Each flag by its name, in the order in which help has them."""


def flags_of(command: str) -> list[Flag]:
    """The flags that a command takes on the command line, or those that stand before it."""
    taken = (flag for flag in _TABLE if command in flag.commands)
    return [flag for flag in taken if flag.spellings or flag.kind is ARGUMENT]
