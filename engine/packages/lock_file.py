"""package-lock.yml: which package was chosen for what was asked, in dbt's form.

Both tools read each other's: the hash is made as dbt makes it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

import yaml

from ..project.render import Renderer
from ..project.yaml_file import read_yaml
from .package_entries import AnyEntry
from .packages_file import entries_of

LOCK_FILE = "package-lock.yml"
_HASH_KEY = "sha1_hash"


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lock file says: exact entries, and the hash of the entries they were chosen for."""

    entries: tuple[AnyEntry, ...]
    hash: str

    def is_for(self, asked: Iterable[AnyEntry]) -> bool:
        """Whether this is still what was chosen for these entries."""
        return self.hash == entries_hash(asked)


def read_lock(root: Path, renderer: Renderer) -> Lock | None:
    """The project's lock; None where there is none.

    Raises:
        PackageError: it can't be used.
    """
    if not os.path.isfile(root / LOCK_FILE):
        return None
    document = read_yaml(root / LOCK_FILE, LOCK_FILE, discreet=True)
    found = document.data.get(_HASH_KEY) if isinstance(document.data, Mapping) else None
    return Lock(entries_of(document, renderer, asked_by=LOCK_FILE), str(found or ""))


def lock_text(packages: Sequence[Mapping[str, str]], asked: Iterable[AnyEntry]) -> str:
    """The text of a lock file for the chosen packages."""
    content = {"packages": [dict(package) for package in packages], _HASH_KEY: entries_hash(asked)}
    text: str = yaml.dump(content, Dumper=IndentedDumper, allow_unicode=True)
    return text


def entries_hash(entries: Iterable[AnyEntry]) -> str:
    """The hash by which a lock says for which entries it was made; their order is no matter."""
    texts = sorted(json.dumps(entry.fingerprint, sort_keys=True, default=str) for entry in entries)
    return sha1("\n".join(texts).encode("utf-8"), usedforsecurity=False).hexdigest()


class IndentedDumper(yaml.SafeDumper):
    """Indents the items of a list below its key, as everybody writes packages.yml."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)
