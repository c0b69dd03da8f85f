"""The rules that candidates became: how each does, how far it has come, switching it off and on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId, RuleName
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import clock, db
from flywheel_server.fleet.store import fleet
from flywheel_server.learning.queries import promoted_rules as queries
from flywheel_server.learning.views.promoted_rules import PromotedRule, StatusBody, view
from flywheel_server.policy import store as policies
from flywheel_server.rules.actions import rules as actions
from flywheel_server.rules.model import delivery_words, rules
from flywheel_server.rules.pages import shared_forms
from flywheel_server.rules.queries import alarms as rule_alarms, deliveries
from flywheel_server.rules.store import rule_health
from flywheel_server.rules.views import health as health_views
from flywheel_server.web.access import PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.web.pages import forms, frame

router = APIRouter(prefix="/partner/learning/rules", include_in_schema=False)

_LIST = "/partner/learning/rules"
_MOST_LEFT = 100
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def rules_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    site: _Text = "",
    enabled: _Text = "",
    text: _Text = "",
) -> Response:
    """List the rules, the newest first."""
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.listed(
            connection,
            page,
            site_id=await SiteFilter(text=filters.text(site)).find(connection),
            enabled=filters.yes(enabled),
            text=filters.text(text),
        )
        standings = await fleet.standings(connection, [each.id for each in listed.items])
        sites = await filters.sites(connection)
        still_running = await deliveries.still_running(connection, clock.now(), _MOST_LEFT)
    return frame.page(
        request,
        scope,
        "partner/rules.html",
        still_running=still_running,
        rules=listed.items,
        standings=standings,
        following=filters.following(request, listed.next),
        sites=sites,
        chosen={"site": site, "enabled": enabled, "text": text},
    )


@router.get("/{id}")
async def rule_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PartDep,
    id: PathId,
    appliance: _Text = "",
) -> Response:
    """Show a rule: what it is, how it does, where it stands on each appliance."""
    async with db.transaction(parts.database, scope) as connection:
        origin, rule = await queries.find(connection, str(id))
        health = await rule_health.of_rules(connection, [rule.id])
        policy = await policies.in_force(connection)
        holders = await deliveries.holders(connection, rule.id)
        in_scope = await deliveries.notes_in_scope(connection, rule.scope_id, rule.rule_id)
        still_running = await deliveries.still_running(connection, clock.now(), _MOST_LEFT, rule.id)
        alarms = await rule_alarms.of_rule(connection, rule.id)
        listed = await deliveries.listed(
            connection, scope, str(rule.id), page, filters.text(appliance)
        )
    return frame.page(
        request,
        scope,
        "partner/rule.html",
        rule=view((origin, rule), holders),
        alarms=alarms,
        in_scope=in_scope,
        switching_off=delivery_words.at_switching_off(delivery_words.notes(holders)),
        still_running=still_running,
        wire=rules.wire(rule),
        health=health_views.health(rule, health.get(rule.id), policy),
        bar=policy.withdrawal_success_rate,
        deliveries=listed.items,
        sought=appliance,
        following=filters.following(request, listed.next),
    )


@router.post("/{id}/status")
async def switch_rule(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId
) -> Response:
    """Switch a rule off or on, with a reason."""
    given = await forms.texts(request)
    body = forms.checked(
        StatusBody, {"enabled": given.get("enabled") == "yes", "reason": given.get("reason", "")}
    )
    async with db.transaction(parts.database, scope) as connection:
        origin, rule = await queries.find(connection, str(id))
        switched = await actions.switch(
            connection, scope, rule, enabled=body.enabled, reason=body.reason, now=clock.now()
        )
        shown = await queries.shown(connection, origin, switched)
    return frame.go(f"{_LIST}/{id}", _switched(shown))


@router.post("/{id}/removals")
async def removal(request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId) -> Response:
    """Mark a switched-off rule's file as removed from an appliance, or a site's."""
    return await shared_forms.remove_file(request, scope, parts, id, _LIST)


@router.post("/{id}/alarms/{alarm_id}")
async def answer_alarm(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId, alarm_id: UUID
) -> Response:
    """Say that a person has looked at an alarm about the rule."""
    then = f"{_LIST}/{id}"
    return await shared_forms.answer_alarm(request, scope, parts, alarm_id, of=id, then=then)


@router.post("/{id}/name")
async def rename_rule(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId
) -> Response:
    """Give a rule another name for people."""
    given = await forms.texts(request)
    body = forms.checked(RuleName, {"name": given.get("name", "").strip()})
    async with db.transaction(parts.database, scope) as connection:
        _, rule = await queries.find(connection, str(id))
        await actions.rename(connection, scope, rule, name=body.name, now=clock.now())
    said = f"It is called {body.name} now; its id on appliances is the same."
    return frame.go(f"{_LIST}/{id}", said)


def _switched(rule: PromotedRule) -> str:
    if rule.enabled:
        return f"{rule.rule_id} is switched on: it travels to the appliances as it did at first."
    return f"{rule.rule_id} is switched off. {delivery_words.at_switching_off(rule.delivery)}"
