"""Appliances, for operators: what each should run, and what it said it does."""

import datetime as dt
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.views.bodies import Filter, Search, View
from flywheel_server.core import agents, db
from flywheel_server.fleet.model import reported as settings
from flywheel_server.fleet.store import appliance_views
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Reader, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: appliances"])

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"


class ReportedView(View):
    """A setting: what it should be and what the appliance said it is."""

    desired: str | None = Field(description="What it should be.", examples=["auto"])
    reported: str | None = Field(description="What the appliance last said.", examples=["auto"])
    reported_at: dt.datetime | None = Field(description="When it said so.", examples=[_TIME])
    state: settings.State = Field(
        description="`pending` until the appliance reports what is desired.", examples=["applied"]
    )


class ApplianceItem(View):
    """An appliance."""

    id: UUID = Field(description="Its id in this server.", examples=[_UUID])
    appliance_id: str = Field(
        description="Its id on the wire, as first registered.",
        examples=["site-lab-01-02:00:5E:10:00:01"],
    )
    site_id: str = Field(description="Its site.", examples=["site-lab-01"])
    hostname: str = Field(description="What it calls itself.", examples=["vm"])
    mac: str | None = Field(description="Its MAC address.", examples=["02:00:5E:10:00:01"])
    reported_mac: str | None = Field(
        description="What it said in place of a MAC that identifies it.", examples=[None]
    )
    ip_addresses: list[str] = Field(description="Its addresses.", examples=[["192.0.2.10"]])
    agent_version: str = Field(description="What runs on it.", examples=["0.1.0"])
    agent: str = Field(
        description="Which agent that is: older daemon, newer daemon, Python agent or unknown "
        "agent.",
        examples=["older daemon"],
    )
    knows_l2: bool = Field(
        description="Whether its version sees what its L2 heals come to; else it only claims.",
        examples=[False],
    )
    nixos_version: str = Field(description="On which system.", examples=["12"])
    has_local_credentials: bool = Field(
        description="Whether it holds credentials for its targets.", examples=[False]
    )
    uptime_seconds: int | None = Field(description="Since it started.", examples=[944])
    l2_mode: ReportedView = Field(description="What it does when no rule matches.")
    heals_by_order: bool = Field(
        description="Whether its version carries healing orders out, which manual mode needs.",
        examples=[True],
    )
    rules_hash: ReportedView = Field(description="The rule set it runs.")
    last_sync_at: dt.datetime | None = Field(description="Its last rule sync.", examples=[_TIME])
    first_seen_at: dt.datetime = Field(description="When it registered.", examples=[_TIME])
    last_seen_at: dt.datetime = Field(description="Its last sign of life.", examples=[_TIME])
    clock_skew_seconds: int | None = Field(
        description="How far its clock is ahead (behind: negative), where over a day off.",
        examples=[None],
    )


@router.get("/appliances")
async def list_appliances(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site_id: Filter = None,
    text: Search = None,
) -> pages.Listing[ApplianceItem]:
    """List appliances in the order in which they registered; search names, ids and versions."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await appliance_views.page(
            connection,
            await tenant_filters.site_filter(connection, site_id),
            text=text,
            after=page.after(UUID),
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), _view)


def _view(row: appliance_views.ApplianceView) -> ApplianceItem:
    return ApplianceItem(
        id=row.id,
        appliance_id=row.wire_id,
        site_id=row.slug,
        hostname=row.hostname,
        mac=row.mac,
        reported_mac=row.reported_mac,
        ip_addresses=row.ip_addresses,
        agent_version=row.agent_version,
        nixos_version=row.nixos_version,
        has_local_credentials=row.has_local_credentials,
        uptime_seconds=row.uptime_seconds,
        l2_mode=ReportedView(
            desired=row.desired_l2_mode,
            reported=row.reported_l2_mode,
            reported_at=row.reported_l2_mode_at,
            state=settings.state(row.desired_l2_mode, row.reported_l2_mode),
        ),
        agent=agents.of(row.agent_version).name,
        knows_l2=agents.of(row.agent_version).words["L2"] == "observed",
        heals_by_order=agents.of(row.agent_version).heals_by_order,
        rules_hash=ReportedView(
            desired=row.desired_rules_hash,
            reported=row.reported_rules_hash,
            reported_at=row.reported_rules_hash_at,
            state=settings.state(row.desired_rules_hash, row.reported_rules_hash),
        ),
        last_sync_at=row.last_sync_at,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        clock_skew_seconds=row.clock_skew_seconds,
    )
