"""The keys of a site's appliances, and the bundles that wait for them: read and decided on.

Partners decide for their own sites, operators for all. A decision lets bundles into the chain.
"""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.store.accounts import Site
from flywheel_server.accounts.views.bodies import Name, PathId, ReasonBody, View
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.evidence.actions import evidence_keys as actions
from flywheel_server.evidence.actions.evidence_keys import Person
from flywheel_server.evidence.routes import evidence
from flywheel_server.evidence.routes.evidence import SitePath
from flywheel_server.evidence.store import evidence_waiting as waiting
from flywheel_server.fleet.model.appliances import KeyState
from flywheel_server.fleet.store import appliances, evidence_keys as store
from flywheel_server.fleet.store.evidence_keys import EvidenceKey
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import OperatorOrPartnerActor, PeopleReader, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(prefix="/api/evidence/sites/{site_id}", tags=["evidence"])

_TIME = "2026-02-24T10:00:00Z"
_WIRE_ID = "site-lab-01-02:00:5E:10:00:01"


class ApproveKeyBody(ReasonBody):
    """Why a key counts from now on, and whose it is where no appliance has shown it."""

    appliance_id: Name | None = Field(
        default=None,
        description="Whose key it is; needed only where `appliance_id` of the key is null.",
        examples=[_WIRE_ID],
    )


class KeyView(View):
    """A key that an appliance, or a bundle, has shown."""

    id: UUID = Field(description="Its id.")
    public_key: str = Field(description="The key, 64 hex digits.", examples=["e6c2…"])
    state: KeyState = Field(description="Whether it counts.", examples=["waiting"])
    seen_at: dt.datetime = Field(description="When it was first shown.", examples=[_TIME])
    decided_at: dt.datetime | None = Field(description="Since when it is so.", examples=[None])
    decided_by: str | None = Field(description="Who or what decided.", examples=[None])


class ShownKeyView(KeyView):
    """A key with its place, and what waits for it."""

    slug: str = Field(
        serialization_alias="site_id", description="Its site.", examples=["site-lab-01"]
    )
    wire_id: str | None = Field(
        serialization_alias="appliance_id",
        description="Its appliance; null: only bundles have shown it.",
        examples=[_WIRE_ID],
    )
    bundles: int = Field(
        serialization_alias="waiting_bundles", description="How many wait for it.", examples=[4]
    )
    size_bytes: int = Field(
        serialization_alias="waiting_bytes", description="Their size.", examples=[8192]
    )


class WaitingView(View):
    """A bundle that waits: nothing of it is verified."""

    id: UUID = Field(description="Its id while it waits.")
    public_key: str | None = Field(
        description="The key that it waits for; null: the agent names none.", examples=["e6c2…"]
    )
    bundle_hash: str = Field(description="SHA-256 of the signed text.", examples=["2c26…"])
    size_bytes: int = Field(description="The size of the signed text.", examples=[2048])
    checked_at: dt.datetime = Field(description="By the appliance's clock.", examples=[_TIME])
    received_at: dt.datetime = Field(description="Since when it waits.", examples=[_TIME])
    checks: int = Field(description="How many checks it lists.", examples=[12])
    results: dict[str, int] = Field(
        description="How many checks had each status, unverified.", examples=[{"pass": 12}]
    )


@router.get("/keys")
async def list_keys(
    scope: PeopleReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site_id: SitePath,
    state: Annotated[
        Literal["active", "waiting", "replaced", "refused"] | None,
        Query(description="Only those in this state."),
    ] = None,
) -> pages.Listing[ShownKeyView]:
    """List the evidence keys of a site, oldest first, with what waits for each."""
    after = page.after(UUID)
    async with db.transaction(parts.database, scope) as connection:
        site = await evidence.find_site(connection, site_id)
        rows = await store.page(
            connection, state=state, site_id=site.id, after=after, limit=page.limit + 1
        )
    return pages.listing(rows, page, lambda row: (row.id,), ShownKeyView.model_validate)


@router.get("/waiting")
async def list_waiting(
    scope: PeopleReader, parts: RuntimeDep, page: pages.PageDep, site_id: SitePath
) -> pages.Listing[WaitingView]:
    """List the bundles that wait, unverified, for their key to count; the oldest first."""
    after = page.after_all(dt.datetime, UUID)
    async with db.transaction(parts.database, scope) as connection:
        site = await evidence.find_site(connection, site_id)
        rows = await waiting.page(
            connection,
            site.id,
            after=after,  # type: ignore[arg-type]
            limit=page.limit + 1,
        )
    return pages.listing(
        rows, page, lambda row: (row.received_at, row.id), WaitingView.model_validate
    )


@router.post("/keys/{id}/approve")
async def approve_key(
    scope: OperatorOrPartnerActor,
    parts: RuntimeDep,
    site_id: SitePath,
    id: PathId,
    body: ApproveKeyBody,
) -> KeyView:
    """Have an appliance sign with this key; what waits for it enters the chain, verified."""
    return await approve(scope, parts, id, body, site_id)


@router.post("/keys/{id}/refuse")
async def refuse_key(
    scope: OperatorOrPartnerActor,
    parts: RuntimeDep,
    site_id: SitePath,
    id: PathId,
    body: ReasonBody,
) -> KeyView:
    """Have a key never count; what waits for it is dropped, with a record."""
    return await refuse(scope, parts, id, body, site_id)


async def approve(
    scope: Person, parts: Runtime, id: UUID, body: ApproveKeyBody, site_id: str | None = None
) -> KeyView:
    """Approve a key that the person's own scope shows, of this site if one is named."""
    async with db.transaction(parts.database, scope) as connection:
        site = await _site(connection, id, site_id)
        whose = None
        if body.appliance_id is not None:
            found = await appliances.resolve(connection, site.id, body.appliance_id)
            if found is None:
                raise errors.InvalidInput("The site has no such appliance as `appliance_id` says.")
            whose = found.id
    async with db.transaction(parts.database, actions.SCOPE) as connection:
        key = await actions.approve(
            connection,
            scope,
            site,
            id,
            reason=body.reason,
            appliance_id=whose,
            now=clock.now(),
        )
    return _view(key)


async def refuse(
    scope: Person, parts: Runtime, id: UUID, body: ReasonBody, site_id: str | None = None
) -> KeyView:
    """Refuse a key that the person's own scope shows, of this site if one is named."""
    async with db.transaction(parts.database, scope) as connection:
        site = await _site(connection, id, site_id)
    async with db.transaction(parts.database, actions.SCOPE) as connection:
        key = await actions.refuse(connection, scope, site, id, reason=body.reason, now=clock.now())
    return _view(key)


async def _site(connection: Connection, id: UUID, site_id: str | None) -> Site:
    """Return the site of a key, as far as the caller's row-level security shows it."""
    named = None if site_id is None else await evidence.find_site(connection, site_id)
    found = await store.page(
        connection,
        state=None,
        site_id=None if named is None else named.id,
        after=None,
        id=id,
        limit=1,
    )
    site = await accounts.find_site(connection, str(found[0].site_id)) if found else None
    if site is None:
        raise errors.NotFound("There is no such evidence key: see the site's list of keys.")
    return site


def _view(key: EvidenceKey) -> KeyView:
    return KeyView.model_validate(key)
