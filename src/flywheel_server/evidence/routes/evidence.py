"""Evidence for clients, partners and operators: what was checked, what proves it, and all of it."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.store.accounts import Site
from flywheel_server.accounts.views.bodies import View
from flywheel_server.core import clock, db, errors, moments
from flywheel_server.core.db import Connection
from flywheel_server.evidence.model import evidence_figures as figures
from flywheel_server.evidence.model.evidence import AnchorState
from flywheel_server.evidence.model.evidence_figures import Clock
from flywheel_server.evidence.routes import evidence_exports
from flywheel_server.evidence.routes.agent_evidence import unbatched
from flywheel_server.evidence.store import evidence, evidence_anchors, evidence_progress as progress
from flywheel_server.evidence.store.evidence import Bundle
from flywheel_server.fleet.store import appliances
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import PeopleReader, RuntimeDep

router = APIRouter(prefix="/api/evidence/sites/{site_id}", tags=["evidence"])

_TIME = "2026-02-24T10:00:00Z"
SitePath = Annotated[
    str, Path(max_length=200, description="The site's name or id.", examples=["site-lab-01"])
]
Since = Annotated[
    str | None,
    Query(alias="from", max_length=50, description="Received then or later.", examples=[_TIME]),
]
Until = Annotated[
    str | None,
    Query(alias="to", max_length=50, description="Received before then.", examples=[_TIME]),
]


class ChainView(View):
    """The state of a site's chain."""

    site_id: str = Field(description="The site.", examples=["site-lab-01"])
    position: int = Field(description="How many bundles it has.", examples=[42])
    chain_hash: str | None = Field(
        description="The head: keep it to see later that nothing was cut off.", examples=["fcde…"]
    )
    received_at: dt.datetime | None = Field(description="Of the newest bundle.", examples=[_TIME])
    verified_position: int = Field(description="Up to where it was gone through.", examples=[42])
    verified_at: dt.datetime | None = Field(
        description="When its end was last reached.", examples=[_TIME]
    )
    broken_position: int | None = Field(description="Where it does not hold.", examples=[None])
    broken_reason: str | None = Field(description="Why not.", examples=[None])
    broken_at: dt.datetime | None = Field(description="Since when that is known.", examples=[None])


class BundleView(View):
    """A bundle in the site's chain."""

    bundle_id: str = Field(description="Its id.", examples=["2c26b46b68ffc68ff99b453c1d304134"])
    position: int = Field(description="Its place in the chain.", examples=[42])
    appliance_id: UUID | None = Field(
        description="Whose it is; null where appliances share the key that signed it."
    )
    checked_at: dt.datetime = Field(description="By the appliance's clock.", examples=[_TIME])
    received_at: dt.datetime = Field(description="By the server's clock.", examples=[_TIME])
    clock: Clock | None = Field(
        description="`ahead`: it says that it is from the future, so a clock is wrong. `late`: it "
        "came over an hour after its time, held up or by a clock that is behind.",
        examples=[None],
    )
    checks: int = Field(description="How many checks it holds.", examples=[12])
    results: dict[str, int] = Field(
        description="How many had each status.", examples=[{"pass": 11, "fail": 1}]
    )
    public_key: str = Field(description="The key that signed it.", examples=["e6c2…"])
    signature: str = Field(description="Ed25519 over the signed text.", examples=["8f1c…"])
    bundle_hash: str = Field(description="SHA-256 of the signed text.", examples=["fcde…"])
    previous_hash: str = Field(description="The chain hash before it.", examples=["0000…"])
    chain_hash: str = Field(description="Its own chain hash.", examples=["fcde…"])
    ots_status: AnchorState = Field(description="How far its timestamp is.", examples=["pending"])
    anchor_id: UUID | None = Field(description="Its batch; null while it waits for one.")


class AnchorView(View):
    """A batch of bundles and its timestamp."""

    id: UUID = Field(description="Its id.")
    state: AnchorState = Field(description="How far its timestamp is.", examples=["verified"])
    root: str = Field(description="The root of its Merkle tree, in hex.", examples=["fcde…"])
    leaves: int = Field(description="How many bundles it has.", examples=[7])
    created_at: dt.datetime = Field(description="When it was made.", examples=[_TIME])
    pending_since: dt.datetime | None = Field(
        description="Since when it waited for a block.", examples=[_TIME]
    )
    age_seconds: float = Field(description="How old it is.", examples=[7200.0])
    proof: str | None = Field(
        description="The OpenTimestamps proof of the file of the root's bytes, in hex.",
        examples=["004f…"],
    )
    block_height: int | None = Field(description="The Bitcoin block.", examples=[358391])
    block_header: str | None = Field(description="Its header, in hex.", examples=[None])
    block_time: dt.datetime | None = Field(description="Its time.", examples=[_TIME])
    problem: str | None = Field(description="What the last attempt met.", examples=[None])


class ProvenView(BundleView):
    """A bundle with everything that proves it."""

    signed_data: str = Field(description="The text that was signed, exactly.", examples=["{…}"])
    path: list[str] | None = Field(
        description="From its chain hash to the root of its batch.", examples=[["L:fcde…"]]
    )
    anchor: AnchorView | None = Field(description="Its batch.")


@router.get("/chain")
async def get_chain(scope: PeopleReader, parts: RuntimeDep, site_id: SitePath) -> ChainView:
    """Return the head of a site's chain, and whether the chain holds."""
    async with db.transaction(parts.database, scope) as connection:
        site = await find_site(connection, site_id)
        head = await evidence.head(connection, site.id)
        known = await progress.get(connection, site.id) or progress.Progress(site_id=site.id)
    return ChainView(
        site_id=site.slug,
        position=0 if head is None else head.position,
        chain_hash=None if head is None else head.chain_hash,
        received_at=None if head is None else head.received_at,
        verified_position=known.verified_position,
        verified_at=known.verified_at,
        broken_position=known.broken_position,
        broken_reason=known.broken_reason,
        broken_at=known.broken_at,
    )


@router.get("/bundles")
async def list_bundles(
    *,
    scope: PeopleReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site_id: SitePath,
    since: Since = None,
    until: Until = None,
    appliance_id: Annotated[
        str | None, Query(max_length=300, description="Only this appliance's.")
    ] = None,
    status: Annotated[
        Literal["local", "pending", "anchored", "verified", "failed"] | None,
        Query(description="Only those whose timestamp is so far."),
    ] = None,
    result: Annotated[
        str | None,
        Query(min_length=1, max_length=50, description="Only those with a check of this status."),
    ] = None,
    clock_is: Annotated[
        Clock | None, Query(alias="clock", description="Only those whose clock is off so.")
    ] = None,
    text: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=300,
            description="Only those with this in their ids, hashes, key or appliance's names.",
        ),
    ] = None,
) -> pages.Listing[BundleView]:
    """List a site's bundles, the newest first."""
    waiting = unbatched(parts.settings)
    span = moment(since, "from"), moment(until, "to")
    before = page.after(int)
    async with db.transaction(parts.database, scope) as connection:
        site = await find_site(connection, site_id)
        rows = await evidence.page(
            connection,
            site.id,
            before=before,
            since=span[0],
            until=span[1],
            appliance_id=await _appliance(connection, site, appliance_id),
            state=status,
            unbatched=waiting,
            result=result,
            clock=clock_is,
            text=text,
            limit=page.limit + 1,
        )
    return pages.listing(
        rows, page, lambda row: (row.position,), lambda row: BundleView(**_shown(row, waiting))
    )


@router.get("/bundles/{bundle_id}")
async def get_bundle(
    scope: PeopleReader,
    parts: RuntimeDep,
    site_id: SitePath,
    bundle_id: Annotated[str, Path(max_length=200, description="The bundle's id.")],
) -> ProvenView:
    """Return a bundle with its text, its signature, its path and its timestamp."""
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        site = await find_site(connection, site_id)
        found = await evidence.get(connection, site.id, bundle_id)
        if found is None:
            raise errors.NotFound("The site has no bundle with this id: take it from the list.")
        anchor = (
            None
            if found.anchor_id is None
            else await evidence_anchors.get(connection, found.anchor_id)
        )
    return ProvenView(
        **_shown(found, unbatched(parts.settings)),
        signed_data=found.signed_data.decode(),
        path=None if found.path is None else list(found.path),
        anchor=None if anchor is None else anchor_view(anchor, now),
    )


@router.get("/export", response_class=StreamingResponse)
async def export(
    scope: PeopleReader,
    parts: RuntimeDep,
    site_id: SitePath,
    since: Since = None,
    until: Until = None,
) -> StreamingResponse:
    """Download bundles, chain, keys, paths and proofs as a ZIP that anybody can check offline."""
    signer = await parts.signers.get()
    span = moment(since, "from"), moment(until, "to")
    async with db.transaction(parts.database, scope) as connection:
        site = await find_site(connection, site_id)
        plan = await evidence_exports.plan(connection, site, *span, clock.now())
    return StreamingResponse(
        _pieces(evidence_exports.stream(parts.database, scope, plan, signer)),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="evidence-{site.slug}-'
            f'{plan.first}-{plan.last}.zip"',
            "Cache-Control": "no-store",
        },
    )


def moment(text: str | None, name: str) -> dt.datetime | None:
    """Return a time from a query. Raises InvalidInput that names it."""
    if text is None:
        return None
    try:
        # A plus that was not escaped arrives as a space.
        return moments.parse(text.strip().replace(" ", "+") if "T" in text.upper() else text)
    except ValueError as error:
        raise errors.InvalidInput(f"`{name}`: {error}") from error


async def _pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield piece
        # Others get their turn between two pieces.
        await asyncio.sleep(0)


async def find_site(connection: Connection, text: str) -> Site:
    """Return a site of the caller's by its name or id. Raises NotFound."""
    found = await accounts.find_site(connection, text)
    if found is None:
        raise errors.NotFound("No site of yours has this `site_id`: take it from a list.")
    return found


async def _appliance(connection: Connection, site: Site, text: str | None) -> UUID | None:
    if text is None:
        return None
    found = await appliances.resolve(connection, site.id, text)
    if found is None:
        raise errors.NotFound("The site has no such appliance: take its id from a list.")
    return found.id


def _shown(row: Bundle, waiting: AnchorState) -> dict[str, Any]:
    derived = {
        "ots_status": row.anchor_state or waiting,
        "clock": figures.clock(row.checked_at, row.waited_since or row.received_at),
    }
    own = BundleView.model_fields.keys() - derived.keys()
    return {name: getattr(row, name) for name in own} | derived


def anchor_view(anchor: evidence_anchors.Anchor, now: dt.datetime) -> AnchorView:
    """Return a batch as people see it."""
    return AnchorView(
        id=anchor.id,
        state=anchor.state,
        root=anchor.root.hex(),
        leaves=anchor.leaves,
        created_at=anchor.created_at,
        pending_since=anchor.pending_since,
        age_seconds=(now - anchor.created_at).total_seconds(),
        proof=None if anchor.proof is None else anchor.proof.hex(),
        block_height=anchor.block_height,
        block_header=None if anchor.block_header is None else anchor.block_header.hex(),
        block_time=anchor.block_time,
        problem=anchor.problem,
    )
