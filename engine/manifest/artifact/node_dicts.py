"""A node as `manifest.json` describes it, and `model` and `graph` show it to templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from ..nodes.declared_nodes import Declared
from ..nodes.hook_node import RunHook
from ..nodes.model_node import Model
from ..nodes.node import Column, Hook, Node
from ..nodes.resource_type import ResourceType
from ..nodes.seed_node import Seed
from ..nodes.snapshot_node import META_COLUMNS, Snapshot
from ..nodes.source_node import Source
from ..nodes.test_nodes import GenericTest
from .contract_checksum import contract_checksum
from .declared_dicts import declared_dict

_EVERY_CONFIG: dict[str, Any] = {
    "enabled": True,
    "alias": None,
    "schema": None,
    "database": None,
    "tags": [],
    "meta": {},
    "group": None,
}
_RELATION_CONFIG: dict[str, Any] = {
    "incremental_strategy": None,
    "batch_size": None,
    "lookback": 1,
    "begin": None,
    "persist_docs": {},
    "post-hook": [],
    "pre-hook": [],
    "quoting": {},
    "column_types": {},
    "full_refresh": None,
    "unique_key": None,
    "on_schema_change": "ignore",
    "on_configuration_change": "apply",
    "grants": {},
    "packages": [],
    "docs": {"show": True, "node_color": None},
    "contract": {"enforced": False, "alias_types": True},
    "event_time": None,
    "concurrent_batches": None,
}
_CONFIG: dict[ResourceType, dict[str, Any]] = {
    ResourceType.MODEL: {
        **_EVERY_CONFIG,
        "materialized": "view",
        **_RELATION_CONFIG,
        "access": "protected",
        "freshness": None,
    },
    ResourceType.SEED: {
        **_EVERY_CONFIG,
        "materialized": "seed",
        **_RELATION_CONFIG,
        "delimiter": ",",
        "quote_columns": None,
    },
    ResourceType.SNAPSHOT: {
        **_EVERY_CONFIG,
        "materialized": "snapshot",
        **_RELATION_CONFIG,
        "strategy": None,
        "target_schema": None,
        "target_database": None,
        "updated_at": None,
        "check_cols": None,
        "snapshot_meta_column_names": dict.fromkeys(META_COLUMNS),
        "dbt_valid_to_current": None,
    },
    ResourceType.ANALYSIS: {**_EVERY_CONFIG, "materialized": "view", **_RELATION_CONFIG},
    ResourceType.OPERATION: {**_EVERY_CONFIG, "materialized": "view", **_RELATION_CONFIG},
    ResourceType.TEST: {
        **_EVERY_CONFIG,
        "schema": "dbt_test__audit",
        "materialized": "test",
        "severity": "ERROR",
        "store_failures": None,
        "store_failures_as": None,
        "where": None,
        "limit": None,
        "fail_calc": "count(*)",
        "warn_if": "!= 0",
        "error_if": "!= 0",
    },
    ResourceType.SOURCE: {
        "enabled": True,
        "event_time": None,
        "freshness": None,
        "loaded_at_field": None,
        "loaded_at_query": None,
        "meta": {},
        "tags": [],
    },
}
_DOCS = {"show": True, "node_color": None}
_CONTRACT = {"enforced": False, "alias_types": True, "checksum": None}


def config_dict(node: Node) -> dict[str, Any]:
    """A node's configuration as artifacts and templates spell it, defaults included."""
    # A unit test has the configuration of the model that it tests.
    own = _CONFIG.get(node.resource_type, _CONFIG[ResourceType.MODEL])
    config = {**own, **node.config.values}
    if node.resource_type is ResourceType.SOURCE:
        config.pop("materialized", None)
        return config
    for key in ("pre_hook", "post_hook"):
        hooks: tuple[Hook, ...] = getattr(node.config, key)
        config.pop(key, None)
        if key.replace("_", "-") in config:
            config[key.replace("_", "-")] = [
                {"sql": hook.sql, "transaction": hook.transaction, "index": None} for hook in hooks
            ]
    config["tags"] = list(node.config.tags)
    if node.config.incremental_strategy == "microbatch" and isinstance(config["begin"], str):
        # It may be anything where nobody builds batches by it: in a disabled model, for example.
        with suppress(ValueError):
            config["begin"] = datetime.fromisoformat(config["begin"]).isoformat()
    if node.resource_type is ResourceType.SNAPSHOT:
        names = dict.fromkeys(META_COLUMNS) | (config["snapshot_meta_column_names"] or {})
        config["snapshot_meta_column_names"] = names
    for key in ("docs", "contract"):
        if isinstance(config.get(key), dict):
            config[key] = _known_of(_RELATION_CONFIG[key], config[key])
    return config


def node_dict(
    node: Node,
    *,
    parents: tuple[str, ...] = (),
    relation_name: str | None = None,
    compiled_code: str | None = None,
    target_path: str = "target",
    primary_key: Sequence[str] = (),
) -> dict[str, Any]:
    """A node in the artifact's shape: also what `model` and `graph` show to a template."""
    if isinstance(node, Declared):
        return declared_dict(node, parents)
    config = config_dict(node)
    described: dict[str, Any] = {
        "database": node.database,
        "schema": node.schema,
        "name": node.name,
        "resource_type": node.resource_type.value,
        "package_name": node.package_name,
        "path": node.path,
        "original_file_path": node.original_file_path,
        "unique_id": node.unique_id,
        "fqn": list(node.fqn),
        "alias": node.alias,
        "checksum": {"name": node.checksum.name, "checksum": node.checksum.checksum},
        "config": config,
        "tags": list(node.tags),
        "description": node.description,
        "columns": {name: _column_dict(column) for name, column in node.columns.items()},
        "meta": node.config.meta,
        "group": node.group,
        "docs": config.get("docs") or _DOCS,
        "patch_path": node.patch_path,
        "build_path": f"{target_path}/run/{node.build_path}",
        "unrendered_config": _plain_hooks(node.unrendered_config),
        "created_at": node.created_at,
        "relation_name": relation_name,
        "raw_code": node.raw_code.lstrip(),
        "doc_blocks": list(node.doc_blocks),
    }
    if isinstance(node, Seed):
        return {**described, "root_path": None, "depends_on": {"macros": list(node.called_macros)}}
    described |= _compiled_keys(node, parents, compiled_code, target_path)
    return described | _own_keys(node, primary_key)


def source_dict(source: Source, relation_name: str | None = None) -> dict[str, Any]:
    """A source in the artifact's shape."""
    quoting = dict.fromkeys(("database", "schema", "identifier", "column"))
    return {
        "database": source.database,
        "schema": source.schema,
        "name": source.name,
        "resource_type": "source",
        "package_name": source.package_name,
        "path": source.path,
        "original_file_path": source.original_file_path,
        "unique_id": source.unique_id,
        "fqn": list(source.fqn),
        "source_name": source.source_name,
        "source_description": source.source_description,
        "loader": source.loader,
        "identifier": source.identifier,
        "quoting": {**quoting, **source.quoting},
        **_age_keys(source),
        "external": source.external,
        "description": source.description,
        "columns": {name: _column_dict(column) for name, column in source.columns.items()},
        "meta": source.config.meta,
        "source_meta": dict(source.source_meta),
        "tags": list(source.tags),
        "config": {**config_dict(source), **_age_keys(source)},
        "patch_path": source.patch_path,
        "unrendered_config": {
            # As dbt has it of every source, so that its states compare equal.
            "loaded_at_field": source.loaded_at_field,
            "loaded_at_query": source.loaded_at_query,
            "meta": {},
            "tags": [],
            **_plain_hooks(source.unrendered_config),
        },
        "relation_name": relation_name,
        "created_at": source.created_at,
        "unrendered_database": source.written_database,
        "unrendered_schema": source.written_schema,
        "doc_blocks": list(source.doc_blocks),
    }


def _age_keys(source: Source) -> dict[str, Any]:
    return {
        "loaded_at_field": source.loaded_at_field,
        "loaded_at_query": source.loaded_at_query,
        "freshness": msgspec.to_builtins(source.freshness),
    }


def _column_dict(column: Column) -> dict[str, Any]:
    return {
        **column.extra,
        "name": column.name,
        "description": column.description,
        "meta": column.meta,
        "data_type": column.data_type,
        "constraints": list(column.constraints),
        "quote": column.quote,
        "config": {"meta": column.meta, "tags": list(column.tags)},
        "tags": list(column.tags),
        "granularity": column.granularity,
        "doc_blocks": list(column.doc_blocks),
    }


def _compiled_keys(
    node: Node, parents: tuple[str, ...], compiled_code: str | None, target_path: str
) -> dict[str, Any]:
    """What a node has that refers to others and is compiled: all but a seed."""
    compiled = compiled_code is not None
    return {
        "language": "sql",
        "refs": [
            {"name": call.name, "package": call.package, "version": call.version}
            for call in node.refs
        ],
        "sources": [[call.source_name, call.table_name] for call in node.sources],
        "metrics": [],
        "depends_on": {"macros": list(node.called_macros), "nodes": list(parents)},
        "compiled_path": f"{target_path}/compiled/{node.build_path}" if compiled else None,
        "compiled": compiled,
        "compiled_code": compiled_code,
        "extra_ctes_injected": compiled,
        "extra_ctes": [],
        "contract": _contract(node),
    }


def _known_of(usual: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given of the keys that there are; other keys are dropped, as in dbt."""
    return {key: given.get(key, value) for key, value in usual.items()}


def _contract(node: Node) -> dict[str, Any]:
    contract = _known_of(_CONTRACT, node.config.values.get("contract") or {})
    if contract["enforced"] and isinstance(node, Model):
        materialized = node.config.materialized
        contract["checksum"] = contract_checksum(node.columns, node.constraints, materialized)
    return contract


def _own_keys(node: Node, primary_key: Sequence[str]) -> dict[str, Any]:
    """What only a node's kind has, or has in a way of its own."""
    match node:
        case Model():
            return {
                "access": node.access,
                "constraints": list(node.constraints),
                "version": node.version,
                "latest_version": node.latest_version,
                "deprecation_date": _date_text(node.deprecation_date),
                "primary_key": list(primary_key),
                "time_spine": node.time_spine,
            }
        case GenericTest():
            return _generic_test_keys(node)
        case Snapshot():
            return {"raw_code": node.code}
        case RunHook():
            return {"tags": [node.hook_type, *node.tags], "index": node.index, "build_path": None}
    return {}


def _date_text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _generic_test_keys(node: GenericTest) -> dict[str, Any]:
    return {
        "column_name": node.column_name,
        "file_key_name": node.file_key_name,
        "attached_node": node.attached_node,
        "test_metadata": {
            "name": node.test_name,
            "kwargs": dict(node.arguments),
            "namespace": node.namespace,
        },
    }


def _plain_hooks(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key.replace("_hook", "-hook"): value for key, value in values.items()}
