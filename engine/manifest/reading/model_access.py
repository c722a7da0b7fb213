"""Who may refer to which model.

(https://docs.getdbt.com/docs/collaborate/govern/model-access)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...core.errors import Location, ParseError, did_you_mean
from ...project.project import Project
from ..nodes.model_node import Model
from ..nodes.node import Node
from ..nodes.query_nodes import InlineQuery
from .draft import Draft

_ACCESS = ("private", "protected", "public")


def check_access(model: Model, draft: Draft) -> None:
    """`access` is one of three, and what isn't in the database is nobody else's to read.

    Raises:
        ParseError: it is something else.
    """
    if model.access not in _ACCESS:
        raise ParseError(
            f"Node {model.unique_id} has an invalid value ({model.access}) for the access field."
            f"{did_you_mean(str(model.access), _ACCESS)} There are: {', '.join(_ACCESS)}.",
            location=draft.configured_at("access"),
        )
    if model.access == "public" and model.is_ephemeral and model.config.enabled:
        raise ParseError(
            f"Node {model.unique_id} with 'ephemeral' materialization has an invalid value "
            "(public) for the access field. Materialize it as a view, or make it protected.",
            location=draft.configured_at("access"),
        )


def reference_check(projects: Iterable[Project]) -> Callable[[Node, Node, Location], None]:
    """A check of who may refer to whom: `check(caller, target, place)`.

    It raises ParseError where the target is private to a group that the caller isn't in, or
    where its package restricts access to what isn't public and the caller is of another.
    """
    restricted = {project.name for project in projects if _restricts_access(project)}

    def check(caller: Node, target: Node, place: Location) -> None:
        if not isinstance(target, Model) or target.access == "public":
            return
        if isinstance(caller, InlineQuery):
            return  # As in dbt, whoever is at the command line may look at everything.
        is_foreign = caller.package_name != target.package_name
        is_shut_out = is_foreign and target.package_name in restricted
        if target.access == "private":
            is_member = bool(caller.group) and caller.group == target.group
            if not is_member or is_shut_out:
                raise _not_allowed(caller, target, f"'{target.group or ''}' group", place)
        elif is_shut_out:
            raise _not_allowed(caller, target, f"'{target.package_name}' package", place)

    return check


def _restricts_access(project: Project) -> bool:
    data = project.document.data
    return isinstance(data, Mapping) and data.get("restrict-access") is True


def _not_allowed(caller: Node, target: Model, scope: str, place: Location) -> ParseError:
    if target.access == "private" and target.group:
        advice = f"Put '{caller.name}' into the group '{target.group}', or give '{target.name}' "
    else:
        advice = f"Give '{target.name}' "
    return ParseError(
        f"Node {caller.unique_id} attempted to reference node {target.unique_id}, which is not "
        f"allowed because the referenced node is {target.access} to the {scope}. {advice}"
        "another 'access'.",
        location=place,
    )
