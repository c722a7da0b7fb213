"""`ref` and `source` as templates see them: functions that know the project they are called in.

Packages reach the project's configuration by `builtins.ref.config`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from ....adapters.relation import Relation
from ...project.project import Project
from ...project.vars import Vars
from ...sandbox.owned import own
from ...sandbox.sizes import require_printable

_ASK_GRAPH = "ask 'graph' for the project's nodes"


class ProjectConfig:
    """`builtins.ref.config`: what a template may know of the project as a whole."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        (
            *("project_name", "version", "profile_name", "target_name", "threads", "credentials"),
            *("dependencies", "args", "cli_vars", "vars", "to_target_dict", "packages"),
            *("model_paths", "macro_paths", "seed_paths", "snapshot_paths", "test_paths"),
            *("analysis_paths", "quoting", "dispatch", "dbt_version", "require_dbt_version"),
        )
    )
    template_lacks: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **dict.fromkeys(
                (
                    *("project_root", "profiles_file", "target_path", "log_path"),
                    *("packages_install_path", "project_target_path"),
                ),
                "templates know of no directories",
            ),
            **dict.fromkeys(
                (
                    *("models", "seeds", "snapshots", "sources", "data_tests", "unit_tests"),
                    *("exposures", "metrics", "semantic_models", "saved_queries", "functions"),
                    *("on_run_start", "on_run_end", "query_comment", "selectors", "clean_targets"),
                    *(
                        "load_dependencies",
                        "get_macro_search_order",
                        "to_project_config",
                        "hashed_name",
                    ),
                    *("get_resource_config_paths", "warn_for_unused_resource_config_paths"),
                ),
                "of a node's configuration 'config' and 'graph' know",
            ),
        }
    )

    def __init__(
        self,
        project: Project,
        packages: Mapping[str, Project],
        target: Mapping[str, Any],
        arguments: Mapping[str, Any],
        variables: Vars,
        note_use: Callable[[], None] = lambda: None,
    ) -> None:
        self._note_use = note_use
        self._project = project
        self._packages = packages
        self._target = target
        self._arguments = arguments
        self._variables = variables
        self.project_name = project.name
        self.version = project.version
        self.profile_name = target.get("profile_name")
        self.target_name = target.get("name")
        self.threads = target.get("threads")
        self.model_paths = list(project.model_paths)
        self.macro_paths = list(project.macro_paths)
        self.seed_paths = list(project.seed_paths)
        self.snapshot_paths = list(project.snapshot_paths)
        self.test_paths = list(project.test_paths)
        self.analysis_paths = list(project.analysis_paths)
        self.require_dbt_version = list(project.require_version)

    def used(self) -> ProjectConfig:
        """The same, on its way to a template."""
        self._note_use()
        return self

    @property
    def credentials(self) -> Any:
        """The target's keys that may be shown, as `target` has them."""
        return own(dict(self._target))

    def to_target_dict(self) -> Any:
        return self.credentials

    @property
    def args(self) -> Any:
        """What the invocation was given, as `invocation_args_dict` has it."""
        return own(dict(self._arguments))

    @property
    def cli_vars(self) -> Any:
        return own(dict(self._variables.cli))

    @property
    def vars(self) -> ProjectVars:
        return ProjectVars(self._project.vars)

    @property
    def quoting(self) -> dict[str, bool]:
        given = {part: said for part, said in self._project.quoting.items() if said is not None}
        return {**dict.fromkeys(("database", "schema", "identifier"), True), **given}

    @property
    def dispatch(self) -> Any:
        return own([dict(entry) for entry in self._project.dispatch])

    @property
    def dependencies(self) -> dict[str, Any]:
        """The project and its packages, by name."""
        none = MappingProxyType[str, Project]({})
        others = {
            name: ProjectConfig(package, none, self._target, self._arguments, self._variables)
            for name, package in self._packages.items()
        }
        return {self.project_name: self, **others}


class ProjectVars:
    """The `vars:` of dbt_project.yml."""

    template_names: ClassVar[frozenset[str]] = frozenset(("to_dict",))

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def to_dict(self) -> Any:
        return own(dict(self._values))


class Resolver:
    """`ref` or `source` in a template."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        ("config", "model", "current_project", "Relation")
    )
    template_lacks: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **dict.fromkeys(("manifest", "db_wrapper"), _ASK_GRAPH),
            **dict.fromkeys(
                ("resolve", "resolve_limit", "resolve_event_time_filter", "validate_args"),
                "call the function itself",
            ),
        }
    )

    __slots__ = ("_call", "_config", "_model", "_relations")

    def __init__(
        self,
        call: Callable[..., Relation],
        config: ProjectConfig,
        model: Callable[[], Any],
        relations: Callable[[], Any],
    ) -> None:
        self._call = call
        self._model = model
        self._relations = relations
        self._config = config

    def __call__(self, *arguments: Any, **named: Any) -> Relation:
        require_printable(*arguments, *named.values())
        return self._call(*arguments, **named)

    @property
    def config(self) -> ProjectConfig:
        return self._config.used()

    @property
    def model(self) -> Any:
        """The node whose template it is."""
        return self._model()

    @property
    def current_project(self) -> str:
        return self._config.project_name

    @property
    def Relation(self) -> Any:  # noqa: N802 # dbt's name
        """As `api.Relation`."""
        return self._relations()
