"""No payload of the corpus gets out, and none gets at a secret in any form."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from pathlib import Path

import pytest

from ..building.support import Ran, run
from ..conftest import WriteProject
from ..postgres_server import PostgresServer
from .corpus import ESCAPES, TRANSFORMED

# A payload may leave a coroutine that nobody awaits: Python says so once it is thrown away.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CANARY = 'pa/ss@w%r"d-canary'
ENV_CANARY = "env/c@n%ary-0123456789"
ENVIRON = {"DBT_ENV_SECRET_CANARY": ENV_CANARY}
MACROS = "{% macro noted(what) %}{{ what }}{% endmacro %}"

# What only the world outside of the sandbox has in its text.
OUTSIDE = re.compile(
    r"<(module|function|built-in function|frame|code|class|cell)\b|<class '|uid=\d|root:x:0|"
    r"_UnixSelectorEventLoop|'__builtins__'|/usr/lib|site-packages|DBT_ENV_SECRET_CANARY': '"
)


def model(payload: str) -> str:
    """A model whose text ends up, whatever it is, in a comment of its compiled file."""
    return f"select 1 as id\n/*<<*/{payload}/*>>*/"


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


def written(root: Path, ran: Ran) -> str:
    """All that an invocation gave, to its reporters and to its files."""
    texts = [repr(event) for event in ran.events]
    texts += [str(result.error) for result in ran.outcome.results]
    texts.append(str(ran.outcome.error))
    for path in (root / "target").rglob("*"):
        if path.is_file():
            texts.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(texts)


def test_the_corpus_is_large_enough() -> None:
    assert len(ESCAPES) + len(TRANSFORMED) >= 60


async def test_no_payload_escapes_on_sqlite(write_project: WriteProject) -> None:
    payloads = {**ESCAPES, **TRANSFORMED}
    names = {f"m{position}": label for position, label in enumerate(payloads)}
    files = {f"models/{name}.sql": model(payloads[label]) for name, label in names.items()}
    leaks = {}

    for name, label in names.items():
        root = write_project(
            {"macros/noted.sql": MACROS, f"models/{name}.sql": files[f"models/{name}.sql"]}
        )
        async with asyncio.timeout(20):
            ran = await run(root, "compile", environ=ENVIRON)
        text = written(root, ran)
        (root / "models" / f"{name}.sql").unlink()
        found = _results(text, root, name)
        if OUTSIDE.search(found) or ENV_CANARY in text:
            leaks[label] = found[:300]

    assert leaks == {}


async def test_no_payload_gets_at_the_password_on_postgres(
    write_project: WriteProject, postgres: PostgresServer, schema: str
) -> None:
    payloads = {**ESCAPES, **TRANSFORMED}
    profile = postgres.profile(schema, password=CANARY, sslmode="disable")
    leaks = {}
    for position, (label, payload) in enumerate(payloads.items()):
        name = f"models/m{position}.sql"
        root = write_project(
            {"macros/noted.sql": MACROS, "profiles.yml": profile, name: model(payload)}
        )
        text = written(root, await run(root, "compile", environ=ENVIRON))
        (root / name).unlink()
        if any(form in text for secret in (CANARY, ENV_CANARY) for form in forms(secret)):
            leaks[label] = text[:300]

    assert leaks == {}


def _results(text: str, root: Path, name: str) -> str:
    """What a payload rendered to, and what it said."""
    compiled = "".join(
        path.read_text(encoding="utf-8").partition("/*<<*/")[2]
        for path in (root / "target").rglob(f"compiled/**/{name}.sql")
    )
    said = " ".join(re.findall(r"(?:MessageLogged|NodeFinished|InvocationFailed)\(.*", text))
    return json.dumps([compiled, said])
