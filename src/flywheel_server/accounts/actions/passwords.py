"""Argon2id in threads of its own: hashing never blocks the event loop, and few run at once.

A comparison takes the same work whether there is a hash to compare with or not.
"""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

import argon2

from flywheel_server.core import errors, people

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

_THREADS = 2
_MOST_WAITING = 64


class Passwords:
    """Hashes and compares passwords; ``close`` when the process ends."""

    def __init__(self) -> None:
        # RFC 9106's second recommendation: 64 MiB for each of the threads.
        self._hasher = argon2.PasswordHasher()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        # What an unknown account's password is compared with: well formed, and fitting nothing.
        parameters = f"m={self._hasher.memory_cost},t={self._hasher.time_cost}"
        salt, digest = (_encoded(size) for size in (self._hasher.salt_len, self._hasher.hash_len))
        self._nobodys = f"$argon2id$v=19${parameters},p={self._hasher.parallelism}${salt}${digest}"

    async def hash(self, password: str) -> str:
        """Return the hash of a new password. Raises Unavailable when too many are waiting."""
        return await self._run(self._hash, password)

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Say whether a password is the one that was hashed; without a hash none is."""
        return await self._run(self._fits, hashed, password)

    def outdated(self, hashed: str) -> bool:
        """Say whether a hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_bytes(people.composed(password)))

    def _fits(self, hashed: str | None, password: str) -> bool:
        fitting = any(
            self._verified(hashed or self._nobodys, written) for written in _written(password)
        )
        return fitting and hashed is not None

    def _verified(self, hashed: str, written: str) -> bool:
        try:
            return self._hasher.verify(hashed, _bytes(written))
        except argon2.exceptions.VerifyMismatchError:
            return False

    async def _run(self, work: Callable[[*Given], Result], *arguments: *Given) -> Result:
        if self._waiting >= _MOST_WAITING:
            raise errors.Unavailable("Too many people are signing in: try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1


def _written(password: str) -> list[str]:
    """Return the ways in which this password may have been hashed: as it is today first.

    Earlier it was hashed as a keyboard sent it, which for an accent is one character or two.
    """
    decomposed = unicodedata.normalize("NFD", password)
    return list(dict.fromkeys((people.composed(password), password, decomposed)))


def _encoded(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
