"""Ed25519 signatures as agents verify them: hex, over the exact bytes that are sent."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """The server's key: signs, and names the public key to verify with."""

    _key: Ed25519PrivateKey
    # 64 hex digits.
    public_key: str

    def sign(self, text: bytes) -> str:
        """Return the signature of ``text`` as 128 hex digits."""
        return self._key.sign(text).hex()


def generate() -> bytes:
    """Return a new private key, 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def signer(private_key: bytes) -> Signer:
    """Return what signs with this private key."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return Signer(key, key.public_key().public_bytes_raw().hex())
