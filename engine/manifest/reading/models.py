"""Models: SQL files below `model-paths`."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.errors import Location, ParseError
from ...core.events import WarningRaised
from ..nodes.model_node import Model
from ..nodes.resource_type import ResourceType
from .draft import Draft
from .model_access import check_access
from .package_parse import PackageParse
from .sql_files import node_files, sql_draft
from .sql_templates import sql_node

_OTHER_KINDS = {
    "seed": "put a CSV file into one of seed-paths.",
    "snapshot": "write a {% snapshot %} block into one of snapshot-paths.",
}
"""What a model can't be materialized as, and what to do instead."""


def read_models(package: PackageParse) -> None:
    """Read every model; of one in Python, it is said that there are none yet."""
    paths = package.project.model_paths
    files = node_files(package, paths, ".sql")
    if package.again is None:
        package.patches.find_versions(file.stem for file in files)
    for file in files:
        draft = sql_draft(package, file, ResourceType.MODEL)
        model = sql_node(package, Model, draft)
        _check_materialization(model, draft)
        check_access(model, draft)
        package.found.add(model)
    if package.again is None:
        _warn_of_python(package, paths)


def _warn_of_python(package: PackageParse, paths: Sequence[str]) -> None:
    for file in package.project.find_files(paths, ".py"):
        package.inputs.warn(
            WarningRaised(
                "NotThereYet",
                "Python models aren't there yet in this version of headrace; the file is ignored.",
                Location(file.root_relative),
            )
        )


def _check_materialization(model: Model, draft: Draft) -> None:
    materialized = model.config.materialized
    if remedy := _OTHER_KINDS.get(materialized):
        raise ParseError(
            f"a model can't be materialized as a {materialized}: {remedy}",
            location=draft.location,
        )
