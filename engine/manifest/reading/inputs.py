"""What parsing is given: everything from below and above that it needs, and nothing global."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from ...core.events import WarningRaised
from ...project.project import Project
from ...project.render import Renderer
from ...project.vars import Vars
from ..jinja.macro_file import MacroFile
from ..jinja.macro_index import MacroIndex
from .parse_cache import ParseCache
from .parse_renderer import ParseRenderer


class ParseInputs(Struct, frozen=True):
    """The inputs of `load_manifest`.

    Attributes:
        projects: the root project first, then the installed packages.
        schema, database: the target's, which names are generated from.
        builtin_macros: what comes with headrace and with the adapter.
        dialect: the prefixes by which dispatch looks, best first.
        ignored_configs: what the database has nothing for.
        context_names: the names of the template context that nothing depends on while parsing.
        inline: a query that is given beside the files, with its Jinja.
        effects: those of them on which something depends all the same, in this invocation.
        make_renderer: the template engine over the macros found.
        yaml: renders the Jinja in the values of properties files, by the project that they are of.
        warn: takes each warning.
        names_each_space: whether each name with spaces is told, and not only the first.
        locates_each_deprecation: whether not only the first place of a deprecation is looked up.
        cache: what the files said when they were last parsed.
    """

    projects: Sequence[Project]
    schema: str
    database: str | None
    vars: Vars
    builtin_macros: Sequence[MacroFile]
    dialect: tuple[str, ...]
    ignored_configs: frozenset[str]
    context_names: frozenset[str]
    make_renderer: Callable[[MacroIndex], ParseRenderer]
    yaml: Mapping[str, Renderer]
    warn: Callable[[WarningRaised], None]
    cache: ParseCache = field(default_factory=ParseCache)
    effects: frozenset[str] = frozenset()
    inline: str | None = None
    names_each_space: bool = False
    locates_each_deprecation: bool = False

    @property
    def root(self) -> Project:
        return self.projects[0]

    @property
    def search_orders(self) -> dict[str, tuple[str, ...]]:
        """The packages that the root project lets implement what is dispatched, by namespace."""
        return {
            str(entry["macro_namespace"]): tuple(map(str, entry["search_order"]))
            for entry in self.root.dispatch
            if isinstance(entry["search_order"], list)
        }
