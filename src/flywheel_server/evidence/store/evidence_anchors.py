"""Anchors: batches of bundles, the roots of their trees, and what is proven of those."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.evidence.model.evidence import AnchorState

_SQL = load("evidence_anchors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A batch of one organization's bundles, and how far its timestamp is."""

    id: UUID
    organization_id: UUID
    state: AnchorState
    state_changed_at: dt.datetime
    root: bytes
    leaves: int
    created_at: dt.datetime
    pending_since: dt.datetime | None
    submitted_at: dt.datetime | None
    proof: bytes | None
    block_height: int | None
    block_header: bytes | None
    block_time: dt.datetime | None
    attempts: int
    next_attempt_at: dt.datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAnchor(Anchor):
    """An anchor with the name of its organization."""

    organization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A bundle that waits for a batch."""

    site_id: UUID
    position: int
    chain_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubled:
    """An anchor that needs a person."""

    id: UUID
    organization: str
    state: AnchorState
    pending_since: dt.datetime | None
    state_changed_at: dt.datetime
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How much evidence waits, and what is wrong."""

    broken: int
    local: int
    pending: int
    anchored: int
    failed: int
    oldest_pending: dt.datetime | None


async def get(connection: Connection, id: UUID) -> Anchor | None:
    """Return one anchor."""
    row = await connection.fetchrow(*_SQL["get"](id=id))
    return None if row is None else Anchor(**row)


async def of_span(
    connection: Connection, site_id: UUID, first: int, last: int, after: UUID | None, limit: int
) -> list[Anchor]:
    """Return the anchors of a piece of a site's chain, oldest first."""
    rows = await connection.fetch(
        *_SQL["of_span"](site_id=site_id, first=first, last=last, after=after, limit=limit)
    )
    return [Anchor(**row) for row in rows]


async def unbatched(connection: Connection, last_before: dt.datetime, limit: int) -> list[UUID]:
    """Return the organizations with bundles for a batch whose last one is old enough."""
    rows = await connection.fetch(*_SQL["unbatched"](last_before=last_before, limit=limit))
    return [row["organization_id"] for row in rows]


async def leaves_to_batch(connection: Connection, organization_id: UUID, limit: int) -> list[Leaf]:
    """Return an organization's bundles that are in no batch yet, each chain in its order."""
    rows = await connection.fetch(
        *_SQL["leaves_to_batch"](organization_id=organization_id, limit=limit)
    )
    return [Leaf(**row) for row in rows]


async def insert(
    connection: Connection,
    organization_id: UUID,
    state: AnchorState,
    root: bytes,
    leaves: Sequence[tuple[Leaf, Sequence[str]]],
    now: dt.datetime,
) -> UUID:
    """Keep a batch: its root, and each bundle's path to it."""
    id: UUID = await connection.fetchval(
        *_SQL["insert"](
            organization_id=organization_id, state=state, root=root, leaves=len(leaves), now=now
        )
    )
    await connection.execute(
        *_SQL["insert_leaves"](
            id=id,
            site_ids=[leaf.site_id for leaf, _ in leaves],
            positions=[leaf.position for leaf, _ in leaves],
            paths=[" ".join(path) for _, path in leaves],
        )
    )
    await connection.execute(*_SQL["batched"](id=id))
    return id


async def submit_local(connection: Connection, now: dt.datetime) -> int:
    """Have batches from before there was a calendar submitted too; return how many."""
    return int((await connection.execute(*_SQL["submit_local"](now=now))).rpartition(" ")[2])


async def claim(
    connection: Connection,
    now: dt.datetime,
    *,
    calendars: bool,
    headers: bool,
    until: dt.datetime,
    limit: int,
) -> list[Anchor]:
    """Return anchors that are due and let nobody else try them until then."""
    rows = await connection.fetch(
        *_SQL["claim"](now=now, calendars=calendars, headers=headers, limit=limit, until=until)
    )
    return [Anchor(**row) for row in rows]


async def move(
    connection: Connection,
    anchor: Anchor,
    now: dt.datetime,
) -> None:
    """Write what an attempt made of an anchor, unless it has ended since."""
    await connection.execute(
        *_SQL["move"](
            organization_id=anchor.organization_id,
            id=anchor.id,
            state=anchor.state,
            now=now,
            submitted_at=anchor.submitted_at,
            proof=anchor.proof,
            block_height=anchor.block_height,
            block_header=anchor.block_header,
            block_time=anchor.block_time,
            next_attempt_at=anchor.next_attempt_at,
            problem=anchor.problem,
        )
    )


async def lock(connection: Connection, id: UUID) -> Anchor | None:
    """Return one anchor and keep others from changing it until the end."""
    row = await connection.fetchrow(*_SQL["lock"](id=id))
    return None if row is None else Anchor(**row)


async def retry(
    connection: Connection, anchor: Anchor, *, keep_proof: bool, now: dt.datetime
) -> None:
    """Have an anchor that failed wait for its block again, at once."""
    await connection.execute(
        *_SQL["retry"](
            organization_id=anchor.organization_id, id=anchor.id, now=now, keep_proof=keep_proof
        )
    )


async def page(
    connection: Connection,
    *,
    state: AnchorState | None = None,
    organization_id: UUID | None = None,
    before: UUID | None = None,
    id: UUID | None = None,
    text: str | None = None,
    limit: int,
) -> list[NamedAnchor]:
    """Return anchors of every organization, the newest first; ``text`` is part of its name."""
    rows = await connection.fetch(
        *_SQL["of_fleet"](
            state=state,
            organization_id=organization_id,
            before=before,
            id=id,
            text=text,
            limit=limit,
        )
    )
    return [NamedAnchor(**row) for row in rows]


async def troubled(
    connection: Connection, pending_before: dt.datetime, limit: int
) -> list[Troubled]:
    """Return anchors that failed or have waited since before then, oldest first."""
    rows = await connection.fetch(*_SQL["troubled"](pending_before=pending_before, limit=limit))
    return [Troubled(**row) for row in rows]


async def figures(connection: Connection) -> Figures:
    """Return how much evidence waits, and what is wrong."""
    row = await connection.fetchrow(*_SQL["figures"]())
    if row is None:
        raise LookupError("an aggregate has one row")
    return Figures(**row)
