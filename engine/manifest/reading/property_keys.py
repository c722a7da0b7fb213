"""The sections of properties files, and the keys that the entries in them may have."""

from __future__ import annotations

from .versions import VERSION_KEYS

NODE_SECTIONS = {"models": "model", "seeds": "seed", "snapshots": "snapshot"}
"""The sections whose entries describe a node; a snapshot may be defined there, too."""

NOT_THERE_YET = ("functions",)
"""Sections of dbt that this version reads over, with a warning."""

SECTIONS = frozenset(
    [
        *NODE_SECTIONS,
        *NOT_THERE_YET,
        "analyses",
        "version",
        "sources",
        "macros",
        "tests",
        "data_tests",
        "anchors",
    ]
)
NODE_KEYS = frozenset(
    [
        "name",
        "description",
        "docs",
        "config",
        "columns",
        "tests",
        "data_tests",
        "meta",
        "contract",
        "quote_columns",
        "access",
        "group",
        "latest_version",
        "versions",
        "constraints",
        "deprecation_date",
        "tests_config",
        "identifier",
        "relation",
        "time_spine",
        "primary_key",
    ]
)
MEANT_FOR_CONFIG = frozenset("tags materialized enabled schema database alias".split())
"""Configuration that is often put beside `config:`, where it is ignored."""

IN_ONE_PLACE = frozenset({*NODE_SECTIONS, "analyses", "tests", "data_tests"})
EITHER_BESIDE = ("meta", "docs", "group", "contract", "access")
ANALYSIS_KEYS = frozenset(
    "name description docs config columns meta access group constraints".split()
)
MACRO_KEYS = frozenset("name description docs config meta arguments".split())
NAMED_VERSION_KEYS = VERSION_KEYS | {"name"}
COLUMN_KEYS = frozenset(
    [
        "name",
        "description",
        "meta",
        "data_type",
        "quote",
        "tags",
        "tests",
        "data_tests",
        "constraints",
        "config",
        "docs",
        "granularity",
    ]
)
"""What is known of a column. Others are kept as they are: adapters and packages have their own."""
DOCS_KEYS = frozenset(("show", "node_color"))
SOURCE_KEYS = frozenset(
    [
        "name",
        "description",
        "database",
        "schema",
        "loader",
        "loaded_at_field",
        "loaded_at_query",
        "meta",
        "tags",
        "config",
        "overrides",
        "freshness",
        "quoting",
        "tables",
        "tests",
        "data_tests",
    ]
)
TABLE_KEYS = frozenset(
    [
        "name",
        "description",
        "identifier",
        "loaded_at_field",
        "loaded_at_query",
        "meta",
        "tags",
        "config",
        "freshness",
        "quoting",
        "external",
        "columns",
        "tests",
        "data_tests",
        "source_meta",
    ]
)
