"""Makes the secrets that people hold: tokens of sessions and links. Only their SHA-256 is kept."""

import hashlib
import secrets
from dataclasses import dataclass

_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A new secret and what is kept of it."""

    text: str
    digest: bytes


def make() -> Token:
    """Return a new token of 256 random bits."""
    text = secrets.token_urlsafe(_RANDOM_BYTES)
    return Token(text=text, digest=digest(text))


def digest(text: str) -> bytes:
    """Return the SHA-256 that a token is known by."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
