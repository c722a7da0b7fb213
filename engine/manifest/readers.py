"""The readers of a project's nodes, one for each kind, in the order in which they read.

A new kind of node is a module with a reader, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from .declared.exposures import read_exposures
from .declared.metrics import read_metrics
from .declared.saved_queries import read_saved_queries
from .declared.semantic_models import read_semantic_models
from .declared.unit_tests import read_unit_tests
from .reading.analyses import read_analyses
from .reading.generic_tests import read_generic_tests
from .reading.given_query import read_given_query
from .reading.groups import read_groups
from .reading.macro_properties import read_macro_properties
from .reading.models import read_models
from .reading.package_parse import PackageParse
from .reading.run_hooks import read_run_hooks
from .reading.seeds import read_seeds
from .reading.singular_tests import read_singular_tests
from .reading.snapshots import read_snapshots
from .reading.source_tables import read_sources


class Reader(Struct, frozen=True):
    """What reads one kind of node of one project, and adds what it finds to the parse.

    `section` is the section of properties files that it alone reads, and whose entries are all
    that there is of what they name.
    """

    read: Callable[[PackageParse], None]
    section: str | None = None


DESCRIBED_READERS = (
    Reader(read_models),
    Reader(read_analyses),
    Reader(read_seeds),
    Reader(read_snapshots),
)
"""Of the nodes that properties files of any project may describe."""

READERS = (
    Reader(read_singular_tests),
    Reader(read_given_query),
    Reader(read_groups, "groups"),
    Reader(read_sources),
    # The tests of properties files look for the nodes that they test among those before.
    Reader(read_generic_tests),
    Reader(read_macro_properties),
    Reader(read_exposures, "exposures"),
    Reader(read_metrics, "metrics"),
    Reader(read_semantic_models, "semantic_models"),
    Reader(read_saved_queries, "saved_queries"),
    Reader(read_unit_tests, "unit_tests"),
    Reader(read_run_hooks),
)
DECLARED_SECTIONS = tuple(reader.section for reader in READERS if reader.section)
