"""Whose key is this? Answered from memory while the listener is trusted, else by the database.

A revoked key stops at once where it was revoked, and on every other process within
``listener.TRUST_SECONDS``.
"""

import hashlib
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import db, listener
from flywheel_server.core.scope import ApplianceScope, AuthScope, OperatorScope, PartnerScope
from flywheel_server.core.warming import Learner

KeyScope = ApplianceScope | PartnerScope | OperatorScope
_MOST = 200_000
# Read at once, when all are learnt.
_PAGE = 500


class Credentials:
    """The keys this process has seen, by the SHA-256 of their text."""

    def __init__(self, database: db.Database, ear: listener.Listener) -> None:
        self._database = database
        self._ear = ear
        self._scopes: dict[bytes, KeyScope] = {}
        # The keys of each site: what agents it has is part of their scopes.
        self._of_site: dict[UUID, tuple[bytes, ...]] = {}
        self._generation = 0
        database.subscribers.append(self._changed)
        self._learner = Learner(database, "keys", b"", self._learn_page)

    async def run(self) -> None:
        """Learn all keys when listening begins anew, for ever."""
        await self._learner.run()

    def known(self, key: bytes) -> KeyScope | None:
        """Return the scope of a key from memory alone, or None when only the database knows."""
        if not self._ear.trusted():
            return None
        return self._scopes.get(hashlib.sha256(key).digest())

    async def find(self, key: bytes) -> KeyScope | None:
        """Return the scope of a key, or None when it is unknown or revoked.

        Raises DatabaseUnavailable when neither memory nor database can tell.
        """
        scope = self.known(key)
        if scope is not None:
            return scope
        digest = hashlib.sha256(key).digest()
        generation = self._generation
        async with db.transaction(self._database, AuthScope()) as connection:
            scope = await accounts.find_key(connection, digest)
        # A key revoked while we read must not come back.
        if scope is not None and generation == self._generation:
            if len(self._scopes) >= _MOST:
                self._clear()
            self._keep(digest, scope)
        return scope

    async def _learn_page(self, after: bytes) -> bytes | None:
        generation = self._generation
        async with db.transaction(self._database, AuthScope()) as connection:
            page = await accounts.keys_after(connection, after, _PAGE)
        if generation != self._generation:
            # One of these may be what was revoked.
            return after
        if len(self._scopes) + len(page) > _MOST:
            return None
        for digest, scope in page.items():
            self._keep(digest, scope)
        return max(page) if len(page) == _PAGE else None

    def _keep(self, digest: bytes, scope: KeyScope) -> None:
        self._scopes[digest] = scope
        if isinstance(scope, ApplianceScope):
            others = self._of_site.get(scope.site_id, ())
            if digest not in others:
                self._of_site[scope.site_id] = (*others, digest)

    def _drop(self, digest: bytes) -> None:
        scope = self._scopes.pop(digest, None)
        if isinstance(scope, ApplianceScope):
            others = tuple(each for each in self._of_site.pop(scope.site_id) if each != digest)
            if others:
                self._of_site[scope.site_id] = others

    def _clear(self) -> None:
        self._scopes.clear()
        self._of_site.clear()

    def _changed(self, channel: str, payload: str) -> None:
        if channel == "":
            self._clear()
        elif channel == listener.CREDENTIALS:
            self._drop(bytes.fromhex(payload))
        elif channel == listener.AGENTS:
            for digest in self._of_site.get(UUID(payload), ()):
                self._drop(digest)
        else:
            return
        self._generation += 1
