"""The top level of dbt_project.yml, each key read as the type that it must have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..core.errors import ProjectError
from ..core.numbers import whole_number
from .discovery import checked_path
from .render import Renderer
from .template_errors import TargetNotKnownError
from .yaml_file import YamlDocument

_NOUNS = {str: "a text", bool: "a boolean", int: "a number", float: "a number", list: "a list"}


def noun_of(value: object) -> str:
    """What kind of thing a YAML value is, for messages."""
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a mapping"
    return _NOUNS.get(type(value), "something else")


class Fields:
    """Reads one document's keys, rendered and checked. An absent or empty key gives None.

    `may_lead_out` are the keys whose paths may be outside of the project.

    A value that speaks of the target counts as absent for as long as there is no target.

    Every method raises ProjectError, with file and line, for a value of the wrong type.
    """

    def __init__(
        self,
        document: YamlDocument,
        renderer: Renderer,
        *,
        may_lead_out: frozenset[str] = frozenset(),
    ) -> None:
        self._document = document
        self._may_lead_out = may_lead_out
        self._renderer = renderer
        if not isinstance(document.data, Mapping):
            raise self.error(
                f"This must be a mapping of keys to values, but it is {noun_of(document.data)}."
            )
        self._data: Mapping[object, object] = document.data

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return (str(key) for key in self._data)

    def error(self, problem: str, *path: str | int) -> ProjectError:
        """An error at a place in the document."""
        return ProjectError(problem, location=self._document.locate(*path))

    def raw(self, key: str) -> object:
        """A value as it was written."""
        return self._data.get(key)

    def value(self, key: str) -> object:
        """A value of any type."""
        try:
            return self._renderer.render(self._document, self.raw(key), (key,))
        except TargetNotKnownError:
            return None

    def text(self, key: str) -> str | None:
        """A text; a number is taken for one."""
        value = self.value(key)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise self._wrong_type(key, "a text", value)

    def texts(self, key: str, *, or_one: bool = False) -> tuple[str, ...] | None:
        """A list of texts; with `or_one`, a text alone stands for a list of one."""
        return self._as_texts(key, self.value(key), or_one)

    def raw_texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one, that are rendered when their turn comes."""
        return self._as_texts(key, self.raw(key), or_one=True) or ()

    def paths(self, key: str) -> tuple[str, ...] | None:
        """A list of paths, normalised, that stay inside of the project unless they may lead out."""
        texts = self.texts(key)
        if texts is None or (key == "clean-targets" and key in self._may_lead_out):
            return texts
        may_lead_out = key in self._may_lead_out
        return tuple(
            checked_path(
                text,
                key=key,
                location=self._document.locate(key, index),
                may_lead_out=may_lead_out,
            )
            for index, text in enumerate(texts)
        )

    def whole_number(self, key: str) -> int | None:
        """A whole number; a text that is one is taken for it."""
        value = self.value(key)
        if isinstance(value, str) and (number := whole_number(value)) is not None:
            return number
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self._wrong_type(key, "a whole number", value)

    def booleans(self, key: str) -> Mapping[str, bool]:
        """A mapping to true and false; an empty value counts as absent."""
        found: dict[str, bool] = {}
        for name, value in self.mapping(key).items():
            if isinstance(value, bool):
                found[name] = value
            elif value is not None:
                raise self.error(
                    f"'{key}.{name}' must be true or false, but it is {noun_of(value)}.", key, name
                )
        return found

    def path(self, key: str) -> str | None:
        """A path, normalised, that stays inside of the project unless it may lead out."""
        text = self.text(key)
        if text is None:
            return None
        location, may_lead_out = self._document.locate(key), key in self._may_lead_out
        return checked_path(text, key=key, location=location, may_lead_out=may_lead_out)

    def mapping(self, key: str) -> Mapping[str, object]:
        """A mapping with its keys as texts; an absent one is empty."""
        return self._as_mapping(key, self.value(key))

    def raw_mapping(self, key: str) -> Mapping[str, object]:
        """A mapping as it was written."""
        return self._as_mapping(key, self.raw(key))

    def mappings(self, key: str) -> tuple[Mapping[str, object], ...]:
        """A list of mappings; an absent one is empty."""
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self._wrong_type(key, "a list of mappings", value)
        for index, item in enumerate(value):
            if not isinstance(item, Mapping):
                raise self._wrong_type(key, "a list of mappings", item, index)
        return tuple(value)

    def _as_mapping(self, key: str, value: object) -> Mapping[str, object]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self._wrong_type(key, "a mapping", value)
        return {str(name): item for name, item in value.items()}

    def _as_texts(self, key: str, value: object, or_one: bool) -> tuple[str, ...] | None:
        if value is None:
            return None
        if isinstance(value, str) and or_one:
            return (value,)
        wanted = "a text or a list of texts" if or_one else "a list of texts"
        if not isinstance(value, list):
            raise self._wrong_type(key, wanted, value)
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise self._wrong_type(key, wanted, item, index)
        return tuple(value)

    def _wrong_type(self, key: str, wanted: str, value: object, *below: int) -> ProjectError:
        what = f"one item of it is {noun_of(value)}" if below else f"it is {noun_of(value)}"
        is_listable = "list of texts" in wanted and isinstance(value, str) and not below
        example = f', as in {key}: ["{value}"]' if is_listable else ""
        return self.error(f"'{key}' must be {wanted}{example}, but {what}.", key, *below)
