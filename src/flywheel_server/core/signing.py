"""The server's Ed25519 key: made once for all processes on a database; signs what agents verify.

At rest it is encrypted (AES-256-GCM) where the process was given a secret; one that is found in
plain then is encrypted at the start.
"""

import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from flywheel_server.core import errors, signing_keys as store
from flywheel_server.core.db import Connection


@dataclass(frozen=True, slots=True)
class Signer:
    """The server's key: signs, and names the public key to verify with."""

    _key: Ed25519PrivateKey
    # 64 hex digits.
    public_key: str

    def sign(self, text: bytes) -> str:
        """Return the signature over exactly ``text``, as 128 hex digits."""
        return self._key.sign(text).hex()


_PLAIN_BYTES, _NONCE_BYTES, _KEY_BYTES = 32, 12, 32
_PURPOSE = b"flywheel-server signing key"
_LOCKED = (
    "the signing key in the database is encrypted, and FLYWHEEL_SIGNING_SECRET {fault}: set the "
    "secret that it was encrypted with"
)


class _Sealer:
    """Encrypts and decrypts the key for the whole process, which is given its secret once."""

    def __init__(self) -> None:
        self._cipher: AESGCM | None = None

    def use(self, secret: str | None) -> None:
        if secret is None:
            self._cipher = None
            return
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(secret.encode())
        self._cipher = AESGCM(derived)

    def seal(self, private: bytes) -> bytes:
        if self._cipher is None:
            return private
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, private, _PURPOSE)

    def open(self, kept: bytes) -> bytes:
        """Return the key in plain. Raises ValueError, which says what is wrong with the secret."""
        if len(kept) == _PLAIN_BYTES:
            return kept
        if self._cipher is None:
            raise ValueError("is not set")
        try:
            return self._cipher.decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], _PURPOSE)
        except InvalidTag as error:
            raise ValueError("is another one") from error


_sealer = _Sealer()


def unlock_with(secret: str | None) -> None:
    """Encrypt and decrypt the key by this secret from now on, or by none."""
    _sealer.use(secret)


async def ensure(connection: Connection) -> None:
    """Make the key where there is none; two processes at once make one.

    One in plain is encrypted where there is a secret. Raises SetupError for a wrong secret.
    """
    await store.lock(connection)
    kept = await store.newest(connection)
    if kept is None:
        private = Ed25519PrivateKey.generate().private_bytes_raw()
        await store.insert(connection, _sealer.seal(private))
        return
    try:
        private = _sealer.open(kept)
    except ValueError as fault:
        raise errors.SetupError(_LOCKED.format(fault=fault)) from fault
    sealed = _sealer.seal(private)
    if len(kept) == _PLAIN_BYTES != len(sealed):
        await store.replace(connection, kept, sealed)


async def load(connection: Connection) -> Signer:
    """Return what signs for this server. Raises Unavailable before the set-up, or locked out."""
    kept = await store.newest(connection)
    if kept is None:
        raise errors.Unavailable("The database has no signing key: run `flywheel-server migrate`.")
    try:
        private = _sealer.open(kept)
    except ValueError as fault:
        told = _LOCKED.format(fault=fault)
        raise errors.Unavailable(f"{told[0].upper()}{told[1:]}.") from fault
    key = Ed25519PrivateKey.from_private_bytes(private)
    return Signer(key, key.public_key().public_bytes_raw().hex())
