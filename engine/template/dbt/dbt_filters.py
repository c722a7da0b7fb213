"""Filters that dbt adds to Jinja's.

They matter in YAML, where they say what a string turns into; in SQL they give back what they
get, as in dbt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any


def unchanged(value: Any) -> Any:
    return value


def is_list(value: Any) -> bool:
    return isinstance(value, list)


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        **dict.fromkeys(("as_text", "as_bool", "as_native", "as_number"), unchanged),
        "is_list": is_list,
    }
)
