"""What others see of the flags: templates, the results, and the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from .flag import Known
from .flags import FLAGS
from .options import Options
from .settings import Settings

_ALSO_TOLD = (
    *("defer", "log_format_file", "log_level", "log_level_file", "log_file_max_bytes", "quiet"),
    *("populate_cache", "partial_parse_file_diff", "use_fast_test_edges", "macro_debugging"),
    *("show_all_deprecations", "show_resource_report", "upload_to_artifacts_ingest_api"),
    *("skip_nodes_if_on_run_start_fails", "source_freshness_run_project_hooks"),
    *("use_colors_file", "log_cache_events"),
)


def template_flags(settings: Settings) -> dict[str, Any]:
    """`flags` in templates; those that make no difference here are as in dbt."""
    seen = {**_told(settings), **settings.known_to(Known.TEMPLATES)}
    return {
        "WHICH": settings.command,
        "INVOCATION_COMMAND": _invocation_command(settings.command),
        **{name.upper(): value for name, value in seen.items()},
    }


def template_arguments(
    settings: Settings, options: Options, *, root: Path, log_path: Path
) -> dict[str, Any]:
    """`invocation_args_dict` in templates: what is decided, whoever has decided it, and what was
    given.
    """
    places = {"project_dir": str(root), "log_path": str(log_path)}
    told = {**_told(settings), **settings.known_to(Known.ARGUMENTS)}
    return told | places | arguments_of(options)


def _told(settings: Settings) -> dict[str, Any]:
    """Further flags that dbt tells templates of: most are about the log, or make no difference."""
    values = settings.named()
    told = {name: values[name] for name in _ALSO_TOLD if values.get(name) is not None}
    return {**told, "use_colors": values.get("use_colors") is not False}


def arguments_of(options: Options) -> dict[str, Any]:
    """The options by name, as artifacts record them: what nobody has asked for is left out."""
    arguments = msgspec.to_builtins(options, enc_hook=str)
    command = arguments.pop("command")
    asked = {name: value for name, value in arguments.items() if value or _is_always_recorded(name)}
    return {"which": command, "invocation_command": _invocation_command(command), **asked}


def _is_always_recorded(name: str) -> bool:
    return name in FLAGS and Known.RESULTS in FLAGS[name].known


def _invocation_command(command: str) -> str:
    return f"headrace {command}"
