"""`on-run-start` and `on-run-end`: the SQL that a project wants before and after all nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import count

from msgspec.structs import replace

from ...project.project import Project
from ...project.render import has_template
from ..nodes.hook_node import END, START, RunHook, RunHookType
from ..nodes.node import Checksum
from ..nodes.resource_type import ResourceType
from .draft import Draft
from .package_parse import PackageParse
from .sql_templates import captured_in


def read_run_hooks(package: PackageParse) -> None:
    """Read the hooks of a project.

    Raises:
        CompilationError: a hook isn't Jinja, or fails while nothing is executed.
    """
    for hook_type in (START, END):
        first = _number_before(package, hook_type)
        for index, text in enumerate(_texts(package.project, hook_type)):
            hook = _hook(package, hook_type, index, first + index, text)
            if hook.config.enabled:
                package.found.hooks.append(hook)
            else:
                package.found.add(hook)


def in_order(hooks: Iterable[RunHook]) -> list[RunHook]:
    """Hooks in the order in which they run, those at the start first."""
    ordered = sorted(hooks, key=lambda hook: (hook.hook_type != START, hook.position))
    places = {START: count(), END: count()}
    return [replace(hook, position=next(places[hook.hook_type])) for hook in ordered]


def _number_before(package: PackageParse, hook_type: RunHookType) -> int:
    """How many hooks of other projects run before those of a project.

    Those of packages come first, by the packages' names, and the root project's last, so that
    it can build on theirs (https://docs.getdbt.com/docs/build/hooks-operations).
    """
    _, *packages = package.inputs.projects
    before = (other for other in packages if package.is_root or other.name < package.project.name)
    return sum(len(_texts(project, hook_type)) for project in before)


def _texts(project: Project, hook_type: RunHookType) -> Sequence[str]:
    return project.on_run_start if hook_type == START else project.on_run_end


def _hook(
    package: PackageParse, hook_type: RunHookType, index: int, position: int, text: str
) -> RunHook:
    """A hook as a node. As in dbt what the project file says of models holds for it, by the path
    `hooks`: who disables a package's models has none of its hooks run.
    """
    project = package.project
    name = f"{project.name}-{hook_type}-{index}"
    draft = Draft(
        resource_type=ResourceType.OPERATION,
        name=name,
        unique_id=f"operation.{project.name}.{name}",
        project=project,
        path=f"hooks/{name}.sql",
        original_file_path="./dbt_project.yml",
        fqn=(project.name, "hooks", name),
        raw_code=text,
        # As in dbt, of the file that has it.
        checksum=Checksum("sha256", sha256(project.document.text.strip().encode()).hexdigest()),
    )
    hook = package.factory.make(
        RunHook,
        draft,
        hook_type=hook_type,
        index=index,
        position=position,
        document=project.document,
    )
    return _with_dependencies(package, hook) if has_template(text) else hook


def _with_dependencies(package: PackageParse, hook: RunHook) -> RunHook:
    """The hook with the nodes that it refers to, and the macros that it names."""
    captured, macros = captured_in(package, hook, hook.raw_code)
    return replace(
        hook,
        refs=captured.refs,
        sources=captured.sources,
        macros=macros,
        called_macros=captured.macros,
    )
