"""The vocabulary of dbt_project.yml: keys of today, keys of old, and what is wrong with others."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..core.errors import Location, did_you_mean
from ..core.events import WarningRaised
from .fields import Fields
from .yaml_file import YamlDocument

TREE_KEYS: Mapping[str, tuple[str, ...]] = {
    "models": ("models",),
    "seeds": ("seeds",),
    "snapshots": ("snapshots",),
    "tests": ("data_tests", "data-tests", "tests"),
    "unit_tests": ("unit_tests", "unit-tests"),
    "sources": ("sources",),
    "analyses": ("analyses",),
    "exposures": ("exposures",),
    "metrics": ("metrics",),
    "semantic_models": ("semantic-models", "semantic_models"),
    "saved_queries": ("saved-queries", "saved_queries"),
    "functions": ("functions",),
}
"""Each kind of node by the keys that configure it by folder."""

OLD_PACKAGES_DIRECTORY = "dbt_modules"
"""Where packages were installed before dbt 1.0."""

OLD_SEED_DIRECTORY = "data"
"""Where seeds were before dbt 1.0."""

NAMING_KEYS = frozenset(
    "model-paths source-paths seed-paths data-paths test-paths macro-paths snapshot-paths "
    "analysis-paths docs-paths asset-paths target-path log-path".split()
)
"""The keys by which a project names, as it likes, where its files are and where what is made of
them goes; by their names of today and of old."""

# Old spelling, new spelling, and the name of dbt's warning.
_RENAMED = (
    ("source-paths", "model-paths", "ConfigSourcePathDeprecation"),
    ("data-paths", "seed-paths", "ConfigDataPathDeprecation"),
    ("modules-path", "packages-install-path", "PackageInstallPathDeprecation"),
)

_QUOTED = ("database", "schema", "identifier", "column", "snowflake_ignore_case")

# Key, default (which is no reason for a word), and the name of dbt's warning.
_MOVED_TO_FLAGS = (
    ("log-path", "logs", "ConfigLogPathDeprecation"),
    ("target-path", "target", "ConfigTargetPathDeprecation"),
)

_KNOWN = frozenset(
    "name version config-version profile model-paths seed-paths test-paths macro-paths "
    "snapshot-paths analysis-paths docs-paths asset-paths function-paths target-path log-path "
    "packages-install-path clean-targets require-dbt-version quoting vars on-run-start "
    "on-run-end dispatch query-comment flags restrict-access dbt-cloud packages "
    "project-root".split()
)

# Numbers of two parts are taken too: "1.0".
_VERSION = re.compile(
    r"(?a:(0|[1-9]\d*)\.(0|[1-9]\d*)(\.(0|[1-9]\d*)(-[\w-]+(\.[\w-]+)*)?(\+[\w-]+(\.[\w-]+)*)?)?)"
)

# Names that every template has already, so that no package may have them.
_RESERVED_NAMES = frozenset(
    "_sql_results adapter api column config context database env env_var exceptions execute "
    "flags fromjson fromyaml graph invocation_id load_agate_table load_result log model modules "
    "post_hooks pre_hooks ref render return run_started_at schema source sql sql_now "
    "store_result store_raw_result target this tojson toyaml try_or_compiler_error var "
    "write".split()
)


def spelling(fields: Fields, key: str) -> str:
    """How the file spells a key: as today, or as it was called before.

    Raises:
        ProjectError: it has both.
    """
    old = next((old for old, new, _ in _RENAMED if new == key), None)
    if old is None or old not in fields:
        return key
    if key in fields:
        raise fields.error(
            f"{old} and {key} cannot both be defined. {old} is the old name of {key}: take it "
            "away.",
            old,
        )
    return old


def tree_key(fields: Fields, kind: str) -> str:
    """The key under which the file configures a kind of node.

    Raises:
        ProjectError: it uses two that mean the same.
    """
    present = [key for key in TREE_KEYS[kind] if fields.raw(key)]
    if len(present) > 1:
        first, second = present[:2]
        raise fields.error(
            f"cannot have both '{second}' and '{first}' defined: they mean the same. Put what "
            f"is under '{second}' under '{first}'.",
            second,
        )
    return present[0] if present else TREE_KEYS[kind][0]


def locate_configuration(document: YamlDocument, name: str) -> Location | None:
    """Where a project's file first configures something by a name, whatever it is for."""
    data = document.data
    for section in (key for keys in TREE_KEYS.values() for key in keys):
        tree = data.get(section) if isinstance(data, Mapping) else None
        if path := _path_to((name, f"+{name}"), tree):
            return document.locate(section, *path)
    return None


def _path_to(keys: tuple[str, ...], tree: object) -> tuple[str, ...]:
    """The keys that lead to the first of these in a tree; none where it has none of them."""
    if not isinstance(tree, Mapping):
        return ()
    for key, value in tree.items():
        if key in keys:
            return (key,)
        if below := _path_to(keys, value):
            return (key, *below)
    return ()


def project_name(fields: Fields) -> str:
    """The project's name: letters, digits and underscores, and no word that templates use.

    Raises:
        ProjectError: there is none, or it can't be one.
    """
    name = fields.text("name")
    if not name:
        raise fields.error('Required "name" field not present in project. Add name: my_project.')
    if not re.fullmatch(r"[^\d\W]\w*", name):
        proposed = re.sub(r"^(?=\d)|\W", "_", name)
        raise fields.error(
            f"Invalid project name: '{name}'. It must be letters, digits and underscores, and "
            f"not begin with a digit, as in '{proposed}'.",
            "name",
        )
    if name in _RESERVED_NAMES:
        raise fields.error(
            f"Invalid project name: {name} is a reserved word. Choose another name.", "name"
        )
    return name


def project_version(fields: Fields) -> str | None:
    """The project's own version.

    Raises:
        ProjectError: it is none.
    """
    text, value = fields.text("version"), fields.value("version")
    if text is None or isinstance(value, float):
        return text
    if isinstance(value, int) or not _VERSION.fullmatch(text):
        raise fields.error(
            f"'version' must be a version like '1.0' or '1.0.0', in quotes, but it is {text}.",
            "version",
        )
    return text


def check_keys(fields: Fields) -> None:
    """See that every key means something, as a misspelt one would be without effect.

    Raises:
        ProjectError: one doesn't.
    """
    known = _KNOWN | {key for keys in TREE_KEYS.values() for key in keys}
    known |= {old for old, _, _ in _RENAMED}
    for key in fields:
        if key not in known:
            raise fields.error(
                f"'{key}' is no key of dbt_project.yml (additional properties are not allowed)."
                f"{did_you_mean(key, known)}",
                key,
            )
    quoting = fields.raw("quoting")
    for key in quoting if isinstance(quoting, Mapping) else ():
        if key not in _QUOTED:
            raise fields.error(
                f"'{key}' is nothing that 'quoting' speaks of.{did_you_mean(str(key), _QUOTED)}",
                "quoting",
                str(key),
            )
    fields.mapping("dbt-cloud")


def key_warnings(root: Path, fields: Fields, document: YamlDocument) -> Iterator[WarningRaised]:
    """What there is to say of a project's keys of old."""
    for old, new, name in _RENAMED:
        if old in fields:
            yield WarningRaised(
                name,
                f"The `{old}` config has been renamed to `{new}`. Please update your "
                "`dbt_project.yml` configuration to reflect this change.",
                document.locate(old),
                {"deprecated_path": old, "exp_path": new},
            )
    for key, default, name in _MOVED_TO_FLAGS:
        if key in fields and fields.value(key) != default:
            flag = key.replace("-", "_")
            yield WarningRaised(
                name,
                f"`{key}` has a new place: use the flag --{key}, the variable "
                f"DBT_{flag.upper()}, or `{flag}` under `flags:`.",
                document.locate(key),
                {"deprecated_path": key},
            )
    version = fields.value("config-version")
    if version is not None and version != 2:
        yield WarningRaised(
            "ConfigVersionDeprecation",
            "The only config-version since dbt 1.0 is 2. With 1, variables among the configuration "
            "of models are read as before; any other is taken for 2. Write config-version: 2, all "
            "variables under `vars:`, and a `+` before configuration that is a mapping.",
            document.locate("config-version"),
        )
    if uses_old_packages_directory(root, fields):
        yield WarningRaised(
            "PackageInstallPathDeprecation",
            f"Packages are read from {OLD_PACKAGES_DIRECTORY}, where old versions put them. "
            "Remove it and install them again, into dbt_packages.",
            document.locate(),
        )
    if uses_old_seed_directory(root, fields):
        yield WarningRaised(
            "ConfigDataPathDeprecation",
            f"Seeds are read from {OLD_SEED_DIRECTORY}, where they were before dbt 1.0. Call the "
            f"directory seeds, or write seed-paths: [{OLD_SEED_DIRECTORY}].",
            document.locate(),
        )


def uses_old_seed_directory(root: Path, fields: Fields) -> bool:
    """Whether the seeds are where they were before dbt 1.0, and nothing says where they are."""
    return (
        fields.raw(spelling(fields, "seed-paths")) is None
        and not (root / "seeds").exists()
        and os.path.isdir(root / OLD_SEED_DIRECTORY)
    )


def uses_old_packages_directory(root: Path, fields: Fields) -> bool:
    """Whether the packages are where they were installed before dbt 1.0."""
    return (
        fields.raw(spelling(fields, "packages-install-path")) is None
        and not (root / "dbt_packages").exists()
        and os.path.isdir(root / OLD_PACKAGES_DIRECTORY)
    )
