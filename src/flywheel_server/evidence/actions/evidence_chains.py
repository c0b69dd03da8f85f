"""Goes through every site's chain: what is new in each turn, and all of it once a day.

A break is kept until the chain holds again; nothing here changes the chain itself.
"""

import asyncio
import datetime as dt
from dataclasses import replace

from flywheel_server.core import errors, log, moments, signatures
from flywheel_server.core.db import Connection
from flywheel_server.evidence.model import evidence as domain
from flywheel_server.evidence.store import evidence as bundles, evidence_progress as store
from flywheel_server.evidence.store.evidence import Proven
from flywheel_server.evidence.store.evidence_progress import Due

_log = log.get(__name__)

_WHOLE_EVERY = dt.timedelta(hours=24)
_BROKEN_EVERY = dt.timedelta(hours=1)
_MOST_CHAINS = 500
# What one turn goes through at most: a bundle is as large as 4 MiB.
_MOST_LINKS = 2_000
_MOST_BYTES = 64 * 1024 * 1024
_AT_ONCE = 10


async def verify(connection: Connection, now: dt.datetime) -> tuple[int, list[str]]:
    """Go through what is due; return how many links, and each chain found broken by now."""
    await store.begin(connection)
    links = weight = 0
    broken: list[str] = []
    for due in await store.to_verify(
        connection, now - _WHOLE_EVERY, now - _BROKEN_EVERY, _MOST_CHAINS
    ):
        if links >= _MOST_LINKS or weight >= _MOST_BYTES:
            break
        walk = _Walk(connection, _beginning(due, now), now)
        await walk.run(_MOST_LINKS - links, _MOST_BYTES - weight)
        links, weight = links + walk.links, weight + walk.weight
        await store.move(connection, walk.at)
        if walk.at.broken_at is not None and due.broken_at is None:
            text = f"site {due.site_id}, position {walk.at.broken_position}"
            _log.error("a chain of evidence is broken", where=text, reason=walk.at.broken_reason)
            broken.append(f"{text}: {walk.at.broken_reason}")
    return links, broken


def first_wrong(link: Proven, previous_hash: str) -> str | None:
    """Return what is wrong with a link behind this hash; None: it holds."""
    if link.previous_hash != previous_hash:
        return "it does not follow the bundle before it"
    if domain.bundle_hash(link.signed_data) != link.bundle_hash:
        return "its text is not what was signed"
    if domain.chain_hash(link.link) != link.chain_hash:
        return "its chain hash is not that of its content"
    if not signatures.hold(link.public_key, link.signature, link.signed_data):
        return "its signature does not hold"
    if not _shown_as_signed(link):
        return "what is shown of it is not what its text says"
    return None


def _shown_as_signed(link: Proven) -> bool:
    """Say whether the columns beside a text, which people read, say what it says."""
    try:
        signed = domain.parse(link.signed_data.decode())
        checks = signed["checks"] or []
        shown = (link.checked_at, link.checks, link.results)
        # A clock that was never set says nothing.
        checked_at = moments.parse(signed["checked_at"]) or link.checked_at
        return shown == (checked_at, len(checks), domain.results(checks))
    except (ValueError, KeyError, TypeError, AttributeError, errors.Malformed):
        return False


def _beginning(due: Due, now: dt.datetime) -> Due:
    """Return where to go on, or the very beginning where a whole pass is due."""
    began = due.pass_began_at
    if due.broken_at is not None:
        anew = began is None or began < now - _BROKEN_EVERY
    else:
        passed = began is not None and due.verified_at is not None and due.verified_at >= began
        anew = began is None or (passed and began < now - _WHOLE_EVERY)
    if anew:
        return replace(due, verified_position=0, verified_hash=domain.GENESIS, pass_began_at=now)
    return due


class _Walk:
    """One walk along a chain, as far as its share of the turn goes."""

    def __init__(self, connection: Connection, at: Due, now: dt.datetime) -> None:
        self._connection = connection
        self._now = now
        self.at = at
        self.links = 0
        self.weight = 0

    async def run(self, most_links: int, most_bytes: int) -> None:
        """Go on until the end, a break, or the share is used up."""
        end = self.at.head_position
        if end is None or end < self.at.verified_position:
            self._break(self.at.verified_position, "the chain was longer before")
            return
        while self.at.verified_position < end:
            if self.links >= most_links or self.weight >= most_bytes:
                return
            found = await bundles.links(
                self._connection,
                self.at.site_id,
                after=self.at.verified_position,
                last=end,
                limit=_AT_ONCE,
            )
            # Millions of characters may have to be read: others get their turn meanwhile.
            if not await asyncio.to_thread(self._take, found):
                return
        if self.at.verified_hash != self.at.head_hash:
            self._break(end, "the head names another hash than the last bundle")
            return
        self.at = replace(
            self.at,
            verified_at=self._now,
            broken_position=None,
            broken_reason=None,
            broken_at=None,
        )

    def _take(self, found: list[Proven]) -> bool:
        """Take a piece in; say whether it holds."""
        wanted = self.at.verified_position + 1
        if not found:
            self._break(wanted, "it is missing")
            return False
        for link in found:
            wrong = "it is missing" if link.position != wanted else None
            wrong = wrong or first_wrong(link, self.at.verified_hash)
            if wrong is not None:
                self._break(wanted, wrong)
                return False
            self.at = replace(
                self.at, verified_position=link.position, verified_hash=link.chain_hash
            )
            self.links += 1
            self.weight += len(link.signed_data)
            wanted += 1
        return True

    def _break(self, position: int, reason: str) -> None:
        self.at = replace(
            self.at,
            broken_position=position,
            broken_reason=reason,
            broken_at=self.at.broken_at or self._now,
        )
