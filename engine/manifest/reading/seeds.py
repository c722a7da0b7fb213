"""Seeds: CSV files below `seed-paths`."""

from __future__ import annotations

from ...core.errors import ParseError
from ...project.discovery import seed_checksums
from ..nodes.node import Checksum
from ..nodes.resource_type import ResourceType
from ..nodes.seed_node import Seed
from .package_parse import PackageParse
from .sql_files import file_draft, node_files
from .sql_templates import with_hooks


def read_seeds(package: PackageParse) -> None:
    """Read every seed, without a look at its rows."""
    for file in node_files(package, package.project.seed_paths, ".csv"):
        name, digest, *same_rows = seed_checksums(file)
        draft = file_draft(package, file, ResourceType.SEED, "", Checksum(name, digest))
        seed = package.factory.make(Seed, draft, same_rows=tuple(same_rows))
        seed = with_hooks(package, seed)
        _refuse_references(seed)
        package.found.add(seed)


def _refuse_references(seed: Seed) -> None:
    if seed.refs or seed.sources:
        raise ParseError(
            f"Seeds cannot depend on other nodes, but a hook of '{seed.name}' calls ref() or "
            "source(), by itself or by a macro. Name the relation without them, or move the hook "
            "to a model.",
            location=seed.location,
        )
