"""Asks OpenTimestamps calendars and a source of Bitcoin block headers. Never in a transaction.

Answers are bounded in time and size and are believed by nobody: a proof is what its operations
lead to. Only calendars that are set here, or that the library knows, are asked.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from flywheel_server.core import retry_after
from flywheel_server.evidence import timestamps
from flywheel_server.evidence.timestamps import Owed, Proof

_SECONDS = 10.0
_ACCEPT = {"Accept": "application/vnd.opentimestamps.v1", "User-Agent": "flywheel-server"}
_FOUND = 200
_MISSING = 404
_HASH_DIGITS = 64
_LONGEST_WAIT = dt.timedelta(days=1)


class NoAnswer(Exception):
    """Somebody who was asked did not answer, or not usefully; the text says who and what."""


class Waits:
    """Until when those who said so are not asked; kept from one errand to the next."""

    def __init__(self) -> None:
        self._until: dict[str, dt.datetime] = {}

    def check(self, url: str, now: dt.datetime) -> None:
        """Raise NoAnswer while a host asked to be left alone."""
        until = self._until.get(_host(url))
        if until is None:
            return
        if until <= now:
            del self._until[_host(url)]
            return
        raise NoAnswer(f"{_host(url)} asked not to be asked before {until:%Y-%m-%d %H:%M} UTC")

    def note(self, url: str, answer: httpx.Response, now: dt.datetime) -> None:
        """Keep what an answer's Retry-After says, of at most a day."""
        told = answer.headers
        seconds = retry_after.seconds(told.get("retry-after"), told.get("date"), now)
        if seconds:
            self._until[_host(url)] = now + min(dt.timedelta(seconds=seconds), _LONGEST_WAIT)


class Asking:
    """Whom to ask by: a client, the time of asking, and who is to be left alone."""

    def __init__(
        self, client: httpx.AsyncClient, now: dt.datetime, waits: Waits | None = None
    ) -> None:
        self._client = client
        self._now = now
        self._waits = waits or Waits()

    async def fetch(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        most: int = 10_000,
    ) -> bytes | None:
        """Return the body of an answer 200, None for a 404. Raises NoAnswer for all else."""
        self._waits.check(url, self._now)
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._client.stream(method, url, content=body, headers=headers) as answer,
            ):
                if answer.status_code == _MISSING:
                    return None
                if answer.status_code != _FOUND:
                    self._waits.note(url, answer, self._now)
                    raise NoAnswer(f"{_host(url)} answered {answer.status_code}")
                found = b""
                async for chunk in answer.aiter_bytes():
                    found += chunk
                    if len(found) > most:
                        raise NoAnswer(f"{_host(url)} answered more than {most} bytes")
                return found
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            raise NoAnswer(f"{_host(url)} cannot be asked ({type(error).__name__})") from error


class Calendars:
    """The calendars to submit to, and how they are asked."""

    def __init__(self, urls: Sequence[str], asking: Asking) -> None:
        self._urls = [url.rstrip("/") for url in urls]
        self._asking = asking

    async def submit(self, proof: Proof) -> list[str]:
        """Hand a digest to every calendar at once and take their answers into the proof.

        Returns what went wrong; one good answer is enough. Raises NoAnswer without any.
        """
        asked = await asyncio.gather(
            *(self._ask("POST", f"{url}/digest", proof.digest) for url in self._urls),
            return_exceptions=True,
        )
        problems = [_taken(proof, proof.digest, answer) for answer in asked]
        wrong = [problem for problem in problems if problem is not None]
        if len(wrong) == len(asked):
            raise NoAnswer("; ".join(wrong) or "no calendar is set")
        return wrong

    async def upgrade(self, proof: Proof) -> list[str]:
        """Ask for what calendars still owe and take it into the proof; return what went wrong.

        That a calendar has no block yet is not wrong.
        """
        owed = [each for each in proof.owed() if self._may_be_asked(each)]
        asked = await asyncio.gather(
            *(
                self._ask("GET", f"{each.calendar.rstrip('/')}/timestamp/{each.commitment.hex()}")
                for each in owed
            ),
            return_exceptions=True,
        )
        problems = [
            _taken(proof, each.commitment, answer)
            for each, answer in zip(owed, asked, strict=True)
            if answer is not None
        ]
        return [problem for problem in problems if problem is not None]

    def _may_be_asked(self, owed: Owed) -> bool:
        """Say so: a proof names calendars itself, and must not make the server ask just anybody."""
        return owed.calendar.rstrip("/") in self._urls or timestamps.well_known(owed.calendar)

    async def _ask(self, method: str, url: str, body: bytes | None = None) -> bytes | None:
        """Return the answer, or None when the calendar does not have it yet."""
        answer = await self._asking.fetch(method, url, body, _ACCEPT, timestamps.MOST_ANSWER_BYTES)
        return None if method == "GET" and answer is None else answer or b""


def _taken(proof: Proof, commitment: bytes, answer: bytes | BaseException | None) -> str | None:
    """Take an answer into the proof; return what is wrong with it, if anything."""
    if isinstance(answer, NoAnswer):
        return str(answer)
    if isinstance(answer, BaseException):
        raise answer
    try:
        proof.add(commitment, answer or b"")
    except timestamps.DamagedProof as error:
        return f"a calendar's answer is no timestamp ({error})"
    return None


class Headers:
    """Where block headers come from: a file, or a server that speaks the Esplora API."""

    def __init__(self, source: str | None, asking: Asking) -> None:
        self._source = source
        self._asking = asking

    @property
    def known(self) -> bool:
        """Say whether there is a source at all."""
        return self._source is not None

    async def of(self, height: int) -> bytes | None:
        """Return a block's 80 bytes, or None when the source does not have it. Raises NoAnswer."""
        if self._source is None:
            return None
        if urlsplit(self._source).scheme in {"http", "https"}:
            return await self._download(self._source.rstrip("/"), height)
        return await asyncio.to_thread(_from_file, Path(self._source), height)

    async def _download(self, base: str, height: int) -> bytes | None:
        found = await self._asking.fetch("GET", f"{base}/block-height/{height}")
        if found is None:
            return None
        name = found.decode("ascii", "replace").strip().lower()
        if len(name) != _HASH_DIGITS or not set(name) <= set("0123456789abcdef"):
            raise NoAnswer(f"{_host(base)} answered something else than the hash of block {height}")
        text = await self._asking.fetch("GET", f"{base}/block/{name}/header")
        header = _header((text or b"").decode("ascii", "replace"))
        if header is None or timestamps.block_hash(header) != name:
            raise NoAnswer(f"{_host(base)} answered another header than that of block {height}")
        return header


def _from_file(path: Path, height: int) -> bytes | None:
    """Look a header up in a file of lines ``HEIGHT HEADER-IN-HEX``."""
    try:
        with path.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                number, _, text = line.partition(" ")
                if number == str(height):
                    header = _header(text)
                    if header is None:
                        raise NoAnswer(f"the line of block {height} in {path} holds no header")
                    return header
    except OSError as error:
        raise NoAnswer(f"{path} cannot be read ({error.strerror})") from error
    return None


def _header(text: str) -> bytes | None:
    try:
        header = bytes.fromhex(text.strip())
    except ValueError:
        return None
    return header if len(header) == timestamps.HEADER_BYTES else None


def _host(url: str) -> str:
    return urlsplit(url).netloc or url
