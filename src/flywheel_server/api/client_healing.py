"""What was healed, by which rules, and what is shared: for an organization's people."""

import datetime as dt
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from flywheel_server import clock, db, errors
from flywheel_server.actions import site_settings as actions
from flywheel_server.api import healing_logs, learning_views, pages
from flywheel_server.api.access import ClientAdmin, ClientReader, RuntimeDep
from flywheel_server.api.healing_logs import LevelFilter, SuccessFilter, TextFilter
from flywheel_server.api.learning_views import HealingLog, SiteFilterDep, SuccessView, WindowDep
from flywheel_server.api.operator_bodies import OperatorBody, View
from flywheel_server.domain.rules import Rule
from flywheel_server.store import rules, site_settings

router = APIRouter(prefix="/api/client", tags=["clients: healing"])

_TIME = "2026-02-24T10:00:00Z"


class ClientRule(View):
    """A rule that heals at your sites. Only your own sites' rules show what they did."""

    id: UUID = Field(description="Its id.")
    rule_id: str = Field(description="Its id on appliances.", examples=["L1-FIREWALL-002"])
    name: str = Field(description="What people call it.", examples=["Firewall on"])
    source: str = Field(description="Where it comes from.", examples=["promoted"])
    scope: str = Field(description="Whose appliances get it.", examples=["site"])
    incident_type: str = Field(description="What it heals.", examples=["firewall_status"])
    runbook_id: str | None = Field(description="By which runbook.", examples=["RB-WIN-SEC-001"])
    enabled: bool = Field(description="Whether it is served.", examples=[True])
    disabled_reason: str | None = Field(description="Why it is not.", examples=[None])
    success: SuccessView | None = Field(description="How often it healed, at your sites alone.")
    success_rate: float | None = Field(description="Null without attempts.", examples=[0.95])
    created_at: dt.datetime = Field(description="When it was made.", examples=[_TIME])


class SharedLearning(View):
    """Whether your organization's counts enter the platform's aggregates."""

    contributes: bool = Field(
        description="Counts only: no host, site or organization name ever leaves.", examples=[True]
    )
    contributes_changed_at: dt.datetime = Field(description="Since when.", examples=[_TIME])


class SharedLearningChange(OperatorBody):
    """What to change it to."""

    contributes: bool = Field(
        description="False takes past counts out too, with the loop's next turn.", examples=[False]
    )


@router.get("/healing-logs")
async def list_healings(
    *,
    scope: ClientReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    window: WindowDep,
    site: SiteFilterDep,
    success: SuccessFilter = None,
    level: LevelFilter = None,
    incident_type: TextFilter = None,
    hostname: TextFilter = None,
) -> HealingLog:
    """List what was healed at your sites, the newest first, with totals under the same filters."""
    return await healing_logs.read(
        parts,
        scope,
        page,
        window,
        site,
        success=success,
        level=level,
        incident_type=incident_type,
        hostname=hostname,
    )


@router.get("/rules")
async def list_rules(
    scope: ClientReader, parts: RuntimeDep, page: pages.PageDep
) -> pages.Listing[ClientRule]:
    """List the rules that your sites' appliances may get, oldest first."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await rules.page(
            connection,
            source=None,
            enabled=None,
            incident_type=None,
            after=page.after(UUID),
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), _rule)


@router.get("/shared-learning")
async def get_shared_learning(scope: ClientReader, parts: RuntimeDep) -> SharedLearning:
    """Return whether your organization contributes to what the platform learns."""
    async with db.transaction(parts.database, scope) as connection:
        found = await site_settings.sharing(connection, scope.organization_id)
    if found is None:
        raise errors.NotFound("Your organization is gone: ask your partner.")
    return SharedLearning.model_validate(found)


@router.put("/shared-learning")
async def set_shared_learning(
    scope: ClientAdmin, parts: RuntimeDep, body: SharedLearningChange
) -> SharedLearning:
    """Have your organization contribute or not; rules of the platform reach you in any case."""
    async with db.transaction(parts.database, scope) as connection:
        found = await actions.share(connection, scope, body.contributes, clock.now())
    return SharedLearning.model_validate(found)


def _rule(rule: Rule) -> ClientRule:
    # What a wider rule did, and why it was switched off, speaks of other tenants too.
    own = rule.scope == "site"
    shown, rate = learning_views.success(
        rule.success_count, rule.success_count + rule.failure_count
    )
    return ClientRule(
        id=rule.id,
        rule_id=rule.rule_id,
        name=rule.name,
        source=rule.source,
        scope=rule.scope,
        incident_type=rule.incident_type,
        runbook_id=rule.runbook_id,
        enabled=rule.enabled,
        disabled_reason=rule.disabled_reason if own else None,
        success=shown if own else None,
        success_rate=rate if own else None,
        created_at=rule.created_at,
    )
