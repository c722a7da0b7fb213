"""Macros, found by name in the order that dbt looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from ...core.errors import Location, ParseError
from ..nodes.macro import Macro
from .macro_calls import INCREMENTAL, MacroCalls
from .macro_file import BUILTIN_PACKAGE, MacroFile
from .scanner import Scan

NO_ORDERS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class MacroIndex:
    """Every macro, by package and name.

    A bare name is looked for in the package of the node that is rendered, also where a macro of
    another package says it, then in the root project, then among the built-in ones, and at last
    in the other packages (dbt asks for their names there).
    """

    def __init__(
        self,
        files: Iterable[MacroFile],
        macros: Iterable[Macro],
        *,
        root_package: str,
        dialect: tuple[str, ...],
        search_orders: Mapping[str, tuple[str, ...]] = NO_ORDERS,
        effects: frozenset[str] = frozenset(),
    ) -> None:
        """Take in macros, with the files that they are in.

        `search_orders` are the packages that implement what is dispatched, by namespace;
        `effects` are further names of the context whose use while parsing shows.

        Raises:
            ParseError: two macros of a package have the same name.
        """
        self.root_package = root_package
        self.dialect = dialect
        # Where the root project says so, packages may implement what the built-in macros dispatch.
        built_in = search_orders.get(BUILTIN_PACKAGE) or (root_package,)
        self._search_order = tuple(dict.fromkeys((*built_in, BUILTIN_PACKAGE)))
        self._search_orders = search_orders
        self.by_package: dict[str, dict[str, Macro]] = {BUILTIN_PACKAGE: {}, root_package: {}}
        self.files = {(file.package_name, file.original_file_path): file for file in files}
        for macro in macros:
            self._add(macro)
        self.packages = frozenset(self.by_package)
        self._effects = effects
        self._inert: dict[str, bool] = {}
        self._implementations: dict[tuple[str, str], Macro | None] = {}
        self._flat: dict[str, Mapping[str, Macro]] = {}
        self._by_name: dict[str, list[Macro]] = {}

    def _add(self, macro: Macro) -> None:
        package = self.by_package.setdefault(macro.package_name, {})
        twin = package.get(macro.name)
        if twin is not None and macro.package_name != BUILTIN_PACKAGE:
            raise ParseError(
                f"macro '{macro.name}' is defined twice: at line {macro.line}, and in "
                f"{twin.original_file_path} at line {twin.line}. Rename or remove one.",
                location=Location(macro.original_file_path, macro.line),
            )
        package[macro.name] = macro

    def __iter__(self) -> Iterator[Macro]:
        for package in self.by_package.values():
            yield from package.values()

    def visible_from(self, package: str) -> Mapping[str, Macro]:
        """Every macro that a bare name can mean in a package."""
        flat = self._flat.get(package)
        if flat is None:
            merged: dict[str, Macro] = dict(self.by_package[BUILTIN_PACKAGE])
            for name in (self.root_package, package):
                merged.update(self.by_package.get(name, {}))
            flat = self._flat[package] = merged
        return flat

    def named(self, name: str) -> tuple[Macro, ...]:
        """All macros of a name, whatever their packages."""
        if not self._by_name:
            for macro in self:
                self._by_name.setdefault(macro.name, []).append(macro)
        return tuple(self._by_name.get(name, ()))

    def find_anywhere(self, name: str, package: str) -> Macro | None:
        """What a bare name means in a package, or else the macro of some package.

        For what needs no package's name in front: materializations and generic tests.
        """
        found = self.find(name, package)
        return found if found is not None else next(iter(self.named(name)), None)

    def nearest(self, name: str) -> Macro | None:
        """The macro of that name which stands over the others: the root's, a package's, a built-in.

        So an operation is found, which no node calls. The last of several packages' has it.
        """
        named = {macro.package_name: macro for macro in self.named(name)}
        root, built_in = named.pop(self.root_package, None), named.pop(BUILTIN_PACKAGE, None)
        return root or next(reversed(named.values()), built_in)

    def find(self, name: str, package: str) -> Macro | None:
        """The macro that a bare name means in a package."""
        return self.visible_from(package).get(name)

    def find_in(self, package: str, name: str) -> Macro | None:
        """A macro by its explicit package."""
        return self.by_package.get(package, {}).get(name)

    def implementation(self, name: str, package: str) -> Macro | None:
        """The macro that a built-in one of that name dispatches to, seen from a package.

        None where the name isn't a built-in's, or is overridden as a whole.
        """
        key = (name, package)
        if key not in self._implementations:
            self._implementations[key] = self._find_implementation(name, package)
        return self._implementations[key]

    def _find_implementation(self, name: str, package: str) -> Macro | None:
        wrapper = self.find(name, package)
        if wrapper is None or wrapper.package_name != BUILTIN_PACKAGE:
            return None
        for owner in self._search_order:
            for prefix in self.dialect:
                macro = self.find_in(owner, f"{prefix}__{name}")
                if macro is not None:
                    return macro
        return None

    def is_built_in(self, name: str, package: str) -> bool:
        """Whether a macro is headrace's own all the way, overridden by nobody."""
        macro = self.implementation(name, package)
        return macro is not None and macro.package_name == BUILTIN_PACKAGE

    def is_overridden(self, name: str, package: str) -> bool:
        """Whether a project has a macro of that name, or of what the built-in one dispatches to."""
        macro = self.find(name, package)
        if macro is None or macro.package_name != BUILTIN_PACKAGE:
            return macro is not None
        implementation = self.implementation(name, package)
        return implementation is not None and implementation.package_name != BUILTIN_PACKAGE

    def overrides(self, name: str, package: str) -> Macro | None:
        """A macro that stands in for a built-in of that name, or for its `default__` one."""
        for owner in (package, self.root_package):
            macro = self.find_in(owner, name)
            if macro is not None and owner != BUILTIN_PACKAGE:
                return macro
        macro = self.implementation(name, package)
        is_default = macro is None or (macro.package_name, macro.name) == (
            BUILTIN_PACKAGE,
            f"default__{name}",
        )
        return None if is_default else macro

    def is_inert(self, macro: Macro) -> bool:
        """Whether calling it while parsing can add neither dependency nor configuration.

        All that it may call counts, so a circle of macros is inert when each of its members is.
        """
        known = self._inert.get(macro.unique_id)
        if known is not None:
            return known
        seen = {macro.unique_id}
        waiting = [macro]
        result = True
        while waiting and result:
            current = waiting.pop()
            result = current.is_inert and not current.names & self._effects
            result = result and self._inert.get(current.unique_id, True)
            # What dispatches to nothing fails, and does so while parsing.
            result = result and all(map(self._is_implemented, current.dispatched))
            for called in self._may_be_called_by(current):
                if called.unique_id not in seen:
                    seen.add(called.unique_id)
                    waiting.append(called)
        if result:
            self._inert.update(dict.fromkeys(seen, True))
        else:
            self._inert[macro.unique_id] = False
        return result

    def _is_implemented(self, name: str) -> bool:
        """Whether the root project would find what a dispatch is for; others may see more."""
        namespace, _, bare = name.rpartition(".")
        return self.dispatch(bare, namespace or None, self.root_package)[0] is not None

    def called_by(self, macro: Macro) -> Iterator[Macro]:
        """The macros that a macro names, directly or through dispatch."""
        for name in macro.names:
            found = self._named_from(macro.package_name, name)
            if found is not None:
                yield found
        for target in macro.dispatched:
            name = target.rpartition(".")[2]
            yield from filter(
                None, (self.find(name, macro.package_name), self._dispatched_by(macro, target))
            )

    def _dispatched_by(self, macro: Macro, target: str) -> Macro | None:
        """What a macro's dispatch is taken to find, whatever node may call it, as dbt takes it.

        Where its namespace is nobody's, the root project's own comes first, and then that of
        the macro's package.
        """
        namespace, _, name = target.rpartition(".")
        if namespace in self._search_orders or namespace in self.by_package:
            return self.dispatch(name, namespace, self.root_package)[0]
        found = self._implemented_in((self.root_package, macro.package_name), name)
        return found or self.dispatch(name, None, macro.package_name)[0]

    def dispatch(
        self,
        name: str,
        namespace: str | None,
        package: str,
        orders: Mapping[str, tuple[str, ...]] | None = None,
    ) -> tuple[Macro | None, tuple[str, ...]]:
        """The best implementation of a macro for this database, and where it was looked for.

        The packages of the namespace are gone through, each with every prefix of the dialect
        (https://docs.getdbt.com/reference/dbt-jinja-functions/dispatch). `orders` stand in for
        the project's own.
        """
        orders = self._search_orders if orders is None else orders
        if namespace is None or not (namespace in orders or namespace in self.by_package):
            # Nothing may be called so: a package's name was changed, or its author had another
            # one. Then it is what the package sees, and without a namespace anybody's.
            find = self.find_anywhere if namespace is None else self.find
            found = (find(f"{prefix}__{name}", package) for prefix in self.dialect)
            return next(filter(None, found), None), (package,)
        packages = orders.get(namespace) or tuple(dict.fromkeys((self.root_package, namespace)))
        if namespace == BUILTIN_PACKAGE and BUILTIN_PACKAGE not in packages:
            packages = (*packages, BUILTIN_PACKAGE)
        return self._implemented_in(packages, name), packages

    def _implemented_in(self, packages: Iterable[str], name: str) -> Macro | None:
        """The first implementation in packages, each gone through with every prefix."""
        found = (
            self.find_in(package, f"{prefix}__{name}")
            for package in packages
            for prefix in self.dialect
        )
        return next(filter(None, found), None)

    def ids_called_in(self, names: Iterable[str], package: str) -> tuple[str, ...]:
        """The macros among the names that a template of a package calls, in their order."""
        found = (self._named_from(package, name) for name in names)
        return tuple(dict.fromkeys(macro.unique_id for macro in found if macro is not None))

    def leaves_open(self, calls: MacroCalls, package: str) -> bool:
        """Whether only a render can say which macros a template of a package calls.

        It says as well what is wrong with a call that its macro doesn't take.
        """
        if calls.skips_incremental and self.overrides(INCREMENTAL, package) is not None:
            return True
        if any(self._named_from(package, name) is not None for name in calls.possible):
            return True
        called = ((shape, self._named_from(package, shape.name)) for shape in calls.shapes)
        return any(macro is not None and not shape.fits(macro) for shape, macro in called)

    def _named_from(self, package: str, name: str) -> Macro | None:
        """The macro that a name means in a package, bare or with its own package in front."""
        owner, dot, member = name.partition(".")
        return self.find_in(owner, member) if dot else self.find(name, package)

    def ids_named_in(self, found: Scan, package: str) -> tuple[str, ...]:
        """The macros that a template of a package names, bare or with their own package."""
        visible = self.visible_from(package)
        macros = [visible.get(name) for name in sorted(found.names)]
        for member in sorted(found.attributes):
            owner, _, name = member.partition(".")
            macros.append(self.find_in(owner, name))
        return tuple(dict.fromkeys(macro.unique_id for macro in macros if macro is not None))

    def _may_be_called_by(self, macro: Macro) -> Iterator[Macro]:
        """The macros that a macro may come to call: which ones is up to the node it runs for."""
        for name in macro.names:
            yield from self.named(name.rpartition(".")[2])
        for target in macro.dispatched:
            for prefix in self.dialect:
                yield from self.named(f"{prefix}__{target.rpartition('.')[2]}")
