"""Evidence bundles: one chain per site, appended to and read, never changed."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection, Record
from flywheel_server.core.sql import load
from flywheel_server.evidence.model import evidence_figures as figures
from flywheel_server.evidence.model.evidence import AnchorState, Link
from flywheel_server.evidence.model.evidence_figures import Clock

_SQL = load("evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a site's chain."""

    site_id: UUID
    position: int
    chain_hash: str
    received_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle as it is kept, without its text."""

    site_id: UUID
    position: int
    bundle_id: str
    appliance_id: UUID | None
    public_key: str
    signature: str
    bundle_hash: str
    previous_hash: str
    chain_hash: str
    checked_at: dt.datetime
    received_at: dt.datetime
    # When it came, if it waited for its key first.
    waited_since: dt.datetime | None = None
    checks: int
    results: dict[str, int]
    # Its batch; None while it waits for one.
    anchor_id: UUID | None = None
    anchor_state: AnchorState | None = None
    submitted_at: dt.datetime | None = None

    @property
    def link(self) -> Link:
        """Return what the chain hash covers."""
        return Link(
            site_id=self.site_id,
            position=self.position,
            previous_hash=self.previous_hash,
            bundle_id=self.bundle_id,
            bundle_hash=self.bundle_hash,
            public_key=self.public_key,
            signature=self.signature,
            received_at=self.received_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven(Bundle):
    """A bundle with its signed text and its path to the root of its batch."""

    signed_data: bytes
    path: tuple[str, ...] | None


async def lock_chain(connection: Connection, site_id: UUID) -> None:
    """Let nobody else append to a site's chain until the end."""
    await connection.execute(*_SQL["lock_chain"](site_id=site_id))


async def head(connection: Connection, site_id: UUID) -> Head | None:
    """Return the end of a site's chain; None before its first bundle."""
    row = await connection.fetchrow(*_SQL["head"](site_id=site_id))
    return None if row is None else Head(**row)


async def append(connection: Connection, bundle: Proven) -> None:
    """Add a bundle behind the head."""
    await connection.execute(
        *_SQL["append"](
            site_id=bundle.site_id,
            position=bundle.position,
            bundle_id=bundle.bundle_id,
            appliance_id=bundle.appliance_id,
            public_key=bundle.public_key,
            signature=bundle.signature,
            signed_data=bundle.signed_data,
            bundle_hash=bundle.bundle_hash,
            previous_hash=bundle.previous_hash,
            chain_hash=bundle.chain_hash,
            checked_at=bundle.checked_at,
            received_at=bundle.received_at,
            checks=bundle.checks,
            results=bundle.results,
            waited_since=bundle.waited_since,
        )
    )


async def known(
    connection: Connection, site_id: UUID, bundle_id: str | None, bundle_hash: str
) -> list[Bundle]:
    """Return the bundles of a site that have this id or this content."""
    rows = await connection.fetch(
        *_SQL["known"](site_id=site_id, bundle_id=bundle_id, bundle_hash=bundle_hash)
    )
    return [Bundle(**row) for row in rows]


async def page(
    connection: Connection,
    site_id: UUID,
    *,
    before: int | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    appliance_id: UUID | None,
    state: AnchorState | None,
    unbatched: AnchorState,
    result: str | None,
    clock: Clock | None = None,
    text: str | None = None,
    limit: int,
) -> list[Bundle]:
    """Return bundles of a site, the newest first; ``unbatched`` is the state without a batch.

    ``text`` is looked for in ids, hashes, keys, and the names of the appliance.
    """
    rows = await connection.fetch(
        *_SQL["page"](
            site_id=site_id,
            before=before,
            since=since,
            until=until,
            appliance_id=appliance_id,
            state=state,
            unbatched=unbatched,
            result=result,
            clock=clock,
            ahead=figures.AHEAD,
            late=figures.LATE,
            text=text,
            limit=limit,
        )
    )
    return [Bundle(**row) for row in rows]


async def get(connection: Connection, site_id: UUID, bundle_id: str) -> Proven | None:
    """Return one bundle with its text."""
    row = await connection.fetchrow(*_SQL["get"](site_id=site_id, bundle_id=bundle_id))
    return None if row is None else _proven(row)


async def span(
    connection: Connection, site_id: UUID, since: dt.datetime | None, until: dt.datetime | None
) -> tuple[int, int] | None:
    """Return the first and last position received in a span of time; None without any."""
    row = await connection.fetchrow(*_SQL["span"](site_id=site_id, since=since, until=until))
    return None if row is None or row["first"] is None else (row["first"], row["last"])


async def received_at(connection: Connection, site_id: UUID, position: int) -> dt.datetime | None:
    """Return when the bundle at a position came; None where there is none."""
    found: dt.datetime | None = await connection.fetchval(
        *_SQL["at"](site_id=site_id, position=position)
    )
    return found


async def links(
    connection: Connection, site_id: UUID, *, after: int, last: int, limit: int
) -> list[Proven]:
    """Return a piece of a chain, in its order, with the signed texts."""
    rows = await connection.fetch(
        *_SQL["links"](site_id=site_id, after=after, last=last, limit=limit)
    )
    return [_proven(row) for row in rows]


def _proven(row: Record) -> Proven:
    values = dict(row)
    values["path"] = None if values["path"] is None else tuple(values["path"])
    return Proven(**values)
