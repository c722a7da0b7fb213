"""What the tests of warnings share: what an invocation raised, and as what."""

from __future__ import annotations

from ..building.support import Ran, warnings_of

WARNED_TEST = {
    "models/orders.sql": "select null as id",
    "models/schema.yml": (
        "models:\n  - name: orders\n    columns:\n      - name: id\n"
        "        data_tests: [{not_null: {config: {severity: warn}}}]\n"
    ),
}
"""A project with a test that finds something, and only warns of it."""

JINJA_WARNING = "{% if execute %}{{ exceptions.warn('look here') }}{% endif %} select 1 as id"
"""A model that warns when it is run."""


def names(ran: Ran) -> list[str]:
    """The names of the warnings that were shown."""
    return [warning.name for warning in warnings_of(ran.events)]
