"""Rules as the tenants at whose sites they heal know them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from flywheel_server.accounts.views.sites import PlaceView
from flywheel_server.core.scope import ClientScope, PartnerScope
from flywheel_server.rules.model import origins
from flywheel_server.rules.store.client_rules import ClientRule
from flywheel_server.rules.store.exclusions import Exclusion
from flywheel_server.rules.store.rule_alarms import RuleAlarm
from flywheel_server.rules.views import alarms as alarm_views
from flywheel_server.rules.views.alarms import RuleAlarmView
from flywheel_server.web import rates
from flywheel_server.web.rates import SuccessView

_TIME = "2026-02-24T10:00:00Z"


class TakenView(BaseModel):
    """Why sites of yours do not get a platform rule that others get."""

    kind: Literal["quarantined", "declined"] = Field(
        description="quarantined: taken away for failing here; declined: by people of yours."
    )
    whose: Literal["partner", "organization"] = Field(
        description="Which sites lose it: all of the partner's, or the organization's."
    )
    organization: str | None = Field(
        description="Which organization's; null: all of the partner's.", examples=[None]
    )
    reason: str = Field(description="Why.", examples=["We manage this service ourselves."])
    by: str = Field(description="Who did it.", examples=["pat@example.com"])
    since: dt.datetime = Field(description="Since when, UTC.", examples=[_TIME])


class ClientRuleView(BaseModel):
    """A rule that heals at your sites, with what it did there alone."""

    id: UUID = Field(description="Its id.")
    rule_id: str = Field(description="Its id on appliances.", examples=["L1-FIREWALL-002"])
    name: str = Field(description="What people call it.", examples=["Firewall on"])
    source: str = Field(description="Where it comes from.", examples=["promoted"])
    scope: str = Field(description="Whose appliances get it.", examples=["site"])
    origin: str = Field(
        description="Where it comes from, in words.",
        examples=["A rule that was learnt at this site."],
    )
    site: PlaceView | None = Field(description="The site, if it is one site's.")
    incident_type: str = Field(description="What it heals.", examples=["firewall_status"])
    runbook_id: str | None = Field(description="By which runbook.", examples=["RB-WIN-SEC-001"])
    runbook_name: str | None = Field(
        description="What that is called.", examples=["Windows security: firewall"]
    )
    enabled: bool = Field(description="Whether it is served.", examples=[True])
    enabled_changed_at: dt.datetime = Field(description="Since when, UTC.", examples=[_TIME])
    disabled_reason: str | None = Field(
        description="Why it is not; of your own sites' rules alone.", examples=[None]
    )
    success: SuccessView = Field(description="How often it healed, at your sites alone.")
    success_rate: float | None = Field(description="Null without attempts.", examples=[0.95])
    last_seen_at: dt.datetime | None = Field(
        description="When it was last used at your sites, UTC.", examples=[_TIME]
    )
    approved_by: str | None = Field(description="Who approved it.", examples=["kim@example.com"])
    approved_tier: str | None = Field(
        description="client, partner or operator", examples=["client"]
    )
    approved_at: dt.datetime | None = Field(description="When, UTC.", examples=[_TIME])
    evidence: SuccessView | None = Field(
        description="How often the same repair had worked by then, if a person approved it."
    )
    created_at: dt.datetime = Field(description="When it was made.", examples=[_TIME])
    taken: list[TakenView] = Field(
        description="Why sites of yours do not get it, though it is served elsewhere."
    )
    alarms: list[RuleAlarmView] = Field(description="What a person has to look at about it.")


def view(
    found: ClientRule,
    taken: Sequence[Exclusion],
    alarms: Sequence[RuleAlarm],
    scope: ClientScope | PartnerScope,
) -> ClientRuleView:
    """Return a rule as this tenant knows it, with what keeps it away and what waits about it."""
    rule = found.rule
    shown, rate = rates.success(found.successes, found.successes + found.failures)
    return ClientRuleView(
        id=rule.id,
        rule_id=rule.rule_id,
        name=found.custom_name or rule.name,
        source=rule.source,
        scope=rule.scope,
        origin=f"A rule that {origins.origin(rule.source, rule.scope, rule.tier)}.",
        site=_place(found),
        incident_type=rule.incident_type,
        runbook_id=rule.runbook_id,
        runbook_name=found.runbook_name,
        enabled=rule.enabled,
        enabled_changed_at=rule.enabled_changed_at,
        # Why a wider rule was switched off speaks of other tenants too.
        disabled_reason=rule.disabled_reason if rule.scope == "site" else None,
        success=shown,
        success_rate=rate,
        last_seen_at=found.last_seen_at,
        approved_by=found.approved_by,
        approved_tier=found.approved_tier,
        approved_at=found.approved_at,
        evidence=_evidence(found.evidence),
        created_at=rule.created_at,
        taken=[_taken(each, scope) for each in taken],
        alarms=[alarm_views.view(each) for each in alarms],
    )


def _taken(found: Exclusion, scope: ClientScope | PartnerScope) -> TakenView:
    of_partner = found.organization_id is None
    # Figures of all of a partner's organizations are not one organization's to read.
    hidden = of_partner and found.kind == "quarantined" and isinstance(scope, ClientScope)
    return TakenView(
        kind=found.kind,
        whose="partner" if of_partner else "organization",
        organization=found.organization_name,
        reason="It failed at sites of your IT partner." if hidden else found.reason,
        by=found.began_by,
        since=found.began_at,
    )


def _place(found: ClientRule) -> PlaceView | None:
    if found.site_id is None:
        return None
    return PlaceView(id=found.site_id, site_id=found.slug or "", name=found.site_name or "")


def _evidence(known: dict[str, Any] | None) -> SuccessView | None:
    if known is None:
        return None
    successes = int(known.get("successes", 0))
    return SuccessView(successes=successes, attempts=successes + int(known.get("failures", 0)))
