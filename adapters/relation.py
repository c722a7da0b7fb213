"""Relations: names of things in a database, rendered with the right quotes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, nonmember
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace


class RelationType(StrEnum):
    """What kind of thing a name stands for."""

    TABLE = "table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized_view"
    CTE = "cte"
    """An ephemeral model: it is only a name inside one statement."""
    EXTERNAL = "external"

    template_names = nonmember(frozenset(("name", "value")))


_PARTS = frozenset(("database", "schema", "identifier"))


class Parts(Struct, frozen=True):
    """A yes or no for each of a relation's three parts: whether it is quoted, or included."""

    template_names: ClassVar[frozenset[str]] = _PARTS

    database: bool = True
    schema: bool = True
    identifier: bool = True


class Path(Struct, frozen=True):
    """The three parts of a relation's name, as they are."""

    template_names: ClassVar[frozenset[str]] = _PARTS

    database: str | None
    schema: str | None
    identifier: str | None


class Namespace(Struct, frozen=True):
    """What relations stand in: a schema of a database. Without a database it is the target's."""

    database: str | None
    schema: str

    @property
    def display_name(self) -> str:
        """The name for people: the schema's alone, unless it may be another database's."""
        return self.schema if self.database is None else f"{self.database}.{self.schema}"


class Relation(Struct, frozen=True):
    """A table, view or other thing that stands under a name in a database.

    `str(relation)` is the name as SQL: the included parts, each quoted where its part says so.
    `template_names` are the attributes that a template may ask for, in whichever way.
    """

    template_names: ClassVar[frozenset[str]] = _PARTS | frozenset(
        (
            *("type", "path", "name", "table", "rows", "quote_character", "display_name"),
            *("quote_policy", "include_policy", "Table", "View", "CTE", "MaterializedView"),
            *("is_table", "is_view", "is_materialized_view", "is_cte", "is_pointer"),
            *("can_be_renamed", "can_be_replaced", "include", "quote", "incorporate", "get"),
            *("replace_path", "quoted", "without_identifier", "information_schema"),
            *("with_identifier", "matches", "render", "rows_alias"),
        )
    )

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

    Table: ClassVar[RelationType] = RelationType.TABLE
    View: ClassVar[RelationType] = RelationType.VIEW
    CTE: ClassVar[RelationType] = RelationType.CTE
    MaterializedView: ClassVar[RelationType] = RelationType.MATERIALIZED_VIEW

    @property
    def path(self) -> Path:
        return Path(self.database, self.schema, self.identifier)

    @property
    def namespace(self) -> Namespace:
        """What it stands in."""
        return Namespace(self.database, self.schema or "")

    @property
    def name(self) -> str | None:
        return self.identifier

    @property
    def table(self) -> str | None:
        return self.identifier

    @property
    def is_table(self) -> bool:
        return self.type is RelationType.TABLE

    @property
    def is_view(self) -> bool:
        return self.type is RelationType.VIEW

    @property
    def is_materialized_view(self) -> bool:
        return self.type is RelationType.MATERIALIZED_VIEW

    @property
    def is_cte(self) -> bool:
        return self.type is RelationType.CTE

    @property
    def is_pointer(self) -> bool:
        """Whether the name holds no rows of its own: dbt's word for a view over another one."""
        return False

    @property
    def can_be_renamed(self) -> bool:
        return self.type in (RelationType.TABLE, RelationType.VIEW)

    @property
    def can_be_replaced(self) -> bool:
        """Whether CREATE OR REPLACE gives it new contents."""
        return self.type is RelationType.VIEW

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
        path: dict[str, str | None] | None = None,
        type: RelationType | str | None = None,
        quote_policy: dict[str, bool] | None = None,
        include_policy: dict[str, bool] | None = None,
    ) -> Relation:
        """The same relation with some parts of its path, its type or its policies replaced."""
        kind = RelationType(type) if type is not None else self.type
        changed = replace(self, type=kind, **(path or {}))
        return changed.quote(**(quote_policy or {})).include(**(include_policy or {}))

    def replace_path(self, **parts: str | None) -> Relation:
        return self.incorporate(path=parts)

    def get(self, key: str, default: object = None) -> object:
        """An attribute as from a mapping: macros of old treat relations as such.

        Packages tell a relation from a text by the `type` of its `metadata`.
        """
        if key == "metadata":
            return {"type": "BaseRelation"}
        return getattr(self, key) if key in self.template_names else default

    def __getitem__(self, key: str) -> object:
        if key in self.template_names:
            return getattr(self, key)
        raise KeyError(key)

    def quoted(self, identifier: str) -> str:
        """Any identifier as this relation's are quoted."""
        return quote_identifier(identifier, self.quote_character)

    def without_identifier(self) -> Relation:
        return self.include(identifier=False)

    def information_schema(self, view_name: str | None = None) -> Relation:
        """The database's `information_schema`, or one of its views."""
        return Relation(
            database=self.database,
            schema="information_schema",
            identifier=view_name,
            type=RelationType.VIEW,
            quote_policy=replace(self.quote_policy, schema=False, identifier=False),
            include_policy=Parts(
                database=self.include_policy.database, identifier=view_name is not None
            ),
            quote_character=self.quote_character,
        )

    def with_identifier(self, identifier: str, type: RelationType | None = None) -> Relation:
        """A neighbour in the same schema."""
        return replace(self, identifier=identifier, type=type or self.type)

    def matches(
        self,
        database: str | None = None,
        schema: str | None = None,
        identifier: str | None = None,
    ) -> bool:
        """Whether every part given is this relation's, compared without case."""
        given = ((database, self.database), (schema, self.schema), (identifier, self.identifier))
        return all(
            wanted is None or (own is not None and wanted.casefold() == own.casefold())
            for wanted, own in given
        )

    def render(self) -> str:
        """The name as SQL."""
        if self.type is RelationType.CTE:
            return self.identifier or ""
        given = self if self.written is None else _as_written(self, self.written)
        parts = (
            (given.database, self.include_policy.database, self.quote_policy.database),
            (given.schema, self.include_policy.schema, self.quote_policy.schema),
            (given.identifier, self.include_policy.identifier, self.quote_policy.identifier),
        )
        return ".".join(
            quote_identifier(part, self.quote_character) if is_quoted else part
            for part, is_included, is_quoted in parts
            if is_included and part
        )

    @property
    def display_name(self) -> str:
        """The name for people: schema and identifier, unquoted."""
        return ".".join(part for part in (self.schema, self.identifier) if part)

    def __str__(self) -> str:
        if self.rows is None:
            return self.render()
        return f"(select * from {self.render()} {self.rows}){self.rows_alias}"

    @property
    def rows_alias(self) -> str:
        """What calls the selection of some rows as the relation is called."""
        return f" as {quote_identifier(self.identifier or '', self.quote_character)}"


Mapping.register(Relation)
"""Macros ask whether it `is mapping`, as dbt's relations are, though nobody may go through it."""


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


def _override(
    parts: Parts, database: bool | None, schema: bool | None, identifier: bool | None
) -> Parts:
    return Parts(
        parts.database if database is None else database,
        parts.schema if schema is None else schema,
        parts.identifier if identifier is None else identifier,
    )
