"""Models that have a `deprecation_date`: what is said of them, and of who refers to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from ...core.errors import ParseError
from ...core.events import WarningRaised
from ..nodes.model_node import Model
from ..nodes.node_calls import Version
from .entries import Place
from .package_parse import Parse


def read_deprecation_date(values: Mapping[str, Any], place: Place) -> datetime | None:
    """An entry's `deprecation_date`: a day alone begins at midnight, here.

    Raises:
        ParseError: it is no date.
    """
    given = values.get("deprecation_date")
    if given is None:
        return None
    moment: datetime | None = None
    if isinstance(given, datetime):
        moment = given
    elif isinstance(given, date):
        moment = datetime(given.year, given.month, given.day)
    elif isinstance(given, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(given)
    if moment is None:
        raise ParseError(
            f"deprecation_date '{given}' is no date. Write it as in 2030-12-31.",
            location=place.locate("deprecation_date"),
        )
    return moment if moment.tzinfo else moment.astimezone()


def deprecation_warnings(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each model past its date, and for each model that refers to such a one."""
    nodes, parents, now = parse.found.nodes, parse.found.parents, datetime.now(UTC)
    deprecated = {
        node.unique_id: node
        for node in nodes.values()
        if isinstance(node, Model) and node.deprecation_date is not None
    }
    if not deprecated:
        return
    for model in deprecated.values():
        if _is_past(model, now):
            yield WarningRaised(
                "DeprecatedModel",
                f"Model {model.versioned_name} has passed its deprecation date of "
                f"{_day(model)}. This model should be disabled or removed.",
                model.location,
                {
                    "model_name": model.name,
                    "model_version": _version(model.version),
                    "deprecation_date": _day(model),
                },
            )
    for unique_id, node in nodes.items():
        if not isinstance(node, Model):
            continue
        for parent in parents.get(unique_id, ()):
            if parent in deprecated:
                yield _reference_warning(node, deprecated[parent], now)


def _reference_warning(node: Model, model: Model, now: datetime) -> WarningRaised:
    is_past = _is_past(model, now)
    fate = "was deprecated on" if is_past else "is slated for deprecation on"
    message = (
        f"While compiling '{node.name}': Found a reference to {model.versioned_name}, which "
        f"{fate} '{_day(model)}'."
    )
    if model.is_versioned and not model.is_latest_version:
        advice = "Migrate now" if is_past else "Try it out"
        message += (
            f" A new version of '{model.name}' is available. {advice}: {{{{ ref("
            f"'{model.package_name}', '{model.name}', v='{model.latest_version}') }}}}."
        )
    name = "DeprecatedReference" if is_past else "UpcomingReferenceDeprecation"
    facts = {
        "model_name": node.name,
        "ref_model_package": model.package_name,
        "ref_model_name": model.name,
        "ref_model_version": _version(model.version),
        "ref_model_latest_version": _version(model.latest_version),
        "ref_model_deprecation_date": _day(model),
    }
    return WarningRaised(name, message, node.location, facts)


def _version(version: Version | None) -> str:
    return "" if version is None else str(version)


def _is_past(model: Model, now: datetime) -> bool:
    return model.deprecation_date is not None and model.deprecation_date < now


def _day(model: Model) -> str:
    return model.deprecation_date.isoformat() if model.deprecation_date else ""
