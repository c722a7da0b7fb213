"""What a node's templates see: the names of dbt's context, for building and for parsing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from inspect import isawaitable
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn

from msgspec import Struct, field
from msgspec.structs import replace

from ...adapters.base import Adapter
from ...adapters.relation import Relation
from ..core.errors import CompilationError, did_you_mean
from ..core.events import MessageLogged, WarningRaised
from ..core.reporter import Emitter
from ..core.results import NodeInfo
from ..manifest.nodes.node import Node
from ..manifest.reading.render_memory import Question
from ..project.project import Project
from ..project.render import has_template
from ..project.secrets import is_secret_variable
from ..project.vars import NodePlace, Vars
from ..sandbox.callables import template_call
from ..sandbox.handed import printed
from ..sandbox.lacking import lacking
from ..sandbox.owned import own
from ..sandbox.plain_functions import MODULES
from ..sandbox.sizes import require_printable
from ..settings.environment_variables import custom_environment
from .dbt.api import make_api
from .dbt.exceptions import TemplateExceptions
from .dbt.resolvers import ProjectConfig, Resolver
from .dbt.values import FUNCTIONS, VALIDATION
from .dispatch import dispatch
from .questions import UNREPEATABLE, Note, ignore, watched
from .scope import LazyName, Scope
from .scope_names import ContextNames

DBT_VERSION = "1.10.23"
"""The version of dbt whose language this is: what packages' `require-dbt-version` is held to."""


class Invocation(Struct, frozen=True):
    """What a template may know of the invocation that it is part of.

    `target` holds what may be shown of the target, `flags` the flags by their upper-case names.
    """

    invocation_id: str
    started_at: datetime
    target: Mapping[str, Any]
    flags: Mapping[str, Any]
    environ: Mapping[str, str]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    selected: tuple[str, ...] = ()

    @property
    def is_full_refresh(self) -> bool:
        return bool(self.flags.get("FULL_REFRESH"))


class VarFunction:
    """`var` for one node. Where it isn't `required`, what nobody supplied is None.

    So it is while parsing: a model that isn't run may lack its variables. A variable that is a
    template is rendered, by `render`, as if it stood in the place of the call.
    """

    template_names: ClassVar[frozenset[str]] = frozenset(
        ("has_var", "get_rendered_var", "get_missing_var", "node_name")
    )
    template_lacks: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"packages_for_node": "ask 'model' for its package, and var() for the value"}
    )

    def __init__(
        self,
        variables: Vars,
        package: str,
        node_name: str,
        *,
        place: NodePlace | None = None,
        required: bool = True,
        render: Callable[[str, str], Any] | None = None,
    ) -> None:
        self._place = place
        self._variables = variables
        self._package = package
        self.node_name = node_name
        self._required = required
        self._render = render
        self._own: dict[str, Any] = {}
        """The lists and mappings that the node was given: it may change them for itself."""

    def __call__(self, name: str, *default: Any, **named: Any) -> Any:
        require_printable(name)
        if name in self._own:
            return self._own[name]
        found, value = self._variables.lookup(self._package, name, self._place)
        if found:
            if isinstance(value, str):
                if self._render is not None and has_template(value):
                    return self._render(value, f"var('{name}')")
                return value
            mine = own(value)
            if mine is not value:
                self._own[name] = mine
            return mine
        if default:
            return default[0]
        if "default" in named:
            return named["default"]
        if not self._required:
            return None
        return self.get_missing_var(name)

    def get_rendered_var(self, name: str) -> Any:
        """A variable's value. As in dbt it is an error if there is none."""
        return self(name) if self.has_var(name) else self.get_missing_var(name)

    def get_missing_var(self, name: str) -> NoReturn:
        """The error of a variable that nobody supplied."""
        supplied = dict(self._variables.for_package(self._package, self._place))
        raise CompilationError(
            f"Required var '{name}' not found in config:\n"
            f"Vars supplied to {self.node_name} = {supplied}\n"
            f"Give it under 'vars:' in dbt_project.yml, with --vars, or a default: "
            f"var('{name}', …).{did_you_mean(name, supplied)}"
        )

    def has_var(self, name: str) -> bool:
        return self._variables.lookup(self._package, name, self._place)[0]


class Flags:
    """`flags` in a template, by upper-case names. A flag that nobody set is None."""

    template_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, values: Mapping[str, Any], note: Note = ignore) -> None:
        self._values = own(dict(values))
        self._note = note

    def __getitem__(self, name: str) -> Any:
        self._note(("flag", name))
        return self._values[name]


class CommonContext:
    """The names that are the same for every node of an invocation.

    `note` is told what templates ask of it that isn't the same in the next invocation.
    """

    def __init__(
        self,
        invocation: Invocation,
        project: Project,
        variables: Vars,
        adapter: Adapter,
        emit: Emitter,
        packages: Iterable[Project] = (),
        *,
        note: Note = ignore,
    ) -> None:
        self._invocation = invocation
        self._project = project
        self._note = note
        self._variables = variables if note is ignore else watched(variables, note)
        self._emit = emit
        self._search_order = dict(_search_order(entry) for entry in project.dispatch)
        api = self._api = make_api(adapter, project.quoting)
        self.project_config = ProjectConfig(
            project,
            {package.name: package for package in packages},
            invocation.target,
            invocation.arguments,
            variables,
            partial(note, UNREPEATABLE),
        )
        self.names: Mapping[str, Any] = {
            **FUNCTIONS,
            "print": self._print,
            "env_var": self._env_var,
            "exceptions": TemplateExceptions(emit),
            "validation": VALIDATION,
            "api": api,
            "column": api["Column"],
            "dbt_version": DBT_VERSION,
            "project_name": project.name,
            "try_or_compiler_error": _try_or_compiler_error,
            **_THERE_IS_NONE,
        }
        self.shared: Mapping[str, Any] = {
            "target": dict(invocation.target),
            "invocation_args_dict": dict(invocation.arguments),
            "dbt_metadata_envs": custom_environment(invocation.environ),
            "selected_resources": list(invocation.selected),
            "env": dict(invocation.target),
        }
        """What each node gets for itself."""
        self._lazy = self._make_lazy_names()

    @property
    def answers(self) -> dict[str, Mapping[str, Any]]:
        """What `note` is told of, by the kinds of questions."""
        invocation = self._invocation
        return {"name": self.shared, "flag": invocation.flags, "env": invocation.environ}

    def _make_lazy_names(self) -> dict[str, LazyName]:
        invocation = self._invocation
        unrepeatable = {
            "modules": MODULES,
            "run_started_at": invocation.started_at,
            "invocation_id": invocation.invocation_id,
        }
        return {
            **{name: self._asked(("name", name), value) for name, value in self.shared.items()},
            **{name: self._asked(UNREPEATABLE, value) for name, value in unrepeatable.items()},
            "flags": lambda scope: Flags(invocation.flags, self._note),
            "context": ContextNames,
            "sql_now": self._now,
            "adapter_macro": self._adapter_macro,
        }

    def _asked(self, question: Question, value: Any) -> LazyName:
        """A name whose value each node gets for itself, and that notes when it does."""

        def make(scope: Scope) -> Any:
            self._note(question)
            return own(value)

        return make

    def _now(self, scope: Scope) -> str:
        self._note(UNREPEATABLE)
        return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def stores_failures(self) -> bool:
        """Whether tests keep the rows that they find, where they don't say themselves."""
        return bool(self._invocation.flags.get("STORE_FAILURES"))

    def var(
        self, node: Node, render: Callable[[str, str], Any], *, required: bool = True
    ) -> VarFunction:
        """`var` for one node."""
        return VarFunction(
            self._variables,
            node.package_name,
            node.name,
            place=(node.resource_type.config_tree, node.fqn),
            required=required,
            render=render,
        )

    def overridden(
        self, node: Node, variables: Mapping[str, Any], environ: Mapping[str, Any]
    ) -> dict[str, Any]:
        """`var` and `env_var` for a node, with other values in front of what there is."""
        cli = {**self._variables.cli, **variables}
        seen = VarFunction(replace(self._variables, cli=cli), node.package_name, node.name)

        def env_var(name: str, default: str | None = None) -> Any:
            return own(environ[name]) if name in environ else self._env_var(name, default)

        return {"var": seen, "env_var": env_var}

    def dispatcher(self, scope: Scope) -> Callable[..., Any]:
        """`adapter.dispatch` in a scope, in its forms of today and of old."""

        def find(macro_name: str, macro_namespace: Any = None, packages: Any = None) -> Any:
            if isinstance(macro_namespace, list | tuple):
                # Before there were namespaces, packages stood in their place.
                macro_namespace, packages = None, macro_namespace
            if packages:
                order = {macro_name: tuple(packages)}
                return dispatch(scope, macro_name, macro_name, order)
            return dispatch(scope, macro_name, macro_namespace, self._search_order)

        return find

    def resolver(self, call: Callable[..., Relation], scope: Scope) -> Resolver:
        """`ref` or `source` of a scope, as its templates see it."""
        model = partial(scope.context_name, "model")
        return Resolver(call, self.project_config, model, lambda: self._api["Relation"])

    def lazy_names(self) -> dict[str, LazyName]:
        """The names that look into the scope that they stand in, or that it may change."""
        return self._lazy

    def _adapter_macro(self, scope: Scope) -> Callable[..., Any]:
        """`adapter_macro('package.name', …)`: dispatch and call in one, as before dbt 0.18."""
        find = self.dispatcher(scope)

        def call(name: str, *arguments: Any, **named: Any) -> Any:
            package, _, macro_name = name.rpartition(".")
            return find(macro_name, package or None)(*arguments, **named)

        return call

    def say(self, text: str, name: str, node: NodeInfo | None) -> None:
        """Tell whoever runs this something of no consequence. `name` is dbt's for it."""
        self._emit(MessageLogged(text, to_console=True, name=name, node=node))

    def warn(self, warning: WarningRaised) -> None:
        """Tell whoever runs this of something to look at."""
        self._emit(warning)

    def logger(self, describe: Callable[[], NodeInfo | None]) -> Callable[..., str]:
        """`log` in the templates of a node."""

        def log(msg: Any, info: bool = False) -> str:
            self._emit(MessageLogged(printed(msg), to_console=bool(info), node=describe()))
            return ""

        return log

    def _print(self, msg: Any) -> str:
        if self._invocation.flags.get("PRINT", True):
            self._emit(MessageLogged(printed(msg), to_console=True, is_print=True))
        return ""

    def _env_var(self, name: object, default: str | None = None) -> str:
        name = str(name)
        if is_secret_variable(name):
            raise CompilationError(
                f"env_var('{name}'): secrets are allowed only in profiles.yml and packages.yml."
            )
        self._note(("env", name))
        value = self._invocation.environ.get(name, default)
        if value is None:
            raise CompilationError(
                f"Env var required but not provided: '{name}'. Set it, or give a default: "
                f"env_var('{name}', '…')."
            )
        return value


def _absent(name: str, reason: str) -> Callable[..., NoReturn]:
    """A function of dbt's context that there isn't."""

    def call(*arguments: Any, **named: Any) -> NoReturn:
        raise CompilationError(f"headrace has no {name}(): {reason}.")

    return call


_THERE_IS_NONE: Mapping[str, Any] = MappingProxyType(
    {
        "metric": _absent("metric", "metrics are read by no SQL here"),
        "submit_python_job": _absent("submit_python_job", "it runs no Python models"),
        "load_agate_table": _absent(
            "load_agate_table", "a seed is loaded without a table in memory"
        ),
        "_sql_results": lacking("_sql_results", "load_result() gives a result by its name"),
        "context_macro_stack": lacking(
            "context_macro_stack", "an error says which macros it came through"
        ),
    }
)


def _search_order(entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """One entry of the project's `dispatch:`."""
    return str(entry["macro_namespace"]), tuple(entry["search_order"])


async def _try_or_compiler_error(
    message_if_exception: str, func: Callable[..., Any], *arguments: Any, **named: Any
) -> Any:
    call = template_call(func)
    try:
        result = call(*arguments, **named)
        return await result if isawaitable(result) else result
    except Exception as error:
        raise CompilationError(message_if_exception) from error
