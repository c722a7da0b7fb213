"""dbt_project.yml as a typed value, in two steps:

    load_project(root, …) -> a target is found by project.profile_name -> render_trees(project, …)

The configuration trees, and whatever else speaks of `target`, can only be rendered once the
profile has been read, and which profile that is stands in the project.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from ..core.errors import ProjectError
from ..core.events import WarningRaised
from ..core.nouns import noun_of
from .discovery import PROJECT_FILE, SourceFile, find_files
from .fields import Fields
from .first_version import KINDS, as_today, is_first_version, only_vars
from .project_keys import (
    NAMING_KEYS,
    OLD_PACKAGES_DIRECTORY,
    OLD_SEED_DIRECTORY,
    TREE_KEYS,
    check_keys,
    key_warnings,
    project_name,
    project_version,
    spelling,
    tree_key,
    uses_old_packages_directory,
    uses_old_seed_directory,
)
from .render import Renderer, ValuePath
from .yaml_file import YamlDocument, read_yaml

Trees = Mapping[str, Mapping[str, object]]

_HOOKS = frozenset({"pre-hook", "pre_hook", "post-hook", "post_hook"})


class QueryComment(Struct, frozen=True):
    """What every query is to carry: a template, "" for nothing, None for the standard one."""

    comment: str | None = None
    append: bool = False


class Project(Struct, frozen=True, kw_only=True):
    """What dbt_project.yml says, with defaults where it is silent (those of dbt 1.10).

    Paths have forward slashes and are relative to `root`. What it names may be outside of it,
    unless it `is_confined`, as a package is. `config_trees`
    holds the configuration by folder, by kind: "models", "seeds", "snapshots", "tests",
    "sources", and so on. It is as written until `render_trees`, and `raw_trees` stays so. Vars,
    hooks and the query comment are never rendered here: that is done where they are used.
    """

    root: Path
    name: str
    version: str | None
    config_version: int
    profile_name: str | None
    model_paths: tuple[str, ...]
    seed_paths: tuple[str, ...]
    test_paths: tuple[str, ...]
    macro_paths: tuple[str, ...]
    snapshot_paths: tuple[str, ...]
    analysis_paths: tuple[str, ...]
    docs_paths: tuple[str, ...]
    asset_paths: tuple[str, ...]
    target_path: str
    log_path: str
    packages_install_path: str
    clean_targets: tuple[str, ...]
    require_version: tuple[str, ...]
    quoting: Mapping[str, bool]
    vars: Mapping[str, object]
    folder_vars: Trees
    config_trees: Trees
    raw_trees: Trees
    on_run_start: tuple[str, ...]
    on_run_end: tuple[str, ...]
    dispatch: tuple[Mapping[str, object], ...]
    query_comment: QueryComment
    flags: Mapping[str, object]
    document: YamlDocument
    is_confined: bool = False

    @property
    def properties_paths(self) -> tuple[str, ...]:
        """Where properties files may be."""
        paths = (*self.model_paths, *self.seed_paths, *self.test_paths)
        more = (*self.snapshot_paths, *self.macro_paths, *self.analysis_paths)
        return tuple(dict.fromkeys((*paths, *more)))

    def find_files(
        self,
        paths: Iterable[str],
        *suffixes: str,
        warn: Callable[[WarningRaised], None] | None = None,
    ) -> list[SourceFile]:
        """The files below some of its paths, as `discovery.find_files` has them."""
        return find_files(self.root, paths, suffixes, is_confined=self.is_confined, warn=warn)


def load_project(
    root: Path,
    *,
    environ: Mapping[str, str],
    cli_vars: Mapping[str, object],
    warn: Callable[[WarningRaised], None],
    display: str = PROJECT_FILE,
    cleans_inside: bool = False,
    is_confined: bool = False,
    names: Mapping[str, object] | None = None,
) -> Project:
    """Read the dbt_project.yml in `root`, as far as it can be known without a target.

    What speaks of `target` has its default meanwhile. `display` is what messages call the file:
    a package's has its directory in it. `cleans_inside` says that clean-targets have to be
    inside of the project: whoever deletes them asks for it. `is_confined` is a package's: its
    files are in it. `names` are further names that its templates have.

    Raises:
        ProjectError: it is missing, isn't YAML, or says what it can't; with file and line.
    """
    if not os.path.isfile(root / PROJECT_FILE):
        raise ProjectError(f"No {PROJECT_FILE} in {root}. Every project and package needs one.")
    document = read_yaml(root / PROJECT_FILE, display)
    leading_out = _leading_out(cleans_inside, is_confined)
    renderer = Renderer(environ=environ, cli_vars=cli_vars, names=names)
    fields = Fields(document, renderer, may_lead_out=leading_out)
    check_keys(fields)
    for warning in (*document.warnings(), *key_warnings(root, fields, document)):
        warn(warning)
    trees = _raw_trees(fields)
    return _project(root, document, fields, trees, raw_trees=trees, is_confined=is_confined)


def render_trees(
    project: Project,
    target_context: Mapping[str, object],
    cli_vars: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    names: Mapping[str, object] | None = None,
) -> Project:
    """The same project with all that speaks of `target` rendered, the trees first of all.

    `target_context` is what a template may know of the target: no secrets. `names` are further
    names in scope.

    Raises:
        ProjectError: a template fails, or gives what its key can't be; with file and line.
    """
    renderer = Renderer(environ=environ, cli_vars=cli_vars, target=target_context, names=names)
    document = project.document
    fields = Fields(document, renderer, may_lead_out=_leading_out(False, project.is_confined))
    rendered: dict[str, Mapping[str, object]] = {}
    for kind, tree in project.raw_trees.items():
        value = renderer.render(document, tree, (tree_key(fields, kind),), keep=_is_hook)
        assert isinstance(value, Mapping)  # a mapping is rendered to a mapping
        rendered[kind] = value
    return _project(
        project.root,
        document,
        fields,
        rendered,
        raw_trees=project.raw_trees,
        is_confined=project.is_confined,
    )


def _leading_out(cleans_inside: bool, is_confined: bool) -> frozenset[str]:
    """The keys whose paths may be outside of the project."""
    cleaned = frozenset() if cleans_inside else frozenset({"clean-targets"})
    return cleaned if is_confined else cleaned | NAMING_KEYS


def _raw_trees(fields: Fields) -> Trees:
    trees = {kind: fields.raw_mapping(tree_key(fields, kind)) for kind in TREE_KEYS}
    if is_first_version(fields.value("config-version"), trees):
        trees |= {kind: as_today(trees[kind]) for kind in KINDS}
    return trees


def _vars(fields: Fields) -> Mapping[str, object]:
    """The project's variables.

    Raises:
        ProjectError: a variable's name is no text, such as yes or 1.
    """
    written = fields.raw("vars")
    for name in written if isinstance(written, Mapping) else ():
        if not isinstance(name, str):
            raise fields.error(
                f"a variable's name must be a text, but {name!r} is {noun_of(name)}. Put it in "
                "quotes.",
                "vars",
            )
    return fields.raw_mapping("vars")


def _folder_vars(fields: Fields) -> Trees:
    """The variables that a file of old has among its configuration, by folder."""
    trees = {kind: fields.raw_mapping(tree_key(fields, kind)) for kind in KINDS}
    if not is_first_version(fields.value("config-version"), trees):
        return {}
    return {kind: only_vars(tree) for kind, tree in trees.items()}


def _is_hook(path: ValuePath) -> bool:
    return str(path[-1]).lstrip("+ ") in _HOOKS


def _project(
    root: Path,
    document: YamlDocument,
    fields: Fields,
    trees: Trees,
    *,
    raw_trees: Trees,
    is_confined: bool,
) -> Project:
    def paths(key: str, *default: str) -> tuple[str, ...]:
        found = fields.paths(spelling(fields, key))
        return default if found is None else found

    seeds = OLD_SEED_DIRECTORY if uses_old_seed_directory(root, fields) else "seeds"
    sources = {
        "model_paths": paths("model-paths", "models"),
        "seed_paths": paths("seed-paths", seeds),
        "test_paths": paths("test-paths", "tests"),
        "macro_paths": paths("macro-paths", "macros"),
        "snapshot_paths": paths("snapshot-paths", "snapshots"),
        "analysis_paths": paths("analysis-paths", "analyses"),
    }
    all_sources = dict.fromkeys(path for group in sources.values() for path in group)
    target_path = fields.path("target-path") or "target"
    return Project(
        root=root,
        name=project_name(fields),
        version=project_version(fields),
        config_version=fields.whole_number("config-version") or 2,
        profile_name=fields.text("profile"),
        **sources,
        docs_paths=paths("docs-paths", *all_sources),
        asset_paths=paths("asset-paths"),
        target_path=target_path,
        log_path=fields.path("log-path") or "logs",
        packages_install_path=_packages_install_path(root, fields),
        clean_targets=paths("clean-targets", target_path),
        require_version=_require_version(fields),
        quoting=fields.booleans("quoting"),
        vars=_vars(fields),
        folder_vars=_folder_vars(fields),
        config_trees=trees,
        raw_trees=raw_trees,
        on_run_start=fields.raw_texts("on-run-start"),
        on_run_end=fields.raw_texts("on-run-end"),
        dispatch=_dispatch(fields),
        query_comment=_query_comment(fields),
        flags=fields.mapping("flags"),
        document=document,
        is_confined=is_confined,
    )


def _packages_install_path(root: Path, fields: Fields) -> str:
    if uses_old_packages_directory(root, fields):
        return OLD_PACKAGES_DIRECTORY
    return fields.path(spelling(fields, "packages-install-path")) or "dbt_packages"


def _require_version(fields: Fields) -> tuple[str, ...]:
    texts = fields.texts("require-dbt-version", or_one=True) or ()
    return tuple(part.strip() for text in texts for part in text.split(",") if part.strip())


def _dispatch(fields: Fields) -> tuple[Mapping[str, object], ...]:
    entries = fields.mappings("dispatch")
    for index, entry in enumerate(entries):
        order = entry.get("search_order")
        if not isinstance(entry.get("macro_namespace"), str) or not isinstance(order, list):
            raise fields.error(
                "Invalid project dispatch config: an entry needs a macro_namespace and a "
                "search_order, as in {macro_namespace: dbt_utils, search_order: [my_project, "
                "dbt_utils]}.",
                "dispatch",
                index,
            )
    return entries


def _query_comment(fields: Fields) -> QueryComment:
    if "query-comment" not in fields:
        return QueryComment()
    value = fields.raw("query-comment")
    if not value:
        return QueryComment(comment="")
    if isinstance(value, str):
        return QueryComment(comment=value)
    if not isinstance(value, Mapping):
        raise fields.error(
            f"'query-comment' must be a text or a mapping, but it is {noun_of(value)}.",
            "query-comment",
        )
    comment = value.get("comment")
    if comment is not None and not isinstance(comment, str):
        raise fields.error(
            f"'query-comment.comment' must be a text, but it is {noun_of(comment)}.",
            "query-comment",
            "comment",
        )
    return QueryComment(
        comment=comment,
        append=value.get("append") is True,
    )
