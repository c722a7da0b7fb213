"""`docs generate`: compiles the nodes, and writes what the database says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.events import Kept, Manner
from ..core.outcome import ExitCode
from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import choose, keeping_results, nodes_to_run

if TYPE_CHECKING:
    from .command_context import CommandContext


async def _generate(context: CommandContext) -> ExitCode:
    from ..core.blocking import in_thread
    from ..core.events import CatalogReady
    from ..core.outcome import exit_code_of
    from ..running import catalog_document as catalog
    from ..running.node_sql import COMPILING
    from ..running.run import Run
    from .doc_assets import copy_assets

    options = context.options
    project = await context.load()
    choice = await choose(context, COMMAND, project)
    nodes = nodes_to_run(COMMAND, project, choice)
    compiled = None if options.compile is False else catalog.nodes_to_compile(nodes)
    run = Run(project, compiled or {}, work=COMPILING, emit=context.emit)
    if not options.empty_catalog:
        selected = None if choice.is_everything else choice.named
        run.described = catalog.nodes_to_describe(project.manifest, selected)
    if compiled is None:
        # The manifest of before has the SQL that was compiled, which the page shows. As in dbt
        # none is written where there is none.
        await run.run()
    else:
        async with keeping_results(context, project, run):
            await run.run()
    document = catalog.catalog_document(project.workspace, run.catalog)
    await context.documents.hand_out(CatalogReady(context.redactor.redacted(document)))
    for warning in await in_thread(
        copy_assets, project.workspace.project, project.workspace.target_path
    ):
        context.emit(warning)
    errors = run.catalog["errors"]
    for said in catalog.closing(project.workspace, errors):
        context.emit(said)
    return ExitCode.NODE_FAILED if errors else exit_code_of(run.results)


COMMAND = NodeCommand(
    name="generate",
    help="Write catalog.json: what the database holds.",
    perform=_generate,
    group="docs",
    manner=Manner(
        verbs=("OK compiled", "ERROR compiling"), tells_failures_alone=True, keeps=Kept.NOTHING
    ),
    takes=NodeTypes(
        frozenset({"model", "snapshot", "test", "analysis", "seed", "source"}),
        takes_ephemeral=True,
    ),
)
