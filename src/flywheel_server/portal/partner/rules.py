"""The rules that candidates became: how each does, how far it has come, switching it off and on."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import db
from flywheel_server.api import deliveries, pages, partner_decisions, rule_health_views
from flywheel_server.api.access import PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.api.learning_views import SiteFilter
from flywheel_server.api.operator_bodies import PathId
from flywheel_server.api.partner_decisions import PromotedRule, StatusBody
from flywheel_server.domain import rules
from flywheel_server.portal import filters, forms, frame
from flywheel_server.store import fleet, policies, rule_health

router = APIRouter(prefix="/partner/learning/rules", include_in_schema=False)

_LIST = "/partner/learning/rules"
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def rules_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: _Text = "",
    enabled: _Text = "",
    text: _Text = "",
) -> Response:
    """List the rules, the newest first."""
    listed = await partner_decisions.list_promoted_rules(
        scope=scope,
        parts=parts,
        page=page,
        site=SiteFilter(text=filters.text(site)),
        enabled=filters.yes(enabled),
        text=filters.text(text),
    )
    async with db.transaction(parts.database, scope) as connection:
        standings = await fleet.standings(connection, [each.id for each in listed.items])
        sites = await filters.sites(connection)
    return frame.page(
        request,
        scope,
        "partner/rules.html",
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
    page: pages.PageDep,
    id: PathId,
    appliance: _Text = "",
) -> Response:
    """Show a rule: what it is, how it does, where it stands on each appliance."""
    async with db.transaction(parts.database, scope) as connection:
        origin, rule = await partner_decisions.find(connection, str(id))
        health = await rule_health.of_rules(connection, [rule.id])
        policy = await policies.in_force(connection)
    listed = await deliveries.partner_rule_deliveries(
        scope, parts, page, str(rule.id), filters.text(appliance)
    )
    return frame.page(
        request,
        scope,
        "partner/rule.html",
        rule=partner_decisions.view((origin, rule)),
        wire=rules.wire(rule),
        health=rule_health_views.health(rule, health.get(rule.id), policy),
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
    return await forms.attempt(f"{_LIST}/{id}", _switch(scope, parts, str(id), given), _switched)


async def _switch(
    scope: PartnerActor, parts: RuntimeDep, id: str, given: dict[str, str]
) -> PromotedRule:
    body = forms.checked(
        StatusBody, {"enabled": given.get("enabled") == "yes", "reason": given.get("reason", "")}
    )
    return await partner_decisions.switch_promoted_rule(scope, parts, id, body)


def _switched(rule: PromotedRule) -> str:
    if rule.enabled:
        return f"{rule.rule_id} is switched on: it travels to the appliances as it did at first."
    return f"{rule.rule_id} is switched off: appliances drop it at their next sync."
