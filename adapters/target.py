"""What an adapter is made for: one output of a profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Target:
    """One output of a profile: which database, and how to get in.

    `invocation_id` is what the database's own list of sessions shows of us, where it has one.
    `keys` holds the profile's other keys as they were read, secrets among them: it never
    reaches a template, a message or an artifact.
    """

    type: str
    name: str
    profile_name: str
    schema: str
    database: str | None
    threads: int
    project_root: Path
    keys: Mapping[str, object] = field(repr=False, default_factory=dict)
    invocation_id: str = ""
