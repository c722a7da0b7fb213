"""Disabled nodes of one name, of which a properties file can't say which one it enables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ...core.errors import ParseError
from ...core.events import WarningRaised
from .foreign_patches import KINDS
from .package_parse import Parse


def check_disabled_twins(parse: Parse) -> Iterable[WarningRaised]:
    """Check that no properties file enables one of several disabled nodes of a name.

    Raises:
        ParseError: one does.
    """
    found = parse.found
    twins = Counter(node.unique_id for node in found.disabled_twins)
    for package in parse.packages if twins else ():
        for section, patch in package.patches.entries():
            unique_id = f"{KINDS.get(section, section)}.{package.name}.{patch.name}"
            config = patch.values.get("config")
            enables = isinstance(config, Mapping) and config.get("enabled")
            if unique_id in twins and unique_id not in found.nodes and enables:
                raise ParseError(
                    f"Found {twins[unique_id] + 1} matching disabled nodes for {KINDS[section]} "
                    f"'{patch.name}', so that nobody could tell which one is to be enabled here. "
                    "Enable it in its own file, or by its folder in dbt_project.yml.",
                    location=patch.location,
                )
    return ()
