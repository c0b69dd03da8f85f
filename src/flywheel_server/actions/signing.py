"""The server's Ed25519 key: made once for all processes on a database; signs what agents verify."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flywheel_server import errors
from flywheel_server.db import Connection
from flywheel_server.store import signing as store


@dataclass(frozen=True, slots=True)
class Signer:
    """The server's key: signs, and names the public key to verify with."""

    _key: Ed25519PrivateKey
    # 64 hex digits.
    public_key: str

    def sign(self, text: bytes) -> str:
        """Return the signature over exactly ``text``, as 128 hex digits."""
        return self._key.sign(text).hex()


async def ensure(connection: Connection) -> None:
    """Make the key where there is none; two processes at once make one."""
    await store.lock(connection)
    if await store.newest(connection) is None:
        await store.insert(connection, Ed25519PrivateKey.generate().private_bytes_raw())


async def load(connection: Connection) -> Signer:
    """Return what signs for this server. Raises Unavailable before the set-up."""
    private = await store.newest(connection)
    if private is None:
        raise errors.Unavailable("The database has no signing key: run `flywheel-server migrate`.")
    key = Ed25519PrivateKey.from_private_bytes(private)
    return Signer(key, key.public_key().public_bytes_raw().hex())
