"""Forms that dbt has given up: they work as they did, with a warning of where they stand."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.errors import Location, ParseError
from ...core.events import WarningRaised
from ..jinja.macro_file import BUILTIN_PACKAGE
from ..jinja.old_calls import old_calls, unexpected_tag
from ..nodes.materialization_names import BUILT_IN, PREFIX, heeds_packages
from .package_parse import Parse


def deprecated_forms(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each template, and each node's name, that has such a form.

    Raises:
        ParseError: a node's name has a space, and the project doesn't say that it may.
    """
    yield from _spaced_names(parse)
    for node in parse.found.nodes.values():
        yield from old_calls(node.raw_code, node.original_file_path, 1)
    for macro in parse.macros:
        if macro.package_name != BUILTIN_PACKAGE:
            yield from old_calls(macro.macro_sql.lstrip(), macro.original_file_path, macro.line)
    yield from _tags_beside_macros(parse)


def _tags_beside_macros(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each tag beside macros; of files of generic tests dbt says nothing."""
    generic = {
        project.name: tuple(f"{path}/generic/" for path in project.test_paths)
        for project in parse.inputs.projects
    }
    for macro in parse.macros:
        path = macro.original_file_path
        if not macro.beside or path.startswith(generic.get(macro.package_name, ())):
            continue
        for word, line in macro.beside:
            yield unexpected_tag(word, path, line)


def _spaced_names(parse: Parse) -> Iterator[WarningRaised]:
    spaced = [node for node in parse.found.nodes.values() if " " in node.name]
    if not spaced:
        return
    first = spaced[0]
    if parse.inputs.root.flags.get("require_resource_names_without_spaces") is not False:
        raise ParseError(
            f"Resource names cannot contain spaces, but that of '{first.unique_id}' does. Put "
            "underscores in their place, or set the flag "
            "'require_resource_names_without_spaces: false' in dbt_project.yml.",
            location=first.location,
        )
    for node in spaced if parse.inputs.names_each_space else [first]:
        yield WarningRaised(
            "SpacesInResourceNameDeprecation",
            f"Found spaces in the name of `{node.unique_id}`",
            node.location,
            {"unique_id": node.unique_id},
        )
    has_more = len(spaced) > 1 and not parse.inputs.names_each_space
    more = " Run again with `--debug` to see them all." if has_more else ""
    yield WarningRaised(
        "ResourceNamesWithSpacesDeprecation",
        f"Spaces found in {len(spaced)} resource name(s), which is deprecated, and may lead to "
        f"errors. Put underscores in their place.{more}",
        first.location,
        {"count_invalid_names": len(spaced), "show_debug_hint": has_more},
    )


def overriding_packages(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each materialization of a package that stands in for a built-in one."""
    macros = parse.macros
    if not heeds_packages(parse.inputs.root.flags):
        return
    for prefix in macros.dialect:
        for name in sorted(BUILT_IN):
            for macro in macros.named(f"{PREFIX}{name}_{prefix}"):
                if macro.package_name in (macros.root_package, BUILTIN_PACKAGE):
                    continue
                yield WarningRaised(
                    "PackageMaterializationOverrideDeprecation",
                    f"The package '{macro.package_name}' stands in for the built-in "
                    f"materialization '{name}', which is not to be for much longer. Write "
                    f"{{% materialization {name}, {_option(prefix)} %}} in the project itself, and "
                    f"let it return({macro.package_name}.{macro.name}()).",
                    Location(macro.original_file_path, macro.line),
                    {"package_name": macro.package_name, "materialization_name": name},
                )


def _option(prefix: str) -> str:
    return "default" if prefix == "default" else f"adapter='{prefix}'"
