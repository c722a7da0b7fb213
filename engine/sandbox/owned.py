"""A node's own of what nodes share: what its template changes, no other one sees.

Macros may change what they are given, as in dbt, and what they are given may be as large as
`graph`. So a mapping is copied level by level, each when it is first looked into.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

_SHARED = (dict, list, tuple, set)


class OwnDict(dict[str, Any]):
    """A mapping of a template's own, whose values become its own when they are asked for."""

    __slots__ = ("_own",)

    def __init__(self, values: Any = ()) -> None:
        super().__init__(values)
        self._own: set[Any] = set()
        """The keys of lists that are the template's already."""

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        return self._owned(key, value) if type(value) in _SHARED else value

    def get(self, key: Any, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 # this is what `get` is

    def values(self) -> ValuesView[Any]:  # type: ignore[override] # any values will do
        self._own_all()
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override] # any items will do
        self._own_all()
        return super().items()

    def __iter__(self) -> Iterator[str]:
        # Its being there keeps `dict(own)` from copying what is shared.
        return super().__iter__()

    def pop(self, key: Any, *default: Any) -> Any:
        if key in self:
            value = self[key]
            super().pop(key)
            self._own.discard(key)
            return value
        return super().pop(key, *default)

    def popitem(self) -> tuple[str, Any]:
        key = next(reversed(self), None)
        if key is None:
            return super().popitem()
        return key, self.pop(key)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self._put({key: default})
        return self[key]

    def update(self, *values: Any, **named: Any) -> None:
        self._put(dict(*values, **named))

    def copy(self) -> dict[str, Any]:
        return dict(self.items())

    def _put(self, values: dict[str, Any]) -> None:
        super().update(values)
        self._own.update(values)

    def _owned(self, key: Any, value: Any) -> Any:
        if key in self._own:
            return value
        mine = own(value)
        super().__setitem__(key, mine)
        self._own.add(key)
        return mine

    def _own_all(self) -> None:
        for key, value in super().items():
            if type(value) in _SHARED:
                self._owned(key, value)


def own(value: Any) -> Any:
    """A value whose lists and mappings can be changed without anybody else's seeing it."""
    kind = type(value)
    if kind is dict:
        return OwnDict(value)
    if kind is list:
        return [own(item) if type(item) in _SHARED else item for item in value]
    if kind is tuple:
        return tuple([own(item) if type(item) in _SHARED else item for item in value])
    if kind is set:
        return set(value)
    return value


class OwnGraph(OwnDict):
    """`graph` for one node: what dbt put there is its own, what packages add is the run's.

    Those that watch runs keep under a key of theirs what they tell at the end
    (`graph.setdefault('elementary', {})`): as in dbt, every node sees it. `gathered` holds it.
    """

    __slots__ = ("_gathered", "_sections")

    def __init__(self, values: dict[str, Any], gathered: dict[str, Any]) -> None:
        super().__init__(values)
        self._sections = frozenset(values)
        self._gathered = gathered
        self._catch_up()

    def __getitem__(self, key: Any) -> Any:
        self._catch_up()
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._catch_up()
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        self._catch_up()
        return super().__iter__()

    def __len__(self) -> int:
        self._catch_up()
        return super().__len__()

    def keys(self) -> KeysView[str]:  # type: ignore[override] # any keys will do
        self._catch_up()
        return super().keys()

    def _own_all(self) -> None:
        self._catch_up()
        super()._own_all()

    def pop(self, key: Any, *default: Any) -> Any:
        self._catch_up()
        value = super().pop(key, *default)
        self._gathered.pop(key, None)
        return value

    def _put(self, values: dict[str, Any]) -> None:
        super()._put(values)
        self._gathered.update(
            {key: value for key, value in values.items() if key not in self._sections}
        )

    def _catch_up(self) -> None:
        """See what others have put there, or taken away, since the last look."""
        for key in [key for key in dict.keys(self) if key not in self._sections]:
            if key not in self._gathered:
                dict.pop(self, key)
                self._own.discard(key)
        super()._put(self._gathered)
