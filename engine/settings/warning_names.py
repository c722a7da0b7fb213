"""The names of warnings: those that are raised here, and those of dbt that settings may name.

`--warn-error-options` goes by these names, and `docs/warnings.md` says what each means. Where dbt
has the same warning, its name is dbt's.
"""

from __future__ import annotations

RAISED_WHILE_READING = frozenset(
    "AdapterDeprecationWarning AdapterMacroDeprecation ConfigDataPathDeprecation "
    "ConfigLogPathDeprecation ConfigSourcePathDeprecation ConfigTargetPathDeprecation "
    "ConfigVersionDeprecation CustomKeyInConfigDeprecation CustomKeyInObjectDeprecation "
    "CustomOutputPathInSourceFreshnessDeprecation CustomTopLevelKeyDeprecation DeprecatedModel "
    "DeprecatedReference DuplicateYAMLKeysDeprecation EnvironmentVariableNamespaceDeprecation "
    "EnvironmentVariableRenamed ExposureNameDeprecation FileLeftOut "
    "FreshnessConfigProblem InvalidMacroAnnotation MFCumulativeTypeParamsDeprecation "
    "MFTimespineWithoutYamlConfigurationDeprecation "
    "MacroNotAsked MacroNotFoundForPatch MicrobatchMacroOutsideOfBatchesDeprecation "
    "MicrobatchModelNoEventTimeInputs "
    "ArgumentsPropertyInGenericTestDeprecation "
    "MissingArgumentsPropertyInGenericTestDeprecation ModelParamUsageDeprecation "
    "ModulesItertoolsUsageDeprecation NoNodeForYamlKey NodeNotFoundOrDisabled NotThereYet "
    "NothingForThisDatabase PackageInstallPathDeprecation "
    "PackageMaterializationOverrideDeprecation ProjectFlagsMovedDeprecation "
    "ResourceNamesWithSpacesDeprecation SourceOverrideDeprecation "
    "SpacesInResourceNameDeprecation UnknownFlag UnsupportedConstraintMaterialization "
    "UnexpectedJinjaBlockDeprecation UnreadSection UnusedResourceConfigPath UnusedTables "
    "UpcomingReferenceDeprecation ValidationWarning WEOIncludeExcludeDeprecation "
    "WrongResourceSchemaFile".split()
)
"""What is said before any SQL: as an error, it keeps the invocation from running."""

RAISED_BY_DEPS = frozenset(
    {"DepsScrubbedPackageName", "DepsUnpinned", "PackageRedirectDeprecation"}
)
"""What is said of packages that are being installed: as an error, none of them is."""

RAISED_BY_SELECTION = frozenset(
    "NoNodesForSelectionCriteria NoNodesSelected NothingToDo SeedExceedsLimitAndPathChanged "
    "SeedExceedsLimitSamePath SeedIncreased UnversionedBreakingChange "
    "WarnStateTargetEqual".split()
)
"""What is said of a selection, such as that it matches nothing: as an error, likewise."""

RAISED_WHILE_RUNNING = frozenset(
    "CatalogGenerationError CollectFreshnessReturnSignature "
    "DeferredViewIsTable DependentViewDropped ForeignKeyNotValid GetMetaKeyWarning JinjaLogWarning "
    "LogTestResult "
    "NodeRetried SnapshotTimestampWarning SourceFreshnessProjectHooksNotRun "
    "WaitingForAnotherRun".split()
)
"""What is said of a node, or of the whole run. As an error it fails the node, if there is one."""

RAISED_AT_THE_END = frozenset(
    "ArtifactNotWritten CatalogNotWritten DeprecationsSummary EventsDropped JournalNotWritten "
    "LogNotWritten ManifestNotWritten ReporterFailed RunResultsNotWritten SourcesNotWritten "
    "UncopiedAssets".split()
)
"""What is said of files that couldn't be written, and of reporters, once all else is done."""

RAISED = (
    RAISED_WHILE_READING
    | RAISED_BY_DEPS
    | RAISED_BY_SELECTION
    | RAISED_WHILE_RUNNING
    | RAISED_AT_THE_END
)

_DEPRECATIONS_OF_DBT = frozenset(
    "AdapterDeprecationWarning ArgumentsPropertyInGenericTestDeprecation BehaviorChangeEvent "
    "CollectFreshnessReturnSignature ConfigDataPathDeprecation ConfigLogPathDeprecation "
    "ConfigSourcePathDeprecation ConfigTargetPathDeprecation CustomKeyInConfigDeprecation "
    "CustomKeyInObjectDeprecation CustomOutputPathInSourceFreshnessDeprecation "
    "CustomTopLevelKeyDeprecation DeprecationsSummary DuplicateYAMLKeysDeprecation "
    "EnvironmentVariableNamespaceDeprecation EnvironmentVariableRenamed ExposureNameDeprecation "
    "GenericJSONSchemaValidationDeprecation GetMetaKeyWarning InternalDeprecation "
    "MFCumulativeTypeParamsDeprecation MFTimespineWithoutYamlConfigurationDeprecation "
    "MetricAttributesRenamed MicrobatchMacroOutsideOfBatchesDeprecation "
    "MissingArgumentsPropertyInGenericTestDeprecation MissingPlusPrefixDeprecation "
    "ModelParamUsageDeprecation ModulesItertoolsUsageDeprecation PackageInstallPathDeprecation "
    "PackageMaterializationOverrideDeprecation PackageRedirectDeprecation "
    "ProjectFlagsMovedDeprecation PropertyMovedToConfigDeprecation "
    "ResourceNamesWithSpacesDeprecation SourceFreshnessProjectHooksNotRun "
    "SourceOverrideDeprecation SpacesInResourceNameDeprecation TestsConfigDeprecation "
    "UnexpectedJinjaBlockDeprecation WEOIncludeExcludeDeprecation".split()
)

DEPRECATIONS = _DEPRECATIONS_OF_DBT | {"AdapterMacroDeprecation", "ConfigVersionDeprecation"}
"""What the group name `Deprecations` stands for."""

_OTHERS_OF_DBT = frozenset(
    "AdapterEventWarning CatalogGenerationError ConstraintNotEnforced ConstraintNotSupported "
    "DeprecatedModel DeprecatedReference DepsScrubbedPackageName DepsUnpinned "
    "FreshnessConfigProblem InvalidConcurrentBatchesConfig InvalidMacroAnnotation "
    "InvalidValueForField JinjaLogWarning LogBatchResult LogFreshnessResult LogModelResult "
    "LogNodeResult LogSeedResult LogSnapshotResult LogTestResult MacroNotFoundForPatch "
    "MicrobatchModelNoEventTimeInputs NoNodeForYamlKey NoNodesForSelectionCriteria "
    "NoNodesSelected NodeNotFoundOrDisabled NothingToDo RunResultWarning "
    "RunResultWarningMessage SeedExceedsLimitAndPathChanged SeedExceedsLimitChecksumChanged "
    "SeedExceedsLimitSamePath SeedIncreased SemanticValidationFailure SnapshotTimestampWarning "
    "TypeCodeNotFound UnsupportedConstraintMaterialization UnusedResourceConfigPath "
    "UnusedTables UnversionedBreakingChange UpcomingReferenceDeprecation ValidationWarning "
    "WarnStateTargetEqual WrongResourceSchemaFile".split()
)

NO_ERRORS_BY_THEMSELVES = frozenset(
    "FreshnessConfigProblem GetMetaKeyWarning MacroNotAsked MicrobatchModelNoEventTimeInputs "
    "SemanticValidationFailure SpacesInResourceNameDeprecation UnreadSection "
    "WarnStateTargetEqual".split()
)
"""Those of which dbt only tells, or which it can't have: `--warn-error` makes an error of them
where the project has the flag `require_all_warnings_handled_by_warn_error`. Whoever names one
means it."""

TOLD_EACH_TIME = frozenset(
    "AdapterDeprecationWarning AdapterMacroDeprecation BehaviorChangeEvent DeprecationsSummary "
    "GetMetaKeyWarning SpacesInResourceNameDeprecation".split()
)
"""The deprecations that are told wherever they are met, and aren't counted."""

KNOWN = RAISED | DEPRECATIONS | _OTHERS_OF_DBT
"""What `--warn-error-options` may name: a project's settings name warnings that only dbt has."""
