"""Artifacts of an earlier run, by dbt or by headrace: read, and known to be what they should be."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from ..core.errors import UsageError
from ..core.numbers import shortened
from ..project.text_file import read_regular

ArtifactT = TypeVar("ArtifactT")

CATALOG_NAME = "catalog.json"
_SCHEMA = re.compile(r"/dbt/(?P<name>[\w-]+)/v(?P<version>\d{1,9})\.json\Z")


class _Metadata(msgspec.Struct):
    dbt_schema_version: str | None = None


class _Head(msgspec.Struct):
    metadata: _Metadata | None = None


def read_artifact(
    path: Path,
    kind: type[ArtifactT],
    *,
    name: str,
    newest: int,
    prepare: Callable[[bytes], bytes] | None = None,
) -> ArtifactT:
    """An artifact as a value of its type.

    `name` is what its schema calls it ("manifest"), `newest` the newest version that is known.
    One that names no schema is taken for one of dbt 0.18, which had none. `prepare` is what is
    to be done to the file's content before it is read.

    Raises:
        UsageError: the file can't be read, isn't such an artifact, or is too new.
    """
    try:
        content = read_regular(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{path} can't be read: {reason}.") from error
    try:
        _check_version(path, msgspec.json.decode(content, type=_Head), name, newest)
        return msgspec.json.decode(prepare(content) if prepare else content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"{path} is no {name} that can be read: {error}. Perhaps it was cut off when it was "
            "written or copied: copy it again, or have the command write it anew."
        ) from error


def _check_version(path: Path, head: _Head, name: str, newest: int) -> None:
    schema = head.metadata.dbt_schema_version if head.metadata else None
    if schema is None:
        return
    found = _SCHEMA.search(schema)
    if found is None or found["name"] != name:
        raise UsageError(
            f"{path} is no {name}: its schema is '{shortened(schema)}'. Give the right file."
        )
    version = int(found["version"])
    if not 1 <= version <= newest:
        raise UsageError(
            f"{path} is version {version} of the {name}, and versions 1 to {newest} can be read. "
            "Write it anew with a version of dbt or headrace that writes one of these."
        )
