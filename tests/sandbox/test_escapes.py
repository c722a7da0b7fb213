"""No payload of the corpus gets out, and none gets at a secret in any form, from any context."""

from __future__ import annotations

import base64
import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.project.native import NativeTemplates
from headrace.engine.sandbox import budget
from headrace.engine.template.scope import Scope
from headrace.engine.template.template_environment import ScopeContext, render

from ..building.support import Ran
from ..conftest import WriteProject
from ..postgres_server import PostgresServer
from .contexts import (
    CANARY,
    CONTEXTS,
    ENV_CANARY,
    FILES,
    own_budget,
    run_everything,
    visit_by,
    yaml_templates,
)
from .corpus import ESCAPES, TRANSFORMED
from .ways import payloads

# A payload may leave a coroutine that nobody awaits: Python says so once it is thrown away.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(300),
]

CORPUS = {**ESCAPES, **TRANSFORMED}
WAYS = dict(payloads())
EVERY_WAY = frozenset(("model", "parse: model", "materialization"))
"""Contexts in which also each way of asking each object is tried: the others have no more."""

# What only the world outside of the sandbox has in its text.
OUTSIDE = re.compile(
    r"<(module|frame|code|cell|slot|attribute|member|method) |<class '(?!dict|set)|uid=\d|root:x:0|"
    r"_UnixSelectorEventLoop|'__builtins__':|/usr/lib|site-packages|DBT_ENV_SECRET_CANARY': '|"
    r"mappingproxy\(\{'__"
)


def forms(secret: str) -> set[str]:
    """A secret as a template might have written it."""
    return {
        secret,
        secret[::-1],
        "-".join(secret),
        ".".join(secret),
        secret.upper(),
        secret.encode().hex(),
        base64.b64encode(secret.encode()).decode(),
    }


SECRETS = {form for secret in (CANARY, ENV_CANARY) for form in forms(secret)}


def leak_in(text: str) -> str | None:
    """What a payload got hold of."""
    found = OUTSIDE.search(text)
    if found is not None:
        return text[max(found.start() - 20, 0) :][:120]
    return next((secret for secret in SECRETS if secret in text), None)


async def rendered(payload: str, scope: Scope) -> str:
    """What a payload gives in a context, or says."""
    environment = scope.macros.environment
    try:
        template = environment.template(payload, "models/attack.sql")
        context = ScopeContext(environment, template, scope, scope.package)
        with own_budget():
            return await render(template, context)
    except Exception as error:
        return f"{error} {error.__cause__}"


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 200
    assert len(WAYS) >= 500
    assert len({text for _, text in WAYS.items()}) == len(WAYS)


async def attack(root: Path, patch: pytest.MonkeyPatch) -> tuple[dict[str, str], set[str]]:
    """Render every payload in every context: what leaked, and which contexts there were."""
    leaks: dict[str, str] = {}
    met: set[str] = set()

    async def visit(where: str, scope: Scope) -> None:
        if where in met:
            return
        met.add(where)
        for label, payload in {**CORPUS, **(WAYS if where in EVERY_WAY else {})}.items():
            # A payload may change what the context holds: the next one has it as it was.
            fresh = scope.with_names()
            found = leak_in(await rendered(payload, fresh))
            if found is not None:
                leaks[f"{where}: {label}"] = found

    visit_by(patch, visit)
    patch.setattr(budget, "MAX_STEPS", 200_000)
    for ran in await run_everything(root):
        found = leak_in(_told(ran))
        if found is not None:
            leaks["events"] = found
    return leaks, met


def _told(ran: Ran) -> str:
    return "\n".join([*map(repr, ran.events), repr(ran.outcome)])


async def test_no_payload_escapes_from_any_context_on_sqlite(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaks, met = await attack(write_project(FILES), monkeypatch)

    assert leaks == {}
    assert met >= CONTEXTS


async def test_no_payload_gets_at_the_password_on_postgres(
    write_project: WriteProject,
    postgres: PostgresServer,
    schema: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = postgres.profile(schema, password=CANARY, sslmode="disable")
    root = write_project({**FILES, "profiles.yml": profile})

    leaks, met = await attack(root, monkeypatch)

    assert leaks == {}
    assert met >= CONTEXTS


async def test_no_payload_escapes_from_yaml(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = yaml_templates(monkeypatch)

    async def visit(where: str, scope: Scope) -> None:
        pass

    visit_by(monkeypatch, visit)
    await run_everything(write_project(FILES))
    monkeypatch.setattr(budget, "MAX_STEPS", 200_000)
    leaks: dict[str, str] = {}

    for templates in {frozenset(templates._names): templates for templates in made}.values():
        for label, payload in {**CORPUS, **WAYS, **_of_names(templates)}.items():
            found = leak_in(_evaluated(templates, payload))
            if found is not None:
                leaks[f"{sorted(templates._names)}: {label}"] = found

    assert len(made) >= 4
    assert leaks == {}


def _of_names(templates: NativeTemplates) -> dict[str, str]:
    """The corpus asked of what these templates have."""
    return {
        f"{name}: {label}": payload.replace("adapter", name).replace("this", name)
        for name in templates._names
        for label, payload in CORPUS.items()
    }


def _evaluated(templates: NativeTemplates, payload: str) -> str:
    result: Any = ""
    with contextlib.suppress(Exception):
        result = templates.evaluate(payload)
    return str(result)
