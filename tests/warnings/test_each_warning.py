"""Each documented warning, raised by a small project: as a warning, and as an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.core.events import InvocationFailed
from headrace.engine.settings.deprecation_tally import SUMMARY
from headrace.engine.settings.warning_names import RAISED

from ..building.support import PROJECT, run
from ..manifest.test_declared_configuration import FILES as SEMANTIC
from ..manifest.test_semantic_forms import UNDESCRIBED
from .support import names

WriteProject = Callable[[Mapping[str, str]], Path]

TESTS = Path(__file__).parents[1]
ORDERS = {"models/orders.sql": "select 1 as id"}
SCHEMA = "models/schema.yml"


@dataclass(frozen=True)
class Situation:
    """A project, and what is done with it.

    `blocked` are directories where files should go, `beside` the warnings that come along.
    """

    files: Mapping[str, str]
    command: str = "parse"
    options: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


def project(line: str) -> Situation:
    """A project file with one more line."""
    return Situation({**ORDERS, "dbt_project.yml": f"{PROJECT}{line}\n"})


def properties(text: str) -> Situation:
    return Situation({**ORDERS, SCHEMA: text})


def unwritable(name: str) -> Situation:
    return Situation(ORDERS, "run", blocked=(f"target/{name}",))


WHILE_READING = {
    "AdapterDeprecationWarning": Situation(
        {"models/orders.sql": "select 1 as {{ adapter.already_exists(schema, 'x') ~ '_' }}id"}
    ),
    "AdapterMacroDeprecation": Situation(
        {
            "macros/one.sql": "{% macro default__one() %}1{% endmacro %}",
            "models/orders.sql": "select {{ adapter_macro('one') }} as id",
        }
    ),
    "ConfigLogPathDeprecation": project("log-path: told"),
    "ConfigTargetPathDeprecation": project("target-path: made"),
    "CustomKeyInConfigDeprecation": properties(
        "models: [{name: orders, config: {materalized: table}}]"
    ),
    "MissingArgumentsPropertyInGenericTestDeprecation": properties(
        "models: [{name: orders, columns: [{name: id, "
        "data_tests: [{accepted_values: {values: [1]}}]}]}]"
    ),
    "ModelParamUsageDeprecation": Situation(ORDERS, "run", {"uses_models_flag": True}),
    "ModulesItertoolsUsageDeprecation": Situation(
        {"models/orders.sql": "select {{ modules.itertools.count(1) and 1 }} as id"}
    ),
    "UnsupportedConstraintMaterialization": properties(
        "models: [{name: orders, config: {contract: {enforced: true}}, columns: [{name: id, "
        "data_type: integer, constraints: [{type: not_null}]}]}]"
    ),
    "FreshnessConfigProblem": properties(
        "sources: [{name: till, freshness: {warn_after: {count: 1, period: day}}, "
        "tables: [{name: receipts}]}]"
    ),
    "ConfigDataPathDeprecation": project("data-paths: [data]"),
    "ConfigSourcePathDeprecation": project("source-paths: [models]"),
    "ConfigVersionDeprecation": Situation(
        {"dbt_project.yml": "name: shop\nprofile: shop\nconfig-version: 1\n"}
    ),
    "CustomKeyInObjectDeprecation": properties("models: [{name: orders, descripton: all}]"),
    "CustomTopLevelKeyDeprecation": properties("modles: []"),
    "ArgumentsPropertyInGenericTestDeprecation": Situation(
        {
            **ORDERS,
            "dbt_project.yml": PROJECT
            + "flags: {require_generic_test_arguments_property: false}\n",
            "macros/over.sql": "{% test over(model, column_name, arguments) %}"
            "select * from {{ model }} where id > {{ arguments['most'] }}{% endtest %}",
            SCHEMA: "models: [{name: orders, columns: [{name: id, "
            "data_tests: [{over: {arguments: {most: 1}}}]}]}]",
        }
    ),
    "DeprecatedModel": properties("models: [{name: orders, deprecation_date: 2020-01-01}]"),
    "DuplicateYAMLKeysDeprecation": properties("models: []\nmodels: []"),
    "EnvironmentVariableNamespaceDeprecation": Situation(
        ORDERS, options={"environ": {"DBT_ENGINE_OF_MINE": "x"}}
    ),
    "EnvironmentVariableRenamed": Situation(ORDERS, options={"environ": {"DBT_NO_PRINT": "1"}}),
    "ExposureNameDeprecation": properties(
        "exposures: [{name: the board, type: dashboard, owner: {name: me}, "
        "depends_on: [ref('orders')]}]"
    ),
    "FileLeftOut": Situation(ORDERS, links=("models/gone.sql",)),
    "InvalidMacroAnnotation": Situation(
        {
            "dbt_project.yml": f"{PROJECT}flags: {{validate_macro_args: true}}\n",
            "macros/one.sql": "{% macro one(a) %}{% endmacro %}",
            "macros/one.yml": "macros: [{name: one, arguments: [{name: b}]}]",
        }
    ),
    "MacroNotAsked": Situation(
        {
            **ORDERS,
            "macros/m.sql": "{% macro default__rename_relation(from_relation, to_relation) %}"
            "{% endmacro %}",
        }
    ),
    "MacroNotFoundForPatch": properties("macros: [{name: cents}]"),
    "MFCumulativeTypeParamsDeprecation": Situation(
        {
            **SEMANTIC,
            "models/c.yml": "metrics: [{name: all, label: A, type: cumulative, "
            "type_params: {measure: heads, window: 7 days}}]",
        }
    ),
    "MFTimespineWithoutYamlConfigurationDeprecation": Situation(UNDESCRIBED),
    "MicrobatchMacroOutsideOfBatchesDeprecation": Situation(
        {
            "models/days.sql": "{{ config(materialized='incremental', unique_key='at', "
            "incremental_strategy='microbatch', event_time='at', begin='2024-01-01', "
            "batch_size='day') }} select 1 as at",
            "macros/m.sql": "{% macro get_incremental_microbatch_sql(arg_dict) %}"
            "{{ return(get_incremental_delete_insert_sql(arg_dict)) }}{% endmacro %}",
        }
    ),
    "MicrobatchModelNoEventTimeInputs": Situation(
        {
            "models/days.sql": "{{ config(materialized='incremental', "
            "incremental_strategy='microbatch', event_time='at', begin='2024-01-01', "
            "batch_size='day') }} select 1 as at"
        }
    ),
    "NoNodeForYamlKey": properties("models: [{name: order}]"),
    "NodeNotFoundOrDisabled": properties(
        "models:\n  - name: orders\n    data_tests:\n"
        "      - relationships: {arguments: {to: ref('nobody'), field: id, column_name: id}}\n"
    ),
    "NotThereYet": Situation({**ORDERS, "models/frame.py": "def model(dbt, session): ..."}),
    "NothingForThisDatabase": Situation(
        {"models/orders.sql": "{{ config(grants={'select': ['all']}) }} select 1 as id"}
    ),
    "PackageInstallPathDeprecation": project("modules-path: packages"),
    "PackageMaterializationOverrideDeprecation": Situation(
        {
            **ORDERS,
            "dbt_project.yml": PROJECT + "flags:\n"
            "  require_explicit_package_overrides_for_builtin_materializations: false\n",
            "packages.yml": "packages: [{local: ../util}]",
            "dbt_packages/util/dbt_project.yml": "name: util",
            "dbt_packages/util/macros/m.sql": "{% materialization view, default %}"
            "{{ return(dbt.materialization_view_default()) }}{% endmaterialization %}",
        }
    ),
    "ProjectFlagsMovedDeprecation": Situation(
        {
            **ORDERS,
            "profiles.yml": "config: {fail_fast: true}\nshop: {outputs: {default: "
            "{type: sqlite, path: shop.db, schema: main}}}\n",
        }
    ),
    "SourceOverrideDeprecation": Situation(
        {
            **ORDERS,
            "packages.yml": "packages: [{local: ../util}]",
            "dbt_packages/util/dbt_project.yml": "name: util",
            "dbt_packages/util/models/s.yml": "sources: [{name: till, tables: [{name: receipts}]}]",
            "models/s.yml": "sources: [{name: till, overrides: util, schema: ours}]",
        }
    ),
    "UnknownFlag": project("flags: {fail_fst: true}"),
    "UnexpectedJinjaBlockDeprecation": Situation(
        {"macros/m.sql": "{% macro one() %}1{% endmacro %}{% set a = 1 %}"}
    ),
    "UnreadSection": properties("data_tests: [{description: of nothing}]"),
    "UnusedTables": Situation(
        {
            **ORDERS,
            "packages.yml": "packages: [{local: ../util}]",
            "dbt_packages/util/dbt_project.yml": "name: util",
            "models/s.yml": "sources: [{name: till, overrides: util}]",
        },
        beside=("SourceOverrideDeprecation",),
    ),
    "ValidationWarning": Situation(
        {
            "seeds/countries.csv": "id\n1\n",
            "seeds/s.yml": "seeds: [{name: countries, constraints: [{type: unique}]}]",
        }
    ),
    "UnusedResourceConfigPath": project("models: {shop: {nowhere: {+enabled: true}}}"),
    "UpcomingReferenceDeprecation": Situation(
        {
            **ORDERS,
            "models/recent.sql": "select * from {{ ref('orders') }}",
            SCHEMA: "models: [{name: orders, deprecation_date: 2999-01-01}]",
        }
    ),
    "WrongResourceSchemaFile": properties("seeds: [{name: orders}]"),
    "NoNodesForSelectionCriteria": Situation(ORDERS, "run", {"select": ("nobody",)}),
}
AT_THE_END = {
    "ArtifactNotWritten": unwritable("compiled/shop/models/orders.sql"),
    "JournalNotWritten": unwritable("run_results.jsonl"),
    "LogNotWritten": Situation(ORDERS, "run", blocked=("logs/dbt.log",)),
    "ManifestNotWritten": unwritable("manifest.json"),
    "RunResultsNotWritten": unwritable("run_results.json"),
    "SourcesNotWritten": Situation(
        {
            "models/orders.sql": "select 1 as id",
            SCHEMA: "sources: [{name: shop, schema: main, tables: [{name: sqlite_master, "
            "loaded_at_field: \"datetime('now')\", "
            "freshness: {warn_after: {count: 9, period: day}}}]}]",
        },
        "freshness",
        blocked=("target/sources.json",),
    ),
}
ELSEWHERE = {
    "CollectFreshnessReturnSignature": "building/test_freshness.py",
    "CatalogGenerationError": "macros/test_own_listing.py",
    "CatalogNotWritten": "commands/test_docs_generate.py",
    "CustomOutputPathInSourceFreshnessDeprecation": "warnings/test_old_forms.py",
    "DeprecationsSummary": "warnings/test_deprecations.py",
    "DeprecatedReference": "manifest/test_versions.py",
    "DeferredViewIsTable": "commands/test_deferral.py",
    "DependentViewDropped": "postgres/test_warnings.py",
    "DepsScrubbedPackageName": "packages/test_warnings.py",
    "DepsUnpinned": "packages/test_warnings.py",
    "EventsDropped": "reporters/test_event_queue.py",
    "ForeignKeyNotValid": "postgres/test_foreign_keys.py",
    "GetMetaKeyWarning": "warnings/test_passed_over.py",
    "JinjaLogWarning": "warnings/test_as_errors.py",
    "LogTestResult": "warnings/test_as_errors.py",
    "NoNodesSelected": "warnings/test_as_errors.py",
    "NodeRetried": "postgres/test_warnings.py",
    "NothingToDo": "warnings/test_as_errors.py",
    "PackageRedirectDeprecation": "packages/test_warnings.py",
    "ReporterFailed": "reporters/test_event_queue.py",
    "ResourceNamesWithSpacesDeprecation": "manifest/test_refused.py",
    "SeedExceedsLimitAndPathChanged": "selection/test_state.py",
    "SeedExceedsLimitSamePath": "selection/test_state.py",
    "SeedIncreased": "selection/test_state.py",
    "SnapshotTimestampWarning": "postgres/test_warnings.py",
    "SourceFreshnessProjectHooksNotRun": "building/test_freshness.py",
    "SpacesInResourceNameDeprecation": "manifest/test_refused.py",
    "UncopiedAssets": "commands/test_docs_generate.py",
    "UnversionedBreakingChange": "selection/test_state.py",
    "WEOIncludeExcludeDeprecation": "warnings/test_as_errors.py",
    "WaitingForAnotherRun": "postgres/test_warnings.py",
    "WarnStateTargetEqual": "selection/test_state.py",
}
"""Those that need more than a project: a server, or more than one run."""


def make(write_project: WriteProject, situation: Situation) -> Path:
    root = write_project(situation.files)
    for name in situation.links:
        (root / name).symlink_to("nowhere")
    for name in situation.blocked:
        (root / name).mkdir(parents=True)
    return root


def test_every_documented_warning_is_raised_by_a_test() -> None:
    assert WHILE_READING.keys() | AT_THE_END.keys() | ELSEWHERE.keys() == RAISED
    for name, path in ELSEWHERE.items():
        assert f'"{name}"' in (TESTS / path).read_text("utf-8"), f"{path} says nothing of {name}"


@pytest.mark.parametrize("name", sorted(WHILE_READING | AT_THE_END))
async def test_it_stops_nothing_as_a_warning(write_project: WriteProject, name: str) -> None:
    situation = (WHILE_READING | AT_THE_END)[name]
    root = make(write_project, situation)

    ran = await run(root, situation.command, **situation.options)

    assert names(ran) == [*situation.beside, name]
    assert ran.exit_code == 0


@pytest.mark.parametrize("name", sorted(WHILE_READING))
async def test_before_any_sql_it_is_an_error_that_keeps_the_command_from_running(
    write_project: WriteProject, name: str
) -> None:
    situation = WHILE_READING[name]
    root = make(write_project, situation)

    ran = await run(root, "run", warn_error_options={"error": [name]}, **situation.options)

    assert (ran.exit_code, names(ran)) == (2, [*situation.beside])
    assert f"[{name}]" in str(ran.outcome.error)
    assert not (root / "shop.db").exists()


@pytest.mark.parametrize("name", sorted(AT_THE_END))
async def test_at_the_end_it_is_an_error_that_is_told_when_all_is_done(
    write_project: WriteProject, name: str
) -> None:
    root = make(write_project, AT_THE_END[name])

    ran = await run(root, AT_THE_END[name].command, warn_error=True)

    assert (ran.exit_code, names(ran)) == (2, [])
    assert f"[{name}]" in str(ran.outcome.error)
    (failed,) = (event for event in ran.events if isinstance(event, InvocationFailed))
    assert f"[{name}]" in str(failed.error)
    assert (root / "shop.db").exists()


@pytest.mark.parametrize("name", sorted(WHILE_READING | AT_THE_END))
async def test_it_is_not_shown_where_it_is_silenced(write_project: WriteProject, name: str) -> None:
    situation = (WHILE_READING | AT_THE_END)[name]
    root = make(write_project, situation)

    ran = await run(
        root,
        situation.command,
        warn_error_options={"error": "all", "silence": [name, *situation.beside, SUMMARY]},
        **situation.options,
    )

    assert names(ran) == []
