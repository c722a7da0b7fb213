"""Snapshots as nodes: a query whose rows are kept as they were at each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import Location, ParseError, did_you_mean
from .model_node import Model
from .node import Node
from .pieces import Piece
from .seed_node import Seed

META_COLUMNS = (
    "dbt_valid_from",
    "dbt_valid_to",
    "dbt_scd_id",
    "dbt_updated_at",
    "dbt_is_deleted",
)
"""The columns that a snapshot's table has besides those of its query, by their own names."""

HARD_DELETES = ("ignore", "invalidate", "new_record")
"""What may become of a row that its query no longer gives."""


class Snapshot(Node, frozen=True, kw_only=True):
    """A query whose rows are kept as they were at each time.

    `line` is where its code begins in its file; `raw_code` has as many empty lines before it.
    `has_own_file`: nothing else is defined there.
    """

    pieces: tuple[Piece, ...] | None = None
    line: int = 1
    has_own_file: bool = True

    @property
    def location(self) -> Location:
        return Location(self.original_file_path, self.line)

    @property
    def code(self) -> str:
        """What stands between its tags, as dbt's manifest has it."""
        return self.raw_code[self.line - 1 :]

    @property
    def build_path(self) -> str:
        if self.has_own_file:
            return f"{self.package_name}/{self.inner_path}"
        return f"{self.package_name}/{self.inner_path}/{self.name}.sql"


RELATION_KINDS = (Model, Seed, Snapshot)
"""The kinds of node that become a relation, and that `ref` finds."""


def meta_column_names(values: Mapping[str, Any]) -> dict[str, str]:
    """What the columns of a snapshot's table are called, by their own names.

    `values` is the snapshot's configuration, with `snapshot_meta_column_names` in it or not.
    """
    given = values.get("snapshot_meta_column_names") or {}
    return {name: str(given.get(name) or name) for name in META_COLUMNS}


def shown_values(node: Node) -> Mapping[str, Any]:
    """A node's configuration as `config.get` answers: a snapshot's has its columns' names."""
    values = node.config.values
    if isinstance(node, Snapshot):
        return {**values, "snapshot_table_column_names": meta_column_names(values)}
    return values


def hard_deletes(values: Mapping[str, Any]) -> str:
    """What becomes of a row that its query no longer gives: one of `HARD_DELETES`.

    Raises:
        ParseError: the configuration names no such thing, or two.
    """
    today, of_old = values.get("hard_deletes"), values.get("invalidate_hard_deletes")
    if today is not None and of_old is not None:
        raise ParseError(
            "You cannot set both the invalidate_hard_deletes and hard_deletes config properties "
            "on the same snapshot. Keep hard_deletes."
        )
    if today is None:
        return "invalidate" if of_old else "ignore"
    if today not in HARD_DELETES:
        raise ParseError(
            f"Invalid setting for property hard_deletes: '{today}'. "
            f"There are {', '.join(HARD_DELETES)}.{did_you_mean(str(today), HARD_DELETES)}"
        )
    return str(today)


def check_configuration(values: Mapping[str, Any]) -> None:
    """See that a snapshot's configuration is whole (https://docs.getdbt.com/reference/snapshot-configs).

    Raises:
        ParseError: something is missing, or doesn't go with something else.
    """
    strategy, checked = values.get("strategy"), values.get("check_cols")
    if not strategy or not values.get("unique_key"):
        raise ParseError("Snapshots must be configured with a 'strategy' and 'unique_key'.")
    if strategy == "check":
        _check_columns(checked)
    elif strategy == "timestamp":
        if not values.get("updated_at"):
            raise ParseError(
                "A snapshot configured with the timestamp strategy must specify an updated_at "
                "configuration."
            )
        if checked:
            raise ParseError("A 'timestamp' snapshot should not have 'check_cols'.")
    names = values.get("snapshot_meta_column_names")
    if names is not None and not isinstance(names, Mapping):
        raise ParseError(
            "'snapshot_meta_column_names' must be a mapping, such as {dbt_valid_to: ended_at}."
        )
    for name in names or ():
        if name not in META_COLUMNS:
            raise ParseError(
                f"'{name}' of 'snapshot_meta_column_names' is no column of a snapshot. There are "
                f"{', '.join(META_COLUMNS)}.{did_you_mean(str(name), META_COLUMNS)}"
            )
    hard_deletes(values)


def _check_columns(checked: object) -> None:
    if not checked:
        raise ParseError(
            "A snapshot configured with the check strategy must specify a check_cols configuration."
        )
    if isinstance(checked, str):
        is_valid = checked == "all"
    else:
        is_valid = isinstance(checked, (list, tuple)) and all(
            isinstance(name, str) for name in checked
        )
    if not is_valid:
        raise ParseError(
            f"Invalid value for 'check_cols': {checked}. Expected 'all' or a list of strings."
        )
