"""The server's signing key in memory: read at first need, as a process starts without a database.

Read again after every reconnection: the database may have been restored with another key.
"""

from flywheel_server.core import db, signing
from flywheel_server.core.scope import AuthScope
from flywheel_server.core.signing import Signer


class Signers:
    """Holds the one signer of this process."""

    def __init__(self, database: db.Database) -> None:
        self._database = database
        self._signer: Signer | None = None
        self._generation = 0
        database.subscribers.append(self._changed)

    @property
    def known(self) -> Signer | None:
        """The signer, where it was read already."""
        return self._signer

    async def get(self) -> Signer:
        """Return the signer. Raises DatabaseUnavailable when it was never read."""
        if self._signer is not None:
            return self._signer
        generation = self._generation
        async with db.transaction(self._database, AuthScope()) as connection:
            signer = await signing.load(connection)
        if generation == self._generation:
            self._signer = signer
        return signer

    def _changed(self, channel: str, _payload: str) -> None:
        if channel == "":
            self._signer = None
            self._generation += 1
