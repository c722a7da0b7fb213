"""What is known to be in the database: one listing a schema, kept up to date by what we do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from .base import Adapter
from .errors import ApproximateMatchError
from .relation import Namespace, Relation


class RelationCache:
    """Relations by database, schema and identifier, compared as the database compares them."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.list_relations: Callable[[Namespace], Awaitable[list[Relation]]] = (
            adapter.list_relations
        )
        """What says what is in a schema: the adapter, unless a project has its own way."""
        self._known_in: dict[Namespace, dict[str, Relation]] = {}
        self._found: dict[tuple[Namespace, str], list[str]] = {}
        self._views: dict[Namespace, list[str]] = {}
        self._spellings: dict[Namespace, dict[str, str]] = {}
        """The names that were seen in a schema, by what they are without case."""
        self._listings: dict[Namespace, list[dict[str, Relation | None]]] = {}
        """What was noted of a schema while it was being listed: it is newer than the list."""

    async def fill(self, namespaces: Iterable[Namespace]) -> None:
        """List the schemas that aren't known yet.

        Raises:
            DatabaseError: the catalog can't be read.
        """
        for namespace in namespaces:
            await self._known(namespace)

    async def refresh(self, namespace: Namespace) -> None:
        """List a schema again, in which others may have changed something."""
        await self._list(namespace)

    def forget(self, namespace: Namespace) -> None:
        """Let a schema be listed again when it is needed next: what was noted isn't so."""
        self._known_in.pop(self._adapter.key_of(namespace), None)
        self._found.clear()
        self._views.clear()

    async def find(self, relation: Relation) -> Relation | None:
        """What stands in the database under a relation's name, or None.

        Lists an unknown schema first.

        Raises:
            ApproximateMatchError: there is only one that differs in case.
        """
        known = await self._known(relation.namespace)
        identifier = relation.identifier or ""
        found = known.get(self._adapter.spelled(identifier))
        if found is None:
            spellings = self._spellings.get(self._adapter.key_of(relation.namespace), {})
            near = known.get(spellings.get(identifier.casefold(), ""))
            if near is not None:
                raise ApproximateMatchError(relation.display_name, near.display_name)
        return found

    async def relations(self, namespace: Namespace) -> list[Relation]:
        """Every relation of a schema."""
        return list((await self._known(namespace)).values())

    async def starting_with(self, namespace: Namespace, prefix: str) -> list[Relation]:
        """The relations of a schema whose names begin in some way. Looked for once a listing."""
        known = await self._known(namespace)
        key = self._adapter.key_of(namespace), prefix
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = [name for name in known if name.startswith(prefix)]
        return [known[name] for name in found if name in known]

    async def views(
        self, namespace: Namespace, is_ours: Callable[[Relation], bool] = lambda view: False
    ) -> list[Relation]:
        """The views of a schema that were there when it was listed, but for those that are ours.

        Looked for once a listing: which are ours is one and the same to everybody who asks.
        """
        known = await self._known(namespace)
        key = self._adapter.key_of(namespace)
        names = self._views.get(key)
        if names is None:
            names = self._views[key] = [
                name for name, found in known.items() if found.is_view and not is_ours(found)
            ]
        return [known[name] for name in names if name in known]

    def add(self, relation: Relation) -> None:
        """Note that a relation was made."""
        self._note(relation, relation)

    def drop(self, relation: Relation) -> None:
        """Note that a relation is gone."""
        self._note(relation, None)

    def _note(self, named: Relation, now: Relation | None) -> None:
        key = self._adapter.key_of(named.namespace)
        name = self._adapter.spelled(named.identifier or "")
        for listing in self._listings.get(key, ()):
            listing[name] = now
        known = self._known_in.get(key)
        if known is not None:
            if now is None:
                known.pop(name, None)
            else:
                known[name] = now
                self._spellings.setdefault(key, {})[name.casefold()] = name

    async def _known(self, namespace: Namespace) -> dict[str, Relation]:
        known = self._known_in.get(self._adapter.key_of(namespace))
        return await self._list(namespace) if known is None else known

    async def _list(self, namespace: Namespace) -> dict[str, Relation]:
        key = self._adapter.key_of(namespace)
        noted: dict[str, Relation | None] = {}
        listings = self._listings.setdefault(key, [])
        listings.append(noted)
        try:
            relations = await self.list_relations(namespace)
        finally:
            listings.remove(noted)
        spelled = self._adapter.spelled
        listed = {spelled(relation.identifier or ""): relation for relation in relations}
        known = {name: now for name, now in {**listed, **noted}.items() if now is not None}
        self._known_in[key] = known
        self._spellings[key] = {name.casefold(): name for name in known}
        self._found.clear()
        self._views.clear()
        return known
