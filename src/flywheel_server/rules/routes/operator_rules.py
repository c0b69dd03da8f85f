"""Rules, for operators: what is served to whom, how it does, and switching it off and on."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import Filter, ReasonBody, RuleName, Search, View
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope
from flywheel_server.policy import store as policies
from flywheel_server.rules.actions import rules as actions
from flywheel_server.rules.model import detect_only, rules as domain
from flywheel_server.rules.routes import delivery_notes, health_views as rule_health_views
from flywheel_server.rules.routes.delivery_notes import AgentNoteView
from flywheel_server.rules.routes.health_views import HealthView
from flywheel_server.rules.store import deliveries, rule_health, rule_rankings, rules
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(prefix="/api/admin", tags=["operators: rules"])

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
# What is not read from the rule itself.
_MADE = frozenset({"success", "health", "detect_only", "delivery_is_final", "delivery"})
RuleRef = Annotated[
    str,
    Path(
        max_length=300,
        description="The rule's `id` or, where only one scope has it, its `rule_id`.",
        examples=["L1-FIREWALL-002"],
    ),
]


class SuccessView(View):
    """How often a rule healed."""

    successes: int = Field(description="Attempts that healed.", examples=[18])
    attempts: int = Field(description="Successes and failures together.", examples=[20])


class RuleView(View):
    """A rule, its state and its counters."""

    id: UUID = Field(description="Its id in this server.", examples=[_UUID])
    rule_id: str = Field(description="Its id on appliances.", examples=["L1-FIREWALL-002"])
    source: domain.Source = Field(description="Where it comes from.", examples=["platform"])
    scope: domain.RuleScope = Field(description="Whose appliances get it.", examples=["platform"])
    scope_id: UUID | None = Field(
        description="The partner, organization or site of its scope; null for the platform.",
        examples=[None],
    )
    tier: str | None = Field(description="Synced rules: which tier gets it.", examples=[None])
    incident_type: str = Field(description="What it heals.", examples=["firewall_status"])
    runbook_id: str | None = Field(description="By which runbook.", examples=["RB-WIN-SEC-001"])
    name: str = Field(description="What people call it.", examples=["Firewall on"])
    description: str = Field(description="What it is about.", examples=["Built in."])
    conditions: list[dict[str, Any]] = Field(
        description="All must hold.",
        examples=[[{"field": "check_type", "operator": "eq", "value": "firewall_status"}]],
    )
    action: str = Field(description="What the appliance does.", examples=["run_windows_runbook"])
    action_params: dict[str, Any] = Field(
        description="With which parameters.", examples=[{"runbook_id": "RB-WIN-SEC-001"}]
    )
    hipaa_controls: list[str] = Field(description="Controls it serves.", examples=[["164.312(b)"]])
    severity_filter: list[str] | None = Field(
        description="Only for these severities.", examples=[None]
    )
    detect_only: bool = Field(
        description="Looks and heals nothing: what is reported under it was not attempted.",
        examples=[False],
    )
    priority: int = Field(description="Lower comes first.", examples=[56])
    cooldown_seconds: int = Field(description="Pause between two heals.", examples=[300])
    max_retries: int = Field(description="Attempts after a failure.", examples=[1])
    enabled: bool = Field(description="Whether it is served.", examples=[True])
    disabled_reason: str | None = Field(description="Why it is not.", examples=[None])
    enabled_changed_at: dt.datetime = Field(description="Since when.", examples=[_TIME])
    withdrawn_at: dt.datetime | None = Field(
        description="When it was withdrawn for failing.", examples=[None]
    )
    match_count: int = Field(description="Its L1 executions.", examples=[21])
    success_count: int = Field(description="Those that healed.", examples=[18])
    failure_count: int = Field(description="Those that failed.", examples=[2])
    success: SuccessView = Field(description="The same, as shown to people.")
    success_rate: float | None = Field(
        description="Fraction of attempts that healed; null without attempts.", examples=[0.9]
    )
    health: HealthView | None = Field(
        description="How near it is to being withdrawn; null: it is not watched."
    )
    created_at: dt.datetime = Field(description="When it was made.", examples=[_TIME])
    delivery_is_final: bool = Field(
        description="Whether an appliance that has it keeps it: switching off does not remove it.",
        examples=[True],
    )
    delivery: list[AgentNoteView] = Field(
        description="What switching off means on the appliances that have it, and the remedy."
    )


@router.get("/rules")
async def list_rules(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    source: Annotated[domain.Source | None, Query(description="Only from here.")] = None,
    enabled: Annotated[bool | None, Query(description="Only such.")] = None,
    incident_type: Filter = None,
    text: Search = None,
    sort: Annotated[
        rule_rankings.Sort | None,
        Query(description="By how they do. `near_withdrawal` lists watched rules only."),
    ] = None,
    order: Annotated[
        rule_rankings.Order, Query(description="With `sort`: the most first, or the least.")
    ] = "desc",
) -> pages.Listing[RuleView]:
    """List rules, oldest first, or by how they do."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await rule_rankings.page(
            connection,
            sort,
            order,
            source=source,
            enabled=enabled,
            incident_type=incident_type,
            text=text,
            after=page.after_all(UUID) if sort is None else page.after_all(float, UUID),
            limit=page.limit + 1,
        )
        views = await with_health(connection, [row.rule for row in rows])
    return pages.listing(
        rows,
        page,
        lambda row: row.key,
        lambda row: views[row.rule.id],
    )


@router.get("/rules/{rule_id}")
async def get_rule(scope: Reader, parts: RuntimeDep, rule_id: RuleRef) -> RuleView:
    """Return a rule."""
    async with db.transaction(parts.database, scope) as connection:
        rule = await find(connection, rule_id)
        views = await with_health(connection, [rule])
    return views[rule.id]


@router.post("/rules/{rule_id}/disable")
async def disable_rule(
    scope: Admin, parts: RuntimeDep, rule_id: RuleRef, body: ReasonBody
) -> RuleView:
    """Stop serving a rule; again changes nothing.

    Agents that can drop it do so at their next sync. `delivery` of the answer says on how many
    appliances it stays and goes on running, and how a person removes it.
    """
    return await _switch(parts, scope, rule_id, body.reason, enabled=False)


@router.post("/rules/{rule_id}/enable")
async def enable_rule(
    scope: Admin, parts: RuntimeDep, rule_id: RuleRef, body: ReasonBody
) -> RuleView:
    """Serve a rule, a withdrawn one too: agents fetch it with their next sync, or are ordered."""
    return await _switch(parts, scope, rule_id, body.reason, enabled=True)


@router.patch("/rules/{rule_id}")
async def rename_rule(
    scope: Admin, parts: RuntimeDep, rule_id: RuleRef, body: RuleName
) -> RuleView:
    """Give a rule another name for people; its id, and what appliances get, stay."""
    async with db.transaction(parts.database, scope) as connection:
        rule = await find(connection, rule_id)
        await actions.rename(connection, scope, rule, name=body.name, now=clock.now())
        views = await with_health(connection, [rule])
    return views[rule.id]


async def with_health(connection: Connection, rows: Sequence[domain.Rule]) -> dict[UUID, RuleView]:
    """Return rules as operators see them, by their ids."""
    policy = await policies.in_force(connection)
    ids = [rule.id for rule in rows]
    healths = await rule_health.of_rules(connection, ids)
    holders = await deliveries.holders(connection, ids)
    labels = await rules.labels(connection, ids)
    return {
        rule.id: view(
            replace(rule, name=labels.get(rule.id, rule.name)),
            rule_health_views.health(rule, healths.get(rule.id), policy),
            holders.get(rule.id, ()),
        )
        for rule in rows
    }


def view(
    rule: domain.Rule, health: HealthView | None = None, holders: Sequence[str] = ()
) -> RuleView:
    """Return a rule as operators see it; ``holders`` are the agent versions that have it."""
    values = {name: getattr(rule, name) for name in RuleView.model_fields if name not in _MADE}
    values["detect_only"] = detect_only.only_looks(rule.runbook_id or rule.rule_id)
    values["health"] = health
    values["delivery_is_final"] = delivery_notes.final(holders)
    values["delivery"] = delivery_notes.notes(holders, rule.rule_id)
    values["conditions"] = domain.conditions_as_json(rule.conditions)
    values["success"] = SuccessView(
        successes=rule.success_count, attempts=rule.success_count + rule.failure_count
    )
    return RuleView.model_validate(values)


async def _switch(
    parts: Runtime, scope: OperatorScope, ref: str, reason: str, *, enabled: bool
) -> RuleView:
    async with db.transaction(parts.database, scope) as connection:
        rule = await find(connection, ref)
        switched = await actions.switch(
            connection, scope, rule, enabled=enabled, reason=reason, now=clock.now()
        )
        views = await with_health(connection, [switched])
    return views[switched.id]


async def find(connection: Connection, ref: str) -> domain.Rule:
    """Return the rule that a path names. Raises NotFound, Conflict where several are named so."""
    row_id = accounts.as_uuid(ref)
    rule = None if row_id is None else await rules.get(connection, row_id)
    if rule is not None:
        return rule
    found = await rules.find(connection, ref)
    if not found:
        raise errors.NotFound("No rule has this id: see GET /api/admin/rules.")
    if len(found) > 1:
        raise errors.Conflict(
            "Several scopes have a rule with this `rule_id`: use one of the `ids` instead.",
            ids=[str(rule.id) for rule in found],
        )
    return found[0]
