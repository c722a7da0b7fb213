"""What `query-comment` puts on the statements of a node.

(https://docs.getdbt.com/reference/project-configs/query-comment)
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, ClassVar

from ...adapters.base import Connection, Target
from ...adapters.comment import StatementComment
from ..core.errors import CompilationError, Location
from ..manifest.artifact.node_dicts import node_dict, source_dict
from ..manifest.nodes.node import Checksum, Node, NodeConfig
from ..manifest.nodes.operation_node import Operation
from ..manifest.nodes.resource_type import ResourceType
from ..manifest.nodes.source_node import Source
from ..project.project import QueryComment
from ..project.render import has_template
from ..sandbox.owned import own
from .context import DBT_VERSION
from .template_engine import TemplateEngine

MAX_COMMENT = 64 * 1024
"""Characters of a comment."""

APP = "headrace"
"""What the standard comment says under "app", where dbt says "dbt"."""


class QueryComments:
    """Makes the comments of one invocation."""

    def __init__(
        self, setting: QueryComment, *, target: Target, project: str, templates: TemplateEngine
    ) -> None:
        self._setting = setting
        self._templates = templates
        self._operation = comment_operation(project, target)
        self._known = {
            "app": APP,
            "dbt_version": DBT_VERSION,
            "profile_name": target.profile_name,
            "target_name": target.name,
        }

    async def of(
        self, connection: Connection, name: str, node: Node | None = None
    ) -> StatementComment | None:
        """The comment for what a connection is going to send, or None.

        `name` is the connection's, for where there is no node.

        Raises:
            CompilationError: the template failed, or its text would end the comment.
            AdapterError: a statement that it ran was refused.
        """
        template = self._setting.comment
        if template is None:
            whose = {"node_id": node.unique_id} if node else {"connection_name": name}
            text = json.dumps({**self._known, **whose})
        elif has_template(template):
            text = (await self._rendered(template, connection, name, node)).strip()
        else:
            text = template.strip()
        if len(text) > MAX_COMMENT or "*/" in text:
            check_comment(text)
        return StatementComment(text, self._setting.append) if text else None

    async def _rendered(
        self, template: str, connection: Connection, name: str, node: Node | None
    ) -> str:
        scope = self._templates.scope(self._operation, connection).scope.with_names(
            connection_name=name, node=_NodeInComment(node) if node else None
        )
        return await self._templates.render_text(template, scope, self._operation)


def check_comment(text: str) -> None:
    """See that a text can be a comment.

    Raises:
        CompilationError: it would end the comment, or is too long for one.
    """
    if len(text) > MAX_COMMENT:
        raise CompilationError(
            f"the query comment has {len(text):,} characters: the limit is {MAX_COMMENT:,}, "
            "since it goes with each statement.",
            location=_PLACE,
        )
    if "*/" in text:
        raise CompilationError(
            f'query comment contains illegal value "*/": {text}', location=_PLACE
        )


def comment_operation(project: str, target: Target) -> Operation:
    """What the template of a comment is rendered for: no node has one of its own."""
    return Operation(
        unique_id=f"operation.{project}.query-comment",
        name="query-comment",
        package_name=project,
        resource_type=ResourceType.OPERATION,
        path=_PLACE.path,
        original_file_path=_PLACE.path,
        fqn=(project, "query-comment"),
        config=NodeConfig(),
        schema=target.schema,
        database=target.database,
        alias="query-comment",
        checksum=Checksum("none", ""),
    )


class _NodeInComment:
    """A node as a comment's template sees it: what a node hasn't got is an empty text."""

    template_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, node: Node) -> None:
        self._node = node

    def __getitem__(self, name: str) -> Any:
        if name.startswith("_"):
            raise KeyError(name)
        return self._described.get(name, "")

    @cached_property
    def _described(self) -> dict[str, Any]:
        node = self._node
        described: dict[str, Any] = own(
            source_dict(node) if isinstance(node, Source) else node_dict(node)
        )
        return described


_PLACE = Location("dbt_project.yml")
