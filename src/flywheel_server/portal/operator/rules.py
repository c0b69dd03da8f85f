"""Every rule, for operators: what it is, how it does, how far it came; switching it off and on."""

from typing import Annotated, cast, get_args

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import db
from flywheel_server.api import admin_rule_figures, admin_rules, deliveries, pages
from flywheel_server.api.access import Admin, Reader, RuntimeDep
from flywheel_server.api.admin_rules import RuleView
from flywheel_server.api.operator_bodies import PathId, ReasonBody
from flywheel_server.domain import rules
from flywheel_server.portal import filters, forms, frame, words
from flywheel_server.portal.operator import whose
from flywheel_server.store import fleet, policies
from flywheel_server.store import rules as stored_rules
from flywheel_server.store.rule_rankings import Sort

router = APIRouter(prefix="/operator/rules", include_in_schema=False)

LIST = "/operator/rules"
SOURCES = get_args(rules.Source)
_SORTS = get_args(Sort)
_WEEKS = 12
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def rules_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: _Text = "",
    source: _Text = "",
    enabled: _Text = "",
    sort: _Text = "matches",
) -> Response:
    """List the rules that the filters leave."""
    listed = await admin_rules.list_rules(
        scope=scope,
        parts=parts,
        page=page,
        source=cast("rules.Source | None", filters.choice(source, *SOURCES)),
        enabled=filters.yes(enabled),
        text=filters.text(text),
        sort=cast("Sort | None", filters.choice(sort, *_SORTS)),
        order="asc" if sort == "success" else "desc",
    )
    async with db.transaction(parts.database, scope) as connection:
        standings = await fleet.standings(connection, [each.id for each in listed.items])
        owners = await whose.names(connection, listed.items)
    return frame.page(
        request,
        scope,
        "operator/rules.html",
        rules=listed.items,
        standings=standings,
        owners=owners,
        following=filters.following(request, listed.next),
        chosen={"text": text, "source": source, "enabled": enabled, "sort": sort},
        sources=[(each, words.source(each)) for each in SOURCES],
    )


@router.get("/health")
async def health_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: _Text = "",
    enabled: _Text = "yes",
) -> Response:
    """List the rules that are watched, those nearest to being withdrawn first."""
    listed = await admin_rules.list_rules(
        scope=scope,
        parts=parts,
        page=page,
        enabled=filters.yes(enabled),
        text=filters.text(text),
        sort="near_withdrawal",
        order="desc",
    )
    async with db.transaction(parts.database, scope) as connection:
        policy = await policies.in_force(connection)
        owners = await whose.names(connection, listed.items)
    return frame.page(
        request,
        scope,
        "operator/health.html",
        rules=listed.items,
        owners=owners,
        bar=policy.withdrawal_success_rate,
        following=filters.following(request, listed.next),
        chosen={"text": text, "enabled": enabled},
    )


@router.get("/{id}")
async def rule_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    id: PathId,
    appliance: _Text = "",
) -> Response:
    """Show a rule: what it is, how it does, where it stands on each appliance."""
    view = await admin_rules.get_rule(scope, parts, str(id))
    figures = await admin_rule_figures.rule_figures(scope, parts, str(id), _WEEKS)
    listed = await deliveries.rule_deliveries(scope, parts, page, str(id), filters.text(appliance))
    async with db.transaction(parts.database, scope) as connection:
        policy = await policies.in_force(connection)
        owners = await whose.names(connection, [view])
        rule = await stored_rules.get(connection, view.id)
        standings = await fleet.standings(connection, [view.id])
    return frame.page(
        request,
        scope,
        "operator/rule.html",
        rule=view,
        wire=None if rule is None else rules.wire(rule),
        owner=owners.get(view.id),
        standing=standings.get(view.id),
        health=view.health,
        figures=figures,
        weeks=_WEEKS,
        bar=policy.withdrawal_success_rate,
        deliveries=listed.items,
        sought=appliance,
        following=filters.following(request, listed.next),
    )


@router.post("/{id}/status")
async def switch_rule(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Switch a rule off or on, with a reason."""
    given = await forms.texts(request)
    return await forms.attempt(f"{LIST}/{id}", _switch(scope, parts, str(id), given), _switched)


async def _switch(scope: Admin, parts: RuntimeDep, id: str, given: dict[str, str]) -> RuleView:
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    enabled = given.get("enabled") == "yes"
    switch = admin_rules.enable_rule if enabled else admin_rules.disable_rule
    return await switch(scope, parts, id, body)


def _switched(rule: RuleView) -> str:
    if rule.enabled:
        return f"{rule.rule_id} is switched on: appliances of its scope get it with a sync."
    return f"{rule.rule_id} is switched off: appliances drop it at their next sync."
