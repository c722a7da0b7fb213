"""Groups of models, and who may refer to which model.

(https://docs.getdbt.com/docs/collaborate/govern/model-access)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ...core.errors import (
    Location,
    ParseError,
    did_you_mean,
)
from ...project.project import Project
from ..nodes.group import Group
from ..nodes.model_node import Model
from ..nodes.node import Node
from .entries import Place, below_search_path, configured_meta, read_entry
from .inputs import ParseInputs
from .node_factory import Draft
from .patches import NodePatch

_ACCESS = ("private", "protected", "public")


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    owner: dict[str, Any]
    description: str | None = None
    config: dict[str, Any] = {}


def read_groups(
    patches: Iterable[NodePatch], inputs: ParseInputs, project: Project
) -> Iterator[Group]:
    """The groups that a project's properties files declare.

    Raises:
        ParseError: one has no owner, or stands twice.
    """
    seen: dict[str, NodePatch] = {}
    for patch in patches:
        twin = seen.setdefault(patch.name, patch)
        if twin is not patch:
            raise ParseError(
                f"the group '{patch.name}' is declared twice: here and at {twin.location}. "
                "Merge the two entries.",
                location=patch.location,
            )
        place = Place(patch.document, patch.keys, "a group")
        rendered = inputs.yaml.render(patch.document, patch.values, patch.keys)
        assert isinstance(rendered, dict)  # a mapping is rendered to a mapping
        entry = read_entry(_Entry, rendered, place, inputs.warn)
        path = patch.document.display
        yield Group(
            unique_id=f"group.{project.name}.{patch.name}",
            name=patch.name,
            package_name=project.name,
            path=below_search_path(path, project),
            original_file_path=path,
            location=patch.location,
            owner=read_owner(entry.owner, place),
            description=entry.description,
            meta=configured_meta(entry.config, place),
        )


def read_owner(owner: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """An owner with the two keys that one always has; others are kept.

    Raises:
        ParseError: nobody is named.
    """
    if owner.get("name") is None and owner.get("email") is None:
        raise ParseError(
            f"the owner of {place.what} has a 'name' or an 'email', or both.",
            location=place.locate("owner"),
        )
    return {"email": None, "name": None, **owner}


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


def check_groups(nodes: Iterable[Node], groups: Iterable[Group]) -> None:
    """Every group that a node says it is in must be there.

    Raises:
        ParseError: one isn't.
    """
    names = sorted({group.name for group in groups})
    for node in nodes:
        if node.group and node.group not in names:
            raise ParseError(
                f"Invalid group '{node.group}', expected one of {names}."
                f"{did_you_mean(str(node.group), names)} Groups are declared under 'groups:' in a "
                "properties file.",
                location=node.location,
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
