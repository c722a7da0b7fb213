"""What a profile says of an SQLite database: where its files are, and how long to wait for them.

Two forms are read. The simple one names a file:

    path: warehouse/coffee.db

and dbt-sqlite's names a file for each schema (https://github.com/codeforkjeff/dbt-sqlite):

    schemas_and_paths: {main: warehouse/etl.db, raw: warehouse/raw.db}
    schema_directory: warehouse
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from ..base import Target
from ..errors import ProfileKeyError
from ..profile_keys import ProfileKeys

DEFAULT_LOCK_TIMEOUT = 30.0

_LONGEST_NAME, _LONGEST_PATH = 255, 4000
"""In bytes: what nearly every file system has, and what Linux takes, but for what we add."""


class SqliteKeys(Struct, frozen=True):
    """The profile's keys, with every path absolute.

    `lock_timeout` is how many seconds to wait for another process that writes. `public` holds
    the keys as they were given, for `target.<key>` in templates; none of them is a secret.
    """

    path: Path
    schema_paths: Mapping[str, Path] = field(default_factory=dict)
    schema_directory: Path | None = None
    extensions: tuple[str, ...] = ()
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT
    public: Mapping[str, object] = field(default_factory=dict)


def read_keys(target: Target) -> SqliteKeys:
    """Make sense of a target's keys. Relative paths count from the project's directory.

    Raises:
        ProfileKeyError: a key is missing, unknown, or not what it should be.
    """
    keys = ProfileKeys(target.keys)
    path = keys.text("path")
    schema_paths = keys.text_mapping("schemas_and_paths")
    directory = keys.text("schema_directory")
    extensions = keys.texts("extensions")
    lock_timeout = keys.seconds("lock_timeout", DEFAULT_LOCK_TIMEOUT)
    keys.reject_unknown()

    main = _main_path(path, schema_paths)
    root = target.project_root
    return SqliteKeys(
        path=_resolve(root, "path" if path else "schemas_and_paths", main),
        schema_paths={
            schema: _resolve(root, "schemas_and_paths", given)
            for schema, given in schema_paths.items()
            if schema.lower() != "main"
        },
        schema_directory=_resolve(root, "schema_directory", directory) if directory else None,
        extensions=tuple(_extension(root, given) for given in extensions),
        lock_timeout=lock_timeout,
        public=dict(target.keys),
    )


def _main_path(path: str | None, schema_paths: Mapping[str, str]) -> str:
    main = next((given for name, given in schema_paths.items() if name.lower() == "main"), None)
    if path and main:
        raise ProfileKeyError("path", "and the 'main' of 'schemas_and_paths' are two files for one")
    if schema_paths and not (path or main):
        raise ProfileKeyError("schemas_and_paths", "has no 'main': the database's own file.")
    found = path or main
    if found is None:
        raise ProfileKeyError("path", "is missing: the database's file, such as warehouse.db.")
    return found


def _resolve(root: Path, key: str, given: str) -> Path:
    if given == ":memory:":
        raise ProfileKeyError(
            key,
            "can't be ':memory:': several connections are opened, and each would have a "
            "database of its own. Name a file.",
        )
    if given.startswith("file:"):
        raise ProfileKeyError(key, "must be a path, not a URI.")
    if "\0" in given:
        raise ProfileKeyError(key, "holds a NUL character.")
    if _length(given) > _LONGEST_PATH or any(
        _length(part) > _LONGEST_NAME for part in Path(given).parts
    ):
        raise ProfileKeyError(key, "is longer than a path may be.")
    return (root / Path(given).expanduser()).absolute()


def _length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _extension(root: Path, given: str) -> str:
    """A bare name is left for the system's loader to find; a path counts from the project."""
    return given if "/" not in given else str(_resolve(root, "extensions", given))
