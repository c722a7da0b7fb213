"""What an entry under `data_tests:` says: which test, of what, with which arguments.

Names and ids are made as dbt makes them, so that selections, states and stored failures carry
over from one to the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import md5
from typing import Any

from msgspec import Struct

from ...core.errors import ParseError
from .patches import TestEntry

_CONFIG_ORDER = (
    "severity",
    "tags",
    "enabled",
    "where",
    "limit",
    "warn_if",
    "error_if",
    "fail_calc",
    "store_failures",
    "store_failures_as",
    "meta",
    "database",
    "schema",
    "alias",
)
CONFIG_KEYS = frozenset(_CONFIG_ORDER)
"""Keys of a test entry that configure it, whether under `config:` or beside its arguments."""

_LONGEST_NAME = 63
_ID_DIGITS = 10
_NAME = re.compile(r"(?:([A-Za-z_]\w*)\.)?([A-Za-z_]\w*)\Z")


class TestDefinition(Struct, frozen=True):
    """A test entry taken apart.

    `arguments` are what the macro is called with, `model` and `column_name` among them, as text
    where they are Jinja. `name` is the whole name, `short_name` fits a database identifier.
    """

    __test__ = False

    test_name: str
    namespace: str | None
    name: str
    short_name: str
    arguments: Mapping[str, Any]
    config: Mapping[str, Any]
    column_name: str | None
    description: str

    @property
    def config_call(self) -> str:
        """The test's configuration as a call of `config`, as dbt has it in the node's code."""
        ordered = [key for key in _CONFIG_ORDER if key in self.config]
        ordered += [key for key in self.config if key not in _CONFIG_ORDER]
        settings = {key: self.config[key] for key in ordered}
        if self.short_name != self.name:
            settings.setdefault("alias", self.short_name)
        texts = [f"{key}={_spelled(value)}" for key, value in settings.items()]
        return "{{ config(" + ",".join(texts) + ") }}" if texts else ""

    @property
    def macro_name(self) -> str:
        return f"test_{self.test_name}"

    def unique_id(self, package_name: str) -> str:
        """The node's id, with dbt's digest of what makes the test this one."""
        metadata = {
            "namespace": self.namespace,
            "name": self.test_name,
            "kwargs": self.arguments,
        }
        text = self.name + repr(_hashable(metadata))
        digest = md5(text.encode(), usedforsecurity=False).hexdigest()[-_ID_DIGITS:]
        return f"test.{package_name}.{self.name}.{digest}"


def define_test(
    entry: TestEntry,
    target_name: str,
    target_expression: str,
    *,
    is_nested: bool,
    kind: str = "",
) -> TestDefinition:
    """Take a test entry apart.

    `target_name` is what the synthesized name calls the tested thing ("orders", "raw_orders"),
    `target_expression` how a template calls it ("ref('orders')"). `is_nested` is whether what
    stands under `arguments:` are the arguments, and not one of that name. `kind` comes before
    the test's own name in the synthesized one: "source_" for a source's.

    Raises:
        ParseError: the entry has no form that a test has.
    """
    given_name, arguments = _take_apart(entry)
    match = _NAME.match(given_name)
    if match is None:
        raise ParseError(f"'{given_name}' is no name of a test.", location=entry.location)
    namespace, test_name = match.groups()
    if is_nested:
        # As in dbt it makes no difference what stands in here: `where` is a configuration there
        # too. What is no mapping there is passed over in dbt, too.
        nested = arguments.pop("arguments", None)
        arguments.update(nested if isinstance(nested, dict) else {})
    custom_name = _own_name(arguments.pop("name", None), entry)
    description = str(arguments.pop("description", "") or "")
    config = _take_config(arguments, entry)
    _check_arguments(arguments, test_name, entry)
    column_name = _column_name(entry)
    if column_name is not None:
        arguments["column_name"] = column_name
    arguments["model"] = "{{ get_where_subquery(" + target_expression + ") }}"
    if custom_name:
        name = short_name = custom_name
    else:
        prefix = f"{namespace}_" if namespace else ""
        name, short_name = _synthesize(f"{prefix}{kind}{test_name}", target_name, arguments)
    return TestDefinition(
        test_name=test_name,
        namespace=namespace,
        name=name,
        short_name=short_name,
        arguments=arguments,
        config=config,
        column_name=column_name,
        description=description,
    )


def _take_config(arguments: dict[str, Any], entry: TestEntry) -> dict[str, Any]:
    """What configures the test, taken out of its arguments: beside them, and under `config:`."""
    config = {key: arguments.pop(key) for key in tuple(arguments) if key in CONFIG_KEYS}
    own_config = _mapping(arguments.pop("config", None), "config", entry)
    if twice := sorted(own_config.keys() & config.keys()):
        raise ParseError(
            f"'{twice[0]}' stands both under 'config:' and beside it. Keep the first.",
            location=entry.location,
        )
    config.update(own_config)
    return {key: value for key, value in config.items() if value is not None}


def _check_arguments(arguments: Mapping[Any, Any], test_name: str, entry: TestEntry) -> None:
    if wrong := next((key for key in arguments if not isinstance(key, str)), None):
        raise ParseError(
            f"an argument's name must be a text, but {wrong!r} is not. Put it in quotes.",
            location=entry.location,
        )
    if "model" in arguments:
        raise ParseError(
            f"'model' can't be an argument of the test '{test_name}': it stands for what is "
            "tested. Give the argument another name.",
            location=entry.location,
        )


def _take_apart(entry: TestEntry) -> tuple[str, dict[str, Any]]:
    """The test's name, and what is said beside it."""
    definition = entry.definition
    if isinstance(definition, str):
        return definition, {}
    if isinstance(definition, dict) and "test_name" in definition:
        arguments = dict(definition)
        return str(arguments.pop("test_name")), arguments
    if not isinstance(definition, dict) or len(definition) != 1:
        raise ParseError(
            "a test is a name, or a mapping of one name to its arguments (check the indentation).",
            location=entry.location,
        )
    (name, value), *_ = definition.items()
    if value is None:
        raise ParseError(
            f"test arguments must be a mapping, but after '{name}:' there is nothing. Take the "
            "colon away where there are none.",
            location=entry.location,
        )
    return str(name), dict(_mapping(value, str(name), entry))


def _own_name(name: object, entry: TestEntry) -> str | None:
    if name is None or isinstance(name, str):
        return name
    raise ParseError("the 'name' of a test must be a text.", location=entry.location)


def _mapping(value: object, key: str, entry: TestEntry) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ParseError(
            f"'{key}' of a test must be a mapping of arguments.", location=entry.location
        )
    return value


def _column_name(entry: TestEntry) -> str | None:
    if entry.column is None:
        return None
    name = str(entry.column["name"])
    return f'"{name}"' if entry.column.get("quote") else name


def _synthesize(test_name: str, target_name: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """The whole name, and one that is short enough for a database and a file."""
    words: list[str] = []
    for key in sorted(arguments):
        value = arguments[key]
        if key == "model":
            continue
        if isinstance(value, dict):
            words += [str(item) for item in value.values()]
        elif isinstance(value, (list, tuple)):
            words += [str(item) for item in value]
        else:
            words.append(str(value))
    suffix = "__".join(re.sub(r"[^0-9a-zA-Z_]+", "_", word) for word in words)
    stem = f"{test_name}_{target_name}"
    name = f"{stem}_{suffix}"
    if len(name) <= _LONGEST_NAME:
        return name, name
    digest = md5(name.encode(), usedforsecurity=False).hexdigest()
    return name, f"{stem[:30]}_{digest}"


def _spelled(value: object) -> str:
    return '"' + value.replace('"', '\\"') + '"' if isinstance(value, str) else str(value)


def _hashable(value: Any) -> Any:
    if type(value) is dict:
        return {key: _hashable(value[key]) for key in sorted(value, key=str)}
    if type(value) is list:
        return [_hashable(item) for item in value]
    return str(value)
