"""Relations: names of things in a database, rendered with the right quotes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from .errors import ApproximateMatchError
from .relation_answers import RelationAnswers
from .relation_parts import Namespace, Path, Policy, RelationType

Parts = Policy
"""A yes or no for each part of a name."""

__all__ = ["Namespace", "Parts", "Path", "Relation", "RelationType", "quote_identifier"]

_NAME_PARTS = ("database", "schema", "identifier")
_SET = ("dbt_created", "quote_character", "information_schema_view")
"""What else a template may replace."""


class Relation(RelationAnswers, Struct, frozen=True):
    """A table, view or other thing that stands under a name in a database.

    `str(relation)` is the name as SQL: the included parts, each quoted where its part says so.
    What a template may ask of it besides stands with the answers that need nothing rendered.
    """

    database: str | None
    schema: str | None
    identifier: str | None
    type: RelationType | None = None
    quote_policy: Parts = Parts()
    include_policy: Parts = Parts()
    quote_character: str = '"'
    written: Path | None = None
    """The name as it was given, where the database spells a part that isn't quoted otherwise."""
    rows: str | None = None
    """What follows `from <name>` where only some rows are to be read; None for all of them."""
    information_schema_view: str | None = None
    """Which view it is, of the database's information schema."""
    dbt_created: bool = False
    """Whether a template says that this project makes it: then case counts only between quotes."""
    max_identifier_bytes: int | None = None
    """The longest name that the database keeps whole, where it has a limit."""

    @property
    def path(self) -> Path:
        return Path(self.database, self.schema, self.identifier)

    @property
    def namespace(self) -> Namespace:
        """What it stands in."""
        return Namespace(self.database, self.schema or "")

    @property
    def limit(self) -> int | None:
        """How many rows of it are read, where the template has said so."""
        words = (self.rows or "").rpartition("limit ")[2]
        return int(words) if words.isdigit() else None

    def include(
        self,
        database: bool | None = None,
        schema: bool | None = None,
        identifier: bool | None = None,
    ) -> Relation:
        """The same relation, with other parts in its rendered name."""
        return replace(
            self, include_policy=_override(self.include_policy, database, schema, identifier)
        )

    def quote(
        self,
        database: bool | None = None,
        schema: bool | None = None,
        identifier: bool | None = None,
    ) -> Relation:
        """The same relation, with other parts quoted."""
        return replace(
            self, quote_policy=_override(self.quote_policy, database, schema, identifier)
        )

    def incorporate(
        self,
        path: Mapping[str, str | None] | None = None,
        type: RelationType | str | UnsetType | None = UNSET,
        quote_policy: Mapping[str, bool] | None = None,
        include_policy: Mapping[str, bool] | None = None,
        limit: int | UnsetType | None = UNSET,
        **more: Any,
    ) -> Relation:
        """The same relation with some parts of its path, its type or its policies replaced.

        What a relation hasn't goes for nothing, as in dbt.
        """
        parts = {part: path[part] for part in _NAME_PARTS if part in path} if path else {}
        changes: dict[str, Any] = {**parts, **{k: more[k] for k in _SET if k in more}}
        if type is not UNSET:
            changes["type"] = None if type is None else RelationType(type)
        if limit is not UNSET:
            changes["rows"] = _rows_of(limit)
        for part, name in parts.items():
            if not isinstance(name, str | None):
                raise TypeError(f"the {part} of a relation is a text, and not {name!r}")
        changed = replace(self, **changes)
        return changed.quote(**_yes_or_no(quote_policy)).include(**_yes_or_no(include_policy))

    def replace(self, **changes: Any) -> Relation:
        return self.incorporate(**changes)

    def create(self, **parts: Any) -> Relation:
        """A relation of the same database's, of which nothing is known but what is given."""
        path = {part: parts.pop(part) for part in _NAME_PARTS if part in parts}
        blank = Relation(
            None,
            None,
            None,
            quote_character=self.quote_character,
            max_identifier_bytes=self.max_identifier_bytes,
        )
        return blank.incorporate(**{"path": path, **parts})

    def replace_path(self, **parts: str | None) -> Relation:
        return self.incorporate(path=parts)

    def quoted(self, identifier: str) -> str:
        """Any identifier as this relation's are quoted."""
        return quote_identifier(identifier, self.quote_character)

    def without_identifier(self) -> Relation:
        return replace(self.include(identifier=False), identifier=None)

    def information_schema(self, view_name: object = None) -> Relation:
        """The database's `information_schema`, or one of its views."""
        return Relation(
            database=self.database,
            schema=None,
            identifier="INFORMATION_SCHEMA",
            type=RelationType.VIEW,
            quote_policy=replace(self.quote_policy, identifier=False),
            include_policy=Parts(database=self.database is not None, schema=False),
            quote_character=self.quote_character,
            information_schema_view=view_name if isinstance(view_name, str) else None,
        )

    def information_schema_only(self) -> Relation:
        return self.information_schema()

    def with_identifier(self, identifier: str, type: RelationType | None = None) -> Relation:
        """A neighbour in the same schema."""
        return replace(self, identifier=identifier, type=type or self.type)

    def matches(
        self,
        database: str | None = None,
        schema: str | None = None,
        identifier: str | None = None,
    ) -> bool:
        """Whether every part given is this relation's.

        Raises:
            ValueError: nothing is given.
            ApproximateMatchError: the parts differ in nothing but case.
        """
        given = {"database": database, "schema": schema, "identifier": identifier}
        searched = {part: name for part, name in given.items() if name is not None}
        if not searched:
            raise ValueError("matches() needs a database, a schema or an identifier")
        are_same = all(self._is_called(part, name) for part, name in searched.items())
        are_alike = all(
            (self.path.get_lowered_part(part) or "").strip(self.quote_character)
            == name.lower().strip(self.quote_character)
            for part, name in searched.items()
        )
        if are_alike and not are_same:
            wanted = Relation(None, None, None).incorporate(path=searched)
            raise ApproximateMatchError(wanted.display_name, self.display_name)
        return are_same

    def _is_called(self, part: str, name: str) -> bool:
        own = self.path.get_part(part)
        if self.dbt_created and not self.quote_policy.get_part(part):
            return (own or "").lower() == name.lower()
        return bool(own == name)

    def render(self) -> str:
        """The name as SQL."""
        if self.type is RelationType.CTE:
            return self.identifier or ""
        given = self if self.written is None else _as_written(self, self.written)
        included, quoted, mark = self.include_policy, self.quote_policy, self.quote_character
        # Part by part: a node's way has ten such names, and a loop takes three times as long.
        names: list[str] = []
        if (part := given.database) and included.database:
            names.append(quote_identifier(part, mark) if quoted.database else part)
        if (part := given.schema) and included.schema:
            names.append(quote_identifier(part, mark) if quoted.schema else part)
        if (part := given.identifier) and included.identifier:
            names.append(quote_identifier(part, mark) if quoted.identifier else part)
        if self.information_schema_view is not None:
            names.append(self.information_schema_view)
        return ".".join(names)

    def render_limited(self) -> str:
        return str(self)

    def render_event_time_filtered(self, rendered: str | None = None) -> str:
        return rendered or str(self)

    @property
    def display_name(self) -> str:
        """The name for people: schema and identifier, unquoted."""
        return ".".join(part for part in (self.schema, self.identifier) if part)

    def __str__(self) -> str:
        if self.rows is None:
            return self.render()
        return f"(select * from {self.render()} {self.rows}){self.rows_alias}"

    def __repr__(self) -> str:
        return f"<Relation {self}>"

    @property
    def rows_alias(self) -> str:
        """What calls the selection of some rows as the relation is called."""
        return f" as {quote_identifier(self.identifier or '', self.quote_character)}"


def quote_identifier(identifier: str, quote_character: str = '"') -> str:
    """An identifier between quotes, with the quotes inside it doubled."""
    doubled = identifier.replace(quote_character, quote_character * 2)
    return f"{quote_character}{doubled}{quote_character}"


def _as_written(relation: Relation, written: Path) -> Path:
    """A name whose unquoted parts are as their author spells them, unless they were replaced."""

    def spelled(part: str | None, given: str | None, is_quoted: bool) -> str | None:
        if is_quoted or part is None or given is None or given.lower() != part.lower():
            return part
        return given

    quoted = relation.quote_policy
    return Path(
        spelled(relation.database, written.database, quoted.database),
        spelled(relation.schema, written.schema, quoted.schema),
        spelled(relation.identifier, written.identifier, quoted.identifier),
    )


def _rows_of(limit: int | None) -> str | None:
    if limit is None:
        return None
    return f"limit {limit}" if limit else "where false limit 0"


def _yes_or_no(policy: Mapping[str, bool] | None) -> dict[str, bool]:
    """What a policy says of the parts that there are."""
    return {part: policy[part] for part in _NAME_PARTS if part in policy} if policy else {}


def _override(
    parts: Parts, database: bool | None, schema: bool | None, identifier: bool | None
) -> Parts:
    return Parts(
        parts.database if database is None else database,
        parts.schema if schema is None else schema,
        parts.identifier if identifier is None else identifier,
    )
