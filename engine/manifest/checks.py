"""The checks of what was read, in their order. Each raises, or gives its warnings.

A new check is a function of a parse, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.events import WarningRaised
from .reading.config_names import misspelt_configs
from .reading.contract_policies import check_contracts
from .reading.deprecated_forms import deprecated_forms, overriding_packages
from .reading.deprecation import deprecation_warnings
from .reading.disabled_nodes import check_disabled_twins
from .reading.gaps import gaps_of_nodes
from .reading.groups import check_groups
from .reading.microbatch_settings import check_microbatch_models
from .reading.package_parse import Parse
from .reading.relation_names import check_relation_names, check_versioned_names
from .reading.semantic_forms import old_semantic_forms
from .reading.test_arguments import misplaced_arguments
from .reading.unasked_macros import unasked_macros
from .reading.unused_configuration import unused_configuration
from .reading.unused_properties import unused_properties

Check = Callable[[Parse], Iterable[WarningRaised]]

CHECKS_OF_NODES: tuple[Check, ...] = (
    check_disabled_twins,
    unused_properties,
    misplaced_arguments,
    gaps_of_nodes,
    misspelt_configs,
    deprecated_forms,
    overriding_packages,
    unasked_macros,
    unused_configuration,
    check_versioned_names,
    check_groups,
    check_relation_names,
)
"""Of the nodes by themselves, before anybody asks what they refer to."""

CHECKS_OF_GRAPH: tuple[Check, ...] = (
    deprecation_warnings,
    check_contracts,
    check_microbatch_models,
    old_semantic_forms,
)
"""Of the nodes once it is known what each of them needs."""


def heed(checks: Iterable[Check], parse: Parse) -> None:
    """Go through checks, and pass on their warnings.

    Raises:
        ParseError: something is wrong.
    """
    for check in checks:
        for warning in check(parse):
            parse.inputs.warn(warning)
