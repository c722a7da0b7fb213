"""What an invocation was asked to do, as one frozen object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field


class Options(Struct, frozen=True):
    """The flags of one invocation. None means: not given.

    Relative paths count from the working directory, except that `target_path` counts from the
    project's directory, as in dbt. `state` and `defer_state` count from there as well where
    they lead nowhere from the working directory.
    """

    command: str = "run"
    invocation_command: str | None = None
    """How it was called, flags and all, where that was by the command line."""
    project_dir: Path | None = None
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None
    threads: int | None = None
    single_threaded: bool | None = None
    """Whether nodes go one after the other, whatever `threads` says."""
    vars: Mapping[str, object] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    selector: str | None = None
    indirect_selection: str | None = None
    defer: bool | None = None
    state: Path | None = None
    defer_state: Path | None = None
    favor_state: bool | None = None
    uses_models_flag: bool = False
    """Whether `select` was given by its old names, such as --models."""
    resource_types: tuple[str, ...] = ()
    exclude_resource_types: tuple[str, ...] = ()
    include_saved_query: bool | None = None
    export_saved_queries: bool | None = None
    full_refresh: bool | None = None
    lock: bool | None = None
    partial_parse: bool | None = None
    fail_fast: bool | None = None
    store_failures: bool | None = None
    empty: bool | None = None
    show: bool = False
    """Whether rows of each seed that was loaded are shown."""
    sample: str | None = None
    event_time_start: str | None = None
    event_time_end: str | None = None
    target_path: Path | None = None
    write_json: bool | None = None
    quiet: bool | None = None
    print: bool | None = None
    """Whether what templates print is shown."""
    printer_width: int | None = None
    """How many columns a log line with dots takes."""
    use_colors: bool | None = None
    debug: bool | None = None
    warn_error: bool | None = None
    warn_error_options: Mapping[str, object] | None = None
    show_all_deprecations: bool | None = None
    """Whether a deprecation is told each time that it is met, and not only once."""
    log_format: str | None = None
    log_format_file: str | None = None
    log_level: str | None = None
    log_level_file: str | None = None
    log_path: Path | None = None
    log_file_max_bytes: int | None = None
    """How many bytes the log file may have before there is a new one; 0 for any number."""
    record_timing_info: Path | None = None
    """The file for how long each function of headrace took."""
    output: str | None = None
    """The form of an answer: of `ls` its lines, of `show` and `compile` text or JSON."""
    inline: str | None = None
    """SQL to compile or to show, with its Jinja."""
    inline_direct: str | None = None
    """SQL to show, as it is."""
    introspect: bool | None = None
    """Whether templates may ask the database while nodes are compiled."""
    limit: int | None = None
    """How many rows `show` asks for; a negative number is all of them."""
    output_keys: tuple[str, ...] = ()
    version_check: bool | None = None
    upgrade: bool | None = None
    lock_only: bool | None = None
    add_package: str | None = None
    package_source: str | None = None
    output_path: Path | None = None
    connection_only: bool = False
    """Whether `debug` says nothing of the project and the profile."""
    config_dir: bool = False
    """Whether `debug` says only how to open the directory with profiles.yml."""
    clean_project_files_only: bool | None = None
    compile: bool | None = None
    """Whether `docs generate` compiles the project before it asks the database."""
    empty_catalog: bool = False
    """Whether `docs generate` leaves the database alone."""
    without_effect: tuple[str, ...] = ()
    """The names of flags that were given, and of which this version has nothing."""
    macro: str = ""
    args: Mapping[str, object] = field(default_factory=dict)

    @property
    def query(self) -> str | None:
        """The SQL that is asked for in the place of a selection, as a template."""
        if self.inline is not None or self.inline_direct is None:
            return self.inline
        escaped = self.inline_direct.encode("unicode_escape").decode().replace("'", "\\'")
        return f"{{{{ '{escaped}' }}}}"
