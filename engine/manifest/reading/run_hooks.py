"""`on-run-start` and `on-run-end`: the SQL that a project wants before and after all nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

import msgspec
from msgspec import Struct

from ...project.project import Project
from ...project.render import has_template
from ..jinja.macro_index import MacroIndex
from ..jinja.scanner import scan
from ..jinja.syntax import SyntaxEnvironment
from ..nodes.hook_node import END, START, RunHook, RunHookType
from ..nodes.node import Checksum, NodeConfig
from ..nodes.resource_type import ResourceType
from .inputs import ParseInputs
from .node_factory import ParseRenderer

_DEFAULT_CONFIG = NodeConfig(values={"materialized": "view"})


class RunHookReader(Struct, frozen=True):
    """Reads the hooks of all projects in the order in which they run.

    Those of packages come first, by the packages' names, and the root project's last, so that
    it can build on theirs (https://docs.getdbt.com/docs/build/hooks-operations).
    """

    inputs: ParseInputs
    macros: MacroIndex
    renderer: ParseRenderer
    syntax: SyntaxEnvironment

    def read(self) -> Iterator[RunHook]:
        """Every hook.

        Raises:
            CompilationError: a hook isn't Jinja, or fails while nothing is executed.
        """
        root, *packages = self.inputs.projects
        projects = [*sorted(packages, key=lambda project: project.name), root]
        for hook_type in (START, END):
            yield from self._of_type(hook_type, projects)

    def _of_type(self, hook_type: RunHookType, projects: Iterable[Project]) -> Iterator[RunHook]:
        position = 0
        for project in projects:
            texts = project.on_run_start if hook_type == START else project.on_run_end
            for index, text in enumerate(texts):
                yield self._hook(project, hook_type, index, position, text)
                position += 1

    def _hook(
        self, project: Project, hook_type: RunHookType, index: int, position: int, text: str
    ) -> RunHook:
        name = f"{project.name}-{hook_type}-{index}"
        hook = RunHook(
            unique_id=f"operation.{project.name}.{name}",
            name=name,
            package_name=project.name,
            resource_type=ResourceType.OPERATION,
            path=f"hooks/{name}.sql",
            original_file_path="./dbt_project.yml",
            fqn=(project.name, "hooks", name),
            config=_DEFAULT_CONFIG,
            schema=self.inputs.schema,
            database=self.inputs.database,
            alias=name,
            raw_code=text,
            checksum=Checksum("sha256", sha256(text.encode()).hexdigest()),
            hook_type=hook_type,
            index=index,
            position=position,
            document=project.document,
        )
        return self._with_dependencies(hook) if has_template(text) else hook

    def _with_dependencies(self, hook: RunHook) -> RunHook:
        """The hook with the nodes that it refers to, and the macros that it names."""
        captured = self.renderer.render(hook, hook.raw_code)
        scanned = scan(self.syntax, hook.raw_code, hook.original_file_path)
        macros = self.macros.ids_named_in(scanned, hook.package_name)
        return msgspec.structs.replace(
            hook, refs=captured.refs, sources=captured.sources, macros=macros
        )
