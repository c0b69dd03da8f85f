"""Streams an export of evidence: page by page, each in a transaction of its own with its rights.

A chain never changes behind its head, so a span that is fixed at the start stays what it is.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.store.accounts import Site
from flywheel_server.core import db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import PersonScope
from flywheel_server.core.signing import Signer
from flywheel_server.evidence import archives
from flywheel_server.evidence.archives import Archive
from flywheel_server.evidence.model import evidence as domain
from flywheel_server.evidence.store import evidence as store, evidence_anchors
from flywheel_server.evidence.store.evidence import Proven
from flywheel_server.evidence.store.evidence_anchors import Anchor
from flywheel_server.fleet.store import evidence_keys

# The bundles themselves are streamed, but whoever writes a ZIP, and whoever opens one, holds the
# list of its members in memory: two for each bundle.
MOST_BUNDLES = 50_000
# Each may have 4 MiB.
_BUNDLES_AT_ONCE = 10
_ANCHORS_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an export holds."""

    site: Site
    first: int
    last: int
    since: dt.datetime | None
    until: dt.datetime | None
    made_at: dt.datetime
    head: store.Head


async def plan(
    connection: Connection,
    site: Site,
    since: dt.datetime | None,
    until: dt.datetime | None,
    now: dt.datetime,
) -> Plan:
    """Fix the span. Raises NotFound for an empty one, InvalidInput for one that is too long."""
    head = await store.head(connection, site.id)
    span = await store.span(connection, site.id, since, until)
    if head is None or span is None:
        raise errors.NotFound("No evidence was received in this span: choose a longer one.")
    first, last = span
    if last - first >= MOST_BUNDLES:
        raise await _too_long(connection, site, first, last)
    return Plan(site=site, first=first, last=last, since=since, until=until, made_at=now, head=head)


async def _too_long(
    connection: Connection, site: Site, first: int, last: int
) -> errors.InvalidInput:
    """Return what to do about a span of too many bundles: where the first piece of it ends."""
    ends = await store.received_at(connection, site.id, first + MOST_BUNDLES)
    to = "the next bundle's time" if ends is None else domain.moment(ends)
    bundles = last - first + 1
    return errors.InvalidInput(
        f"The span has {bundles:,} bundles and one export holds {MOST_BUNDLES:,}: ask for it in "
        f"pieces. The first one ends with `to` = {to}; the next one has that as its `from`.",
        bundles=bundles,
        most=MOST_BUNDLES,
        to=to,
    )


async def stream(
    database: db.Database, scope: PersonScope, plan: Plan, signer: Signer
) -> AsyncIterator[bytes]:
    """Give the ZIP in pieces."""
    archive = Archive(made_at=plan.made_at)
    archive.add(archives.README, archives.README_TEXT.encode())
    archive.add(archives.SERVER_KEY, f"{signer.public_key}\n".encode())
    await _keys(database, scope, plan, archive)
    # Before the bundles: a batch that is made meanwhile shall not be named by them.
    known = await _anchors(database, scope, plan, archive)
    yield archive.taken()
    before, last = "", ""
    position = plan.first - 1
    while position < plan.last:
        async with db.transaction(database, scope) as connection:
            links = await store.links(
                connection, plan.site.id, after=position, last=plan.last, limit=_BUNDLES_AT_ONCE
            )
        if not links:
            raise errors.Unavailable("The chain ends before its end: see the alarms.")
        before = before or links[0].previous_hash
        last = links[-1].chain_hash
        position = links[-1].position
        # Compressing takes its time: the server answers others meanwhile.
        await asyncio.to_thread(_add_bundles, archive, links, known)
        yield archive.taken()
    archive.close(_manifest(plan, before, last), signer.sign)
    yield archive.taken()


async def _keys(database: db.Database, scope: PersonScope, plan: Plan, archive: Archive) -> None:
    async with db.transaction(database, scope) as connection:
        keys = await evidence_keys.of_site(connection, plan.site.id)
    archive.add(
        archives.KEYS,
        archives.as_json(
            [
                {
                    "appliance_id": str(key.appliance_id),
                    "public_key": key.public_key,
                    "state": key.state,
                    "seen_at": domain.moment(key.seen_at),
                    "decided_at": None if key.decided_at is None else domain.moment(key.decided_at),
                    "decided_by": key.decided_by,
                }
                for key in keys
                # What only bundles have shown signs nothing in the chain.
                if key.appliance_id is not None
            ]
        ),
    )


async def _anchors(
    database: db.Database, scope: PersonScope, plan: Plan, archive: Archive
) -> set[UUID]:
    """Write the batches with their proofs and blocks; return which there are."""
    listed: list[dict[str, object]] = []
    known: set[UUID] = set()
    after: UUID | None = None
    while True:
        async with db.transaction(database, scope) as connection:
            found = await evidence_anchors.of_span(
                connection, plan.site.id, plan.first, plan.last, after, _ANCHORS_AT_ONCE
            )
        for anchor in found:
            _add_anchor(archive, anchor)
            listed.append(_anchor(anchor))
            known.add(anchor.id)
            after = anchor.id
        if len(found) < _ANCHORS_AT_ONCE:
            break
    archive.add(archives.ANCHORS, archives.as_json(listed))
    return known


def _add_anchor(archive: Archive, anchor: Anchor) -> None:
    archive.add(archives.root_name(str(anchor.id)), anchor.root)
    if anchor.proof is not None:
        archive.add(archives.proof_name(str(anchor.id)), anchor.proof)
    if anchor.block_header is not None and anchor.block_height is not None:
        archive.add(archives.header_name(anchor.block_height), anchor.block_header)


def _anchor(anchor: Anchor) -> dict[str, object]:
    return {
        "id": str(anchor.id),
        "state": anchor.state,
        "leaves": anchor.leaves,
        "created_at": domain.moment(anchor.created_at),
        "block_height": anchor.block_height,
        "block_time": None if anchor.block_time is None else domain.moment(anchor.block_time),
    }


def _add_bundles(archive: Archive, links: list[Proven], known: set[UUID]) -> None:
    for link in links:
        listed = link.anchor_id is not None and link.anchor_id in known
        archive.add(archives.text_name(link.position), link.signed_data)
        archive.add(
            archives.link_name(link.position),
            archives.as_json(
                {
                    "position": link.position,
                    "bundle_id": link.bundle_id,
                    "appliance_id": None if link.appliance_id is None else str(link.appliance_id),
                    "received_at": domain.moment(link.received_at),
                    "bundle_hash": link.bundle_hash,
                    "public_key": link.public_key,
                    "signature": link.signature,
                    "previous_hash": link.previous_hash,
                    "chain_hash": link.chain_hash,
                    "anchor": str(link.anchor_id) if listed else None,
                    "path": list(link.path or ()) if listed else None,
                }
            ),
        )


def _manifest(plan: Plan, before: str, last: str) -> dict[str, object]:
    return {
        "made_at": domain.moment(plan.made_at),
        "site": {"id": str(plan.site.id), "site_id": plan.site.slug, "name": plan.site.name},
        "span": {
            "from": None if plan.since is None else domain.moment(plan.since),
            "to": None if plan.until is None else domain.moment(plan.until),
        },
        "chain": {
            "first_position": plan.first,
            "last_position": plan.last,
            "previous_hash": before,
            "last_hash": last,
        },
        # The head of the whole chain when the export was made: the span may end before it.
        "head": {
            "position": plan.head.position,
            "chain_hash": plan.head.chain_hash,
            "received_at": domain.moment(plan.head.received_at),
        },
    }
