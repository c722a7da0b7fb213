"""What every session of ours is set to before it is used."""

from __future__ import annotations

from ..relation import quote_identifier
from . import liveness
from .keys import PostgresKeys

APPLICATION = "headrace"
IDLE_IN_TRANSACTION_SECONDS = 60
"""A transaction of ours waits for us for milliseconds; after this, we are gone."""

_APPLICATION_BYTES = 63
_CHECKS_CLIENTS = 140000


def session_settings(keys: PostgresKeys, invocation_id: str, server_version: int) -> str:
    """The SQL that sets a session up, in one message.

    The role, the search path and the name come from the profile. Where the server can, it looks
    every second whether its client is still there, so that the queries of a process that was
    killed end as well (https://www.postgresql.org/docs/current/runtime-config-connection.html).
    `server_version` is the server's own number, such as 160014.
    """
    name = application_name(keys.application_name, invocation_id)
    settings = [
        f"SET application_name = {literal(name)}",
        f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_SECONDS}s'",
    ]
    if server_version >= _CHECKS_CLIENTS:
        settings.append("SET client_connection_check_interval = '1s'")
    settings += liveness.server_settings(keys, server_version)
    if keys.search_path:
        settings.append(f"SET search_path = {keys.search_path}")
    if keys.role:
        settings.append(f"SET ROLE {quote_identifier(keys.role)}")
    return "; ".join(settings)


def application_name(given: str | None, invocation_id: str) -> str:
    """A name that says whose session it is and of which invocation, as long as the server's."""
    base = given or APPLICATION
    room = _APPLICATION_BYTES - len(invocation_id.encode()) - 1
    kept = base.encode()[:room].decode(errors="ignore")
    return f"{kept} {invocation_id}".strip()


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
