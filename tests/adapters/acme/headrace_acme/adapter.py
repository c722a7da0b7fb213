"""Acme as a whole: a directory in which each schema is a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import anyio
from headrace.adapters.base import Adapter, Connection, SwapPolicy, Target
from headrace.adapters.errors import ConnectionFailedError, ProfileKeyError
from headrace.adapters.profile_keys import ProfileKeys
from headrace.adapters.relation import Namespace, Parts, Relation, RelationType

from .connection import AcmeConnection


def create(target: Target) -> Adapter:
    """The adapter for a target of type `acme`, not yet opened.

    Raises:
        ProfileKeyError: a key of the profile is missing, unknown or wrong.
    """
    keys = ProfileKeys(target.keys)
    directory = keys.text("directory")
    keys.reject_unknown()
    if directory is None:
        raise ProfileKeyError("directory", "is missing: name one for the schemas' files.")
    return AcmeAdapter(target, target.project_root / directory)


class AcmeAdapter(Adapter):
    type: ClassVar[str] = "acme"
    dialect: ClassVar[tuple[str, ...]] = ("acme",)
    macro_directory: ClassVar[Path | None] = Path(__file__).parent / "macros"
    swap_policy: ClassVar[SwapPolicy] = SwapPolicy.IN_PLACE
    ignored_configs: ClassVar[frozenset[str]] = frozenset({"grants", "persist_docs"})
    has_views_across_schemas: ClassVar[bool] = False
    has_fixed_types: ClassVar[bool] = False

    def __init__(self, target: Target, directory: Path) -> None:
        self.target = target
        self._directory = directory

    async def open(self) -> None:
        self._leases = anyio.Semaphore(self.target.threads)
        self._writing = anyio.Lock()
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConnectionFailedError(f"{self._directory} can't be made: {error}") from error

    async def aclose(self) -> None:
        """Nothing is open: each connection is closed at the end of its block."""

    @asynccontextmanager
    async def connection(self, name: str) -> AsyncIterator[Connection]:
        async with self._leases, self._opened() as connection:
            yield connection

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[AcmeConnection]:
        connection = AcmeConnection(self._directory, self._writing)
        try:
            yield connection
        finally:
            connection.close()

    async def list_schemas(self, database: str | None = None) -> frozenset[str]:
        return frozenset(file.stem for file in self._directory.glob("*.db"))

    async def create_schema(self, namespace: Namespace) -> None:
        async with self._opened() as connection:
            await connection.attach(namespace.schema)

    async def drop_schema(self, namespace: Namespace) -> None:
        for suffix in ("", "-wal", "-shm"):
            (self._directory / f"{namespace.schema}.db{suffix}").unlink(missing_ok=True)

    async def list_relations(self, namespace: Namespace) -> list[Relation]:
        if namespace.schema not in await self.list_schemas():
            return []
        async with self._opened() as connection:
            found = await connection.query(
                f'select name, type from "{namespace.schema}".sqlite_master '
                "where type in ('table', 'view')"
            )
        return [
            self.relation(namespace.schema, str(name), RelationType(str(kind)))
            for name, kind in found.rows
        ]

    @property
    def public_keys(self) -> Mapping[str, object]:
        return {"directory": str(self._directory)}

    def relation(
        self,
        schema: str | None,
        identifier: str | None,
        type: RelationType | None = None,
        *,
        database: str | None = None,
        quote_policy: Parts | None = None,
    ) -> Relation:
        made = super().relation(schema, identifier, type, quote_policy=quote_policy)
        return made.include(database=False)
