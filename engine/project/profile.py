"""profiles.yml: which database to use, and how to get in.

No message of this module shows a value of the file, only its keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

from ...adapters.base import Target
from ..core.errors import Location, ProfileError
from ..core.events import WarningRaised
from ..core.nouns import noun_of
from ..core.numbers import is_within
from ..settings.flags import MAX_THREADS
from ..settings.precedence import find_value
from .profiles_file import as_mapping, find_profiles, profile_names, raw_profile, read_profiles
from .project import Project
from .render import Renderer
from .secrets import is_secret_key
from .yaml_file import YamlDocument

# Databases that have a schema of their own without being told.
_DEFAULT_SCHEMAS = {"sqlite": "main", "duckdb": "main"}

# What an adapter calls the database, best first.
_DATABASE_KEYS = ("database", "dbname", "project", "catalog")

# Keys whose values are texts by nature, even where they look like a number.
_TEXT_KEYS = frozenset(
    {*_DATABASE_KEYS, "type", "schema", "dataset", "user", "username", "role", "host", "server"}
    | {"account", "warehouse", "path", "sslmode"}
)

# A URL in the place of a database's key; where it can't be read, the adapter says why.
_URL_KEY = "dsn"
_URL_DATABASE = re.compile(r"[a-z]+://[^/?#]*/([^/@?#]+)(?:\?[^@#]*)?")

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")

# Keys of an output that became fields of the target.
_FIELD_KEYS = frozenset({"type", "schema", "threads"})


def load_target(
    project: Project,
    *,
    profiles_dir: Path | None,
    profile: str | None,
    target: str | None,
    threads: int | None,
    cli_vars: Mapping[str, object],
    environ: Mapping[str, str],
    cwd: Path,
    names: Mapping[str, object] | None = None,
    warn: Callable[[WarningRaised], None] | None = None,
) -> Target:
    """The target to run against: one output of one profile, rendered and checked.

    The profile is the flag's or else the project's, the target the flag's, the environment's,
    the profile's own or else "default". Threads: flag, environment, profile, 1.

    Raises:
        YamlError: profiles.yml isn't YAML.
        ProfileError: there is no such profile or target, or it says what it can't.
        UsageError: the flag's or the environment's number of threads is none.
    """
    name = find_value("profile", profile, environ).value or project.profile_name
    if name is None:
        raise ProfileError(
            "No profile was specified for this project. Add a line `profile: …` to its "
            "dbt_project.yml, or use --profile.",
            location=Location(project.document.display),
        )
    source = find_profiles(project.root, profiles_dir=profiles_dir, environ=environ, cwd=cwd)
    document = read_profiles(source, name)
    if warn is not None:
        for warning in document.warnings():
            warn(warning)
    return _target_of(
        document,
        name,
        project.root,
        target=target,
        threads=threads,
        environ=environ,
        renderer=_renderer(cli_vars, environ, names),
    )


def load_target_alone(
    *,
    profiles_dir: Path | None,
    profile: str | None,
    target: str | None,
    cli_vars: Mapping[str, object],
    environ: Mapping[str, str],
    cwd: Path,
    names: Mapping[str, object] | None = None,
) -> Target:
    """The target where there is no project: that of the flag's profile, or else the only one.

    Raises:
        YamlError: profiles.yml isn't YAML.
        ProfileError: there is no such profile or target, or it says what it can't.
    """
    name = find_value("profile", profile, environ).value
    source = find_profiles(cwd, profiles_dir=profiles_dir, environ=environ, cwd=cwd)
    if name is None:
        known = profile_names(source)
        if len(known) != 1:
            listed = ", ".join(f"'{key}'" for key in known) or "none"
            raise ProfileError(
                f"No profile was specified. Say which one with --profile; there are: {listed}."
            )
        (name,) = known
    document = read_profiles(source, name)
    return _target_of(
        document,
        name,
        cwd,
        target=target,
        threads=None,
        environ=environ,
        renderer=_renderer(cli_vars, environ, names),
    )


def _renderer(
    cli_vars: Mapping[str, object], environ: Mapping[str, str], names: Mapping[str, object] | None
) -> Renderer:
    """What renders profiles.yml: it may read secret variables."""
    return Renderer(
        environ=environ, cli_vars=cli_vars, names=names, error=ProfileError, with_secrets=True
    )


def _target_of(
    document: YamlDocument,
    name: str,
    root: Path,
    *,
    target: str | None,
    threads: int | None,
    environ: Mapping[str, str],
    renderer: Renderer,
) -> Target:
    reader = _ProfileReader(document, name, renderer)
    target_name = find_value("target", target, environ).value or reader.default_target()
    output = reader.output(target_name)
    kind = reader.required_text(target_name, output, "type")
    database = next((key for key in _DATABASE_KEYS if output.get(key) is not None), None)
    return Target(
        type=kind,
        name=target_name,
        profile_name=name,
        schema=reader.schema(target_name, output, kind),
        database=(
            reader.required_text(target_name, output, database)
            if database
            else _database_of_url(output.get(_URL_KEY))
        ),
        threads=find_value("threads", threads, environ).value
        or reader.threads(target_name, output),
        project_root=root,
        keys={key: value for key, value in output.items() if key not in _FIELD_KEYS},
    )


class _ProfileReader:
    """Reads one profile. What is wrong is said by key, never by value."""

    def __init__(self, document: YamlDocument, name: str, renderer: Renderer) -> None:
        self._document = document
        self._name = name
        self._profile = raw_profile(document, name)
        self._renderer = renderer

    def default_target(self) -> str:
        """The target that the profile itself names."""
        raw = self._profile.get("target")
        path = (self._name, "target")
        rendered = self._renderer.render(self._document, raw, path)
        if rendered is None:
            return "default"
        if not isinstance(rendered, str):
            raise self._error(f"'target' must be a text, but it is {noun_of(rendered)}.", "target")
        return rendered

    def output(self, target_name: str) -> dict[str, object]:
        """The keys of one output, rendered; no other is looked at."""
        outputs = self._profile.get("outputs")
        if outputs is None:
            raise self._error(
                f"outputs not specified in profile '{self._name}'. Add `outputs:`, with a target "
                "below it."
            )
        by_name = as_mapping(self._document, outputs, self._name, "outputs")
        if target_name not in by_name:
            names = "\n".join(f" - {name}" for name in by_name)
            raise self._error(
                f"The profile '{self._name}' does not have a target named '{target_name}'. The "
                f"valid target names for this profile are:\n{names}",
                "outputs",
            )
        path = (self._name, "outputs", target_name)
        output = as_mapping(self._document, by_name[target_name], *path)
        return {
            key: _converted(key, self._renderer.render(self._document, value, (*path, key)))
            for key, value in output.items()
        }

    def required_text(self, target_name: str, output: Mapping[str, object], key: str) -> str:
        """A key of the output that must be there and be a text."""
        value = output.get(key)
        if isinstance(value, str) and value:
            return value
        if value is None or value == "":
            raise self._error(
                f'required field "{key}" not found in profile {self._name} and target '
                f"{target_name}. Add `{key}: …`.",
                "outputs",
                target_name,
            )
        raise self._error(
            f"'{key}' must be a text, but it is {noun_of(value)}. Put quotes around it.",
            "outputs",
            target_name,
            key,
        )

    def schema(self, target_name: str, output: Mapping[str, object], kind: str) -> str:
        """The schema to build in: BigQuery calls it a dataset, SQLite does without."""
        default = _DEFAULT_SCHEMAS.get(kind)
        if output.get("schema") is None and default is not None:
            return default
        key = "dataset" if "schema" not in output and "dataset" in output else "schema"
        return self.required_text(target_name, output, key)

    def threads(self, target_name: str, output: Mapping[str, object]) -> int:
        """How many nodes run at once."""
        value = output.get("threads")
        if value is None:
            return 1
        if isinstance(value, int) and is_within(value, 1, MAX_THREADS):
            return value
        raise self._error(
            f"'threads' must be a whole number from 1 to {MAX_THREADS:,}.",
            "outputs",
            target_name,
            "threads",
        )

    def _error(self, problem: str, *path: str) -> ProfileError:
        return ProfileError(problem, location=self._document.locate(self._name, *path))


def _database_of_url(url: object) -> str | None:
    """The database that a URL names, as in `postgresql://user@host/database`."""
    found = _URL_DATABASE.fullmatch(url.strip()) if isinstance(url, str) else None
    return unquote(found[1]) if found else None


def _converted(key: str, value: object) -> object:
    """A text that is a number or a boolean as one, unless its key is one for texts.

    A number counts if `str()` turns it back, so that an adapter that wants a text loses
    nothing: "007" stays as it is.
    """
    if type(value) is not str or key in _TEXT_KEYS or is_secret_key(key):
        return str(value) if isinstance(value, str) else value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not _NUMBER.fullmatch(value):
        return value
    number = float(value) if "." in value else int(value)
    return number if str(number) == value else value
