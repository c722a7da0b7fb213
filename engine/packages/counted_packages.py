"""How many packages a project asks for: what every command has to know of them.

What they are, `packages_file` reads, which takes longer to be imported than this to be answered.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..project.yaml_file import read_yaml

PACKAGES_FILE = "packages.yml"
DEPENDENCIES_FILE = "dependencies.yml"


def count_packages(root: Path) -> tuple[int, str]:
    """How many packages a project asks for, and in which file. Renders nothing."""
    for name in (PACKAGES_FILE, DEPENDENCIES_FILE):
        path = root / name
        if os.path.isfile(path):
            data = read_yaml(path, name, discreet=True).data
            packages = data.get("packages") if isinstance(data, Mapping) else None
            if isinstance(packages, list):
                return len(packages), name
    return 0, PACKAGES_FILE
