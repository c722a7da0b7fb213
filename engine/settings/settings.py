"""What holds in an invocation: every flag decided, in one frozen object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, structs

from .behaviour import behaviour_of
from .flag import Effect, Known
from .flags import FLAGS
from .precedence import Sources
from .warning_policy import Warn, WarningPolicy, policy_of


class ProjectSettings(Struct, frozen=True):
    """Which project, profile and target, and where their files go. Paths as they were given."""

    project_dir: Path | None
    profiles_dir: Path | None
    profile: str | None
    target: str | None
    vars: Mapping[str, object]
    target_path: Path | None
    log_path: Path | None
    partial_parse: bool
    version_check: bool


class SelectionSettings(Struct, frozen=True):
    """Which nodes."""

    select: tuple[str, ...]
    exclude: tuple[str, ...]
    selector: str | None
    resource_types: tuple[str, ...]
    exclude_resource_types: tuple[str, ...]
    indirect_selection: str
    include_saved_query: bool
    export_saved_queries: bool


class EarlierSettings(Struct, frozen=True):
    """Of an earlier run: where its artifacts are, and whether references are deferred to it."""

    state: Path | None
    defer: bool
    defer_state: Path | None
    favor_state: bool


class BuildSettings(Struct, frozen=True):
    """How nodes are built, and of which rows."""

    fail_fast: bool
    threads: int | None
    """None where the profile decides."""
    single_threaded: bool
    full_refresh: bool
    lock: bool
    store_failures: bool
    skip_nodes_if_on_run_start_fails: bool
    source_freshness_run_project_hooks: bool
    empty: bool
    sample: str | None
    event_time_start: str | None
    event_time_end: str | None


class AnswerSettings(Struct, frozen=True):
    """What single commands are asked."""

    macro: str
    args: Mapping[str, object]
    output: str | None
    output_keys: tuple[str, ...]
    output_path: Path | None
    inline: str | None
    inline_direct: str | None
    introspect: bool
    limit: int | None
    show: bool
    compile: bool
    empty_catalog: bool
    connection_only: bool
    config_dir: bool
    clean_project_files_only: bool


class PackageSettings(Struct, frozen=True):
    """What is to be installed."""

    upgrade: bool
    lock_only: bool
    add_package: str | None
    package_source: str | None
    package_hub_url: str | None


class ReportSettings(Struct, frozen=True):
    """How much is told, in which form, and which files are written."""

    quiet: bool
    print: bool
    printer_width: int
    use_colors: bool | None
    """None where the terminal decides."""
    debug: bool
    log_format: str
    log_format_file: str
    log_level: str
    log_level_file: str
    log_file_max_bytes: int
    write_json: bool
    warn_error: bool
    show_all_deprecations: bool
    record_timing_info: Path | None


class Settings(Struct, frozen=True):
    """All flags of an invocation, as they are settled."""

    command: str
    project: ProjectSettings
    selection: SelectionSettings
    earlier: EarlierSettings
    build: BuildSettings
    answer: AnswerSettings
    packages: PackageSettings
    report: ReportSettings
    warnings: WarningPolicy
    behaviour: Mapping[str, bool]

    def named(self) -> dict[str, object]:
        """Each flag's value by its name; of one that comes to nothing here, the default."""
        found: dict[str, object] = {
            flag.name: flag.default for flag in FLAGS.values() if flag.effect is not Effect.HEEDED
        }
        for name in _SECTIONS:
            found |= structs.asdict(getattr(self, name))
        return found

    def known_to(self, who: Known) -> dict[str, object]:
        """The values of those flags that somebody gets to know."""
        values = self.named()
        return {name: values[name] for name in values if who in FLAGS[name].known}


_SECTIONS = tuple(
    name for name in Settings.__struct_fields__ if name not in ("command", "warnings", "behaviour")
)


def settings_from(sources: Sources, warn: Warn | None = None) -> Settings:
    """Decide every flag. `warn` hears of old spellings.

    Raises:
        UsageError: a flag or a variable is what it can't be, or two exclude each other.
    """
    return Settings(
        command=sources.given.command,
        project=sources.section(ProjectSettings),
        selection=sources.section(SelectionSettings),
        earlier=sources.section(EarlierSettings),
        build=sources.section(BuildSettings),
        answer=sources.section(AnswerSettings),
        packages=sources.section(PackageSettings),
        report=sources.section(ReportSettings),
        warnings=policy_of(sources, warn),
        behaviour=behaviour_of(sources.project),
    )
