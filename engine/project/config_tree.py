"""Configuration by folder: which keys of dbt_project.yml apply to a node, and how they merge.

A level of the tree is matched by one part of a node's fully qualified name (its package, its
folders, its own name). `+key` is configuration; a plain key is, if its value is no mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..core.errors import ParseError
from ..core.events import WarningRaised

Config = Mapping[str, object]

_LISTS = frozenset({"pre_hook", "post_hook", "packages"})
_MAPPINGS = frozenset({"meta", "docs", "contract", "column_types", "quoting"})
_MERGED = _LISTS | _MAPPINGS | {"tags", "grants", "pre-hook", "post-hook"}
_SPELLINGS = {"pre-hook": "pre_hook", "post-hook": "post_hook"}


class ConfigTree:
    """The configuration of one kind of node, with each folder's worked out once.

    `levels(fqn)` walks the tree, so its cost is the depth of the folder, whatever the size of
    the project.
    """

    def __init__(self, tree: Config) -> None:
        self._root = _Level(tree, inherited={})

    def levels(self, fqn: Sequence[str]) -> list[Config]:
        """The configuration of each level that applies to a node, general to specific."""
        return [level.own for level in self._walk(fqn) if level.own]

    def merged(self, fqn: Sequence[str]) -> Config:
        """The levels that apply to a node as one configuration. Not to be changed in place."""
        *_, last = self._walk(fqn)
        return last.merged

    def _walk(self, fqn: Sequence[str]) -> Iterator[_Level]:
        level = self._root
        yield level
        for part in fqn:
            below = level.below.get(part)
            if below is None:
                return
            level = below
            yield level


class _Level:
    """One folder of the tree."""

    __slots__ = ("below", "merged", "own")

    def __init__(self, tree: Config, *, inherited: Config) -> None:
        self.own: Config = _own_config(tree)
        self.merged: Config = merge_config(inherited, self.own)
        self.below: dict[str, _Level] = {
            name: _Level(subtree, inherited=self.merged) for name, subtree in _subtrees(tree)
        }


def tree_config(tree: Config, fqn: Sequence[str]) -> list[Config]:
    """The configuration of each level that applies to a node, general to specific.

    For many nodes of one tree, make a `ConfigTree`.
    """
    found = [_own_config(tree)]
    for part in fqn:
        subtree = dict(_subtrees(tree)).get(part)
        if subtree is None:
            break
        tree = subtree
        found.append(_own_config(tree))
    return [config for config in found if config]


def _own_config(tree: Config) -> dict[str, object]:
    own: dict[str, object] = {}
    keys: dict[str, str] = {}
    for key, value in tree.items():
        written = str(key)
        is_marked = written.startswith("+")
        if is_marked or not isinstance(value, Mapping):
            name = config_key(written[1:].strip() if is_marked else written)
            if name in keys and name in _SPELLINGS.values():
                raise _twice(keys[name], written)
            keys[name], own[name] = written, value
    return own


def _subtrees(tree: Config) -> Iterator[tuple[str, Config]]:
    for key, value in tree.items():
        if isinstance(value, Mapping) and not str(key).startswith("+"):
            yield str(key), value


def config_key(name: str) -> str:
    """A configuration's one spelling inside of headrace: `pre-hook` is `pre_hook`."""
    return _SPELLINGS.get(name, name)


def merge_config(low: Config, high: Config) -> dict[str, object]:
    """Two configurations as one, where `high` goes before `low`. Neither is changed.

    Tags and hooks append; meta, docs, contract, column_types and quoting merge by key; grants
    replace by privilege, or add to it where the privilege is written `+select`; all else
    replaces. It doesn't matter in what order three are merged: the `+` of a grant is kept
    until `finish_config`, since what it adds to may be yet to come.

    Raises:
        ParseError: a value isn't of the kind that its key merges by.
    """
    merged: dict[str, object] = {}
    for config in (low, high):
        for key, value in config.items():
            if key not in _MERGED:
                merged[key] = value
            else:
                name = config_key(key)
                if name != key and name in config:
                    raise _twice(key, name)
                merged[name] = _merge_value(name, merged.get(name), value)
    return merged


def _twice(one: str, other: str) -> ParseError:
    return ParseError(
        f"'{one}' and '{other}' are the same configuration, and both are given. Make one list of "
        "the two."
    )


def finish_config(config: Config) -> dict[str, object]:
    """A configuration that nothing more is merged into: grants without their `+`."""
    finished = merge_config({}, config)
    grants = finished.get("grants")
    if isinstance(grants, Mapping):
        finished["grants"] = {key.removeprefix("+"): roles for key, roles in grants.items()}
    return finished


def _merge_value(name: str, low: object, high: object) -> object:
    if name == "tags":
        return _texts(name, low) + _texts(name, high)
    if name in _LISTS:
        return _list(low) + _list(high)
    if name == "grants":
        return _merge_grants(_mapping(name, low), _mapping(name, high))
    return {**_mapping(name, low), **_mapping(name, high)}


def _merge_grants(low: Config, high: Config) -> dict[str, object]:
    """Grants by privilege. A key with `+` adds to the one without, or waits for it."""
    merged: dict[str, object] = {}
    for key, roles in (*low.items(), *high.items()):
        privilege = str(key).removeprefix("+")
        waiting = f"+{privilege}"
        if not str(key).startswith("+"):
            merged.pop(waiting, None)
            merged[privilege] = _list(roles)
        elif privilege in merged:
            merged[privilege] = _list(merged[privilege]) + _list(roles)
        else:
            merged[waiting] = _list(merged.get(waiting)) + _list(roles)
    return merged


def _list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _texts(name: str, value: object) -> list[str]:
    texts = [item for item in _list(value) if isinstance(item, str)]
    if isinstance(value, Mapping) or len(texts) < len(_list(value)):
        raise ParseError(f"'{name}' must be a text or a list of texts.")
    return texts


def _mapping(name: str, value: object) -> Config:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ParseError(f"'{name}' must be a mapping, as in {name}: {{key: value}}.")
    return value


def unused_paths(tree: Config, used: Iterable[Sequence[str]]) -> list[str]:
    """The folders of a tree that configure something, but none of the nodes in `used`.

    A path is dotted, without the tree's own name; the tree as a whole is "".
    """
    prefixes = {tuple(fqn[:length]) for fqn in used for length in range(len(fqn) + 1)}
    return [".".join(path) for path in _configured_paths(tree, ()) if path not in prefixes]


def _configured_paths(tree: Config, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if _own_config(tree):
        yield path
    for name, subtree in _subtrees(tree):
        yield from _configured_paths(subtree, (*path, name))


def unused_paths_warning(
    trees: Mapping[str, Config], used: Mapping[str, Iterable[Sequence[str]]]
) -> WarningRaised | None:
    """The warning for all trees, or None. `used` are the nodes' names, by the tree's kind."""
    unused = [
        f"- {kind}.{path}" if path else f"- {kind}"
        for kind, tree in trees.items()
        for path in unused_paths(tree, used.get(kind, ()))
    ]
    if not unused:
        return None
    return WarningRaised(
        "UnusedResourceConfigPath",
        "Configuration paths exist in your dbt_project.yml file which do not apply to any "
        f"resources.\nThere are {len(unused)} unused configuration paths:\n" + "\n".join(unused),
        data={"unused_config_paths": [path.removeprefix("- ") for path in unused]},
    )
