"""What a template may ask of a relation, and the answers that need nothing but its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from .relation_parts import NOT_STORED, Path, Policy, RelationType


class RelationAnswers:
    """A relation's answers to templates, by the names that dbt's have.

    `template_names` are the attributes that a template may ask for, in whichever way;
    `template_lacks` those that dbt's have besides, with the reason why these haven't.
    """

    __slots__ = ()

    template_names: ClassVar[frozenset[str]] = frozenset(
        (
            *("database", "schema", "identifier", "type", "path", "name", "table", "rows"),
            *("quote_character", "display_name", "quote_policy", "include_policy", "limit"),
            *("Table", "View", "CTE", "MaterializedView", "External", "PointerTable", "Function"),
            *("is_table", "is_view", "is_materialized_view", "is_cte", "is_pointer"),
            *("is_function", "can_be_renamed", "can_be_replaced", "include", "quote", "get"),
            *("incorporate", "replace", "replace_path", "quoted", "without_identifier"),
            *("information_schema", "information_schema_only", "information_schema_view"),
            *("with_identifier", "matches", "render", "render_limited", "rows_alias"),
            *("render_event_time_filtered", "to_dict", "add_ephemeral_prefix", "scd_args"),
            *("create", "dbt_created", "catalog", "event_time_filter", "require_alias"),
            *("renameable_relations", "replaceable_relations", "get_relation_type"),
            *("get_default_quote_policy", "get_default_include_policy"),
            "relation_max_name_length",
        )
    )
    template_lacks: ClassVar[Mapping[str, str]] = {
        **NOT_STORED,
        **dict.fromkeys(
            ("create_from", "create_ephemeral_from"), "ask ref() or source() for the relation"
        ),
        **dict.fromkeys(
            ("get_function_config", "get_function_macro_name"), "it builds no functions"
        ),
        "get_materialized_view_config_change_collection": (
            "which indexes of a materialized view are to change is found without it"
        ),
    }

    database: str | None
    schema: str | None
    identifier: str | None
    type: RelationType | None
    quote_policy: Policy
    include_policy: Policy
    quote_character: str
    dbt_created: bool
    max_identifier_bytes: int | None

    Table: ClassVar[RelationType] = RelationType.TABLE
    View: ClassVar[RelationType] = RelationType.VIEW
    CTE: ClassVar[RelationType] = RelationType.CTE
    MaterializedView: ClassVar[RelationType] = RelationType.MATERIALIZED_VIEW
    External: ClassVar[RelationType] = RelationType.EXTERNAL
    PointerTable: ClassVar[RelationType] = RelationType.POINTER_TABLE
    Function: ClassVar[RelationType] = RelationType.FUNCTION
    renameable_relations: ClassVar[frozenset[RelationType]] = frozenset(
        (RelationType.TABLE, RelationType.VIEW)
    )
    replaceable_relations: ClassVar[frozenset[RelationType]] = frozenset((RelationType.VIEW,))
    require_alias: ClassVar[bool] = True
    catalog: ClassVar[None] = None
    event_time_filter: ClassVar[None] = None

    @property
    def path(self) -> Path:
        return Path(self.database, self.schema, self.identifier)

    @property
    def limit(self) -> int | None:
        """How many rows of it are read, where a template has said so."""
        return None

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
        return self.type is RelationType.POINTER_TABLE

    @property
    def is_function(self) -> bool:
        return self.type is RelationType.FUNCTION

    @property
    def can_be_renamed(self) -> bool:
        return self.type in self.renameable_relations

    @property
    def can_be_replaced(self) -> bool:
        """Whether CREATE OR REPLACE gives it new contents."""
        return self.type in self.replaceable_relations

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

    def __contains__(self, key: object) -> bool:
        return key in self.template_names

    def __iter__(self) -> NoReturn:
        raise TypeError(f"{self} is a relation, and nothing to go through")

    def __bool__(self) -> bool:
        return True

    def to_dict(self, omit_none: bool = False) -> dict[str, Any]:
        """The relation as plain values."""
        described = {
            "path": self.path.to_dict(omit_none),
            "type": None if self.type is None else self.type.value,
            "quote_character": self.quote_character,
            "include_policy": self.include_policy.to_dict(),
            "quote_policy": self.quote_policy.to_dict(),
            "dbt_created": self.dbt_created,
            "limit": self.limit,
            "event_time_filter": self.event_time_filter,
            "require_alias": self.require_alias,
            "catalog": self.catalog,
            "renameable_relations": sorted(kind.value for kind in self.renameable_relations),
            "replaceable_relations": sorted(kind.value for kind in self.replaceable_relations),
        }
        return {k: value for k, value in described.items() if not (omit_none and value is None)}

    def relation_max_name_length(self) -> int | None:
        """How long the name of one may be, where the database has a limit."""
        return self.max_identifier_bytes

    @staticmethod
    def add_ephemeral_prefix(name: str) -> str:
        """What an ephemeral model of a name is called inside a statement."""
        return f"__dbt__cte__{name}"

    @staticmethod
    def scd_args(primary_key: str | list[str], updated_at: str) -> list[str]:
        """What a snapshot's ids are digests of: the parts of the key, and the time."""
        return [*([primary_key] if isinstance(primary_key, str) else primary_key), updated_at]

    @staticmethod
    def get_relation_type(value: str) -> RelationType:
        return RelationType(value)

    @staticmethod
    def get_default_quote_policy() -> Policy:
        return Policy()

    @staticmethod
    def get_default_include_policy() -> Policy:
        return Policy()


Mapping.register(RelationAnswers)
"""Macros ask whether it `is mapping`, as dbt's relations are, though nobody may go through it."""
