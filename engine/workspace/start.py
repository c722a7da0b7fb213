"""What an invocation is told from outside."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from ..settings.options import Options
from .yaml_names import invocation_names


class Start(Struct, frozen=True):
    """What an invocation is told from outside, and what names it."""

    options: Options
    environ: Mapping[str, str]
    cwd: Path
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def names(self) -> dict[str, Any]:
        """What Jinja in YAML files knows of the invocation."""
        return invocation_names(self.invocation_id, self.started_at)
