"""Every rule, for operators: what it is, how it does, how far it came; switching it off and on."""

from typing import Annotated, cast, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId, ReasonBody, RuleName
from flywheel_server.core import clock, db, errors
from flywheel_server.fleet.store import fleet
from flywheel_server.policy import store as policies
from flywheel_server.rules.model import delivery_words, rules
from flywheel_server.rules.pages import whose
from flywheel_server.rules.pages.removing import ANSWERED, removal_body, removed
from flywheel_server.rules.routes import (
    alarms as rule_alarms,
    deliveries,
    delivery_notes,
    operator_exclusions as admin_rule_exclusions,
    operator_figures as admin_rule_figures,
    operator_rules as admin_rules,
    remains as rule_remains,
)
from flywheel_server.rules.routes.operator_rules import RuleView
from flywheel_server.rules.routes.remains import RemovalView
from flywheel_server.rules.store import (
    deliveries as stored_deliveries,
    exclusions,
    remains,
    rules as stored_rules,
)
from flywheel_server.rules.store.rule_rankings import Sort
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame, words
from flywheel_server.web.pages.asking import Question

router = APIRouter(prefix="/operator/rules", include_in_schema=False)

LIST = "/operator/rules"
_KEPT = "/operator/rules/exclusions"
_MOST_LEFT = 100
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
    page: filters.PageDep,
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
    page: filters.PageDep,
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


@router.get("/exclusions")
async def exclusions_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    in_force: _Text = "yes",
) -> Response:
    """List the tenants that do not get a platform rule, the newest first."""
    listed = await admin_rule_exclusions.list_exclusions(
        scope=scope, parts=parts, page=page, in_force=filters.yes(in_force)
    )
    return frame.page(
        request,
        scope,
        "operator/exclusions.html",
        exclusions=listed.items,
        following=filters.following(request, listed.next),
        chosen={"in_force": in_force},
    )


@router.get("/exclusions/{id}/end")
async def end_page(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Ask before a rule is given back to a tenant."""
    async with db.transaction(parts.database, scope) as connection:
        found = await exclusions.get(connection, id)
        rule = None if found is None else await stored_rules.get(connection, found.rule)
    if found is None or rule is None:
        raise errors.NotFound("No tenant is kept from a rule under this id: take one of the list.")
    question = Question(
        title=f"Give {rule.name} back?",
        final="The appliances of this tenant run it again.",
        then=f"It was taken away because: {found.reason} Only what begins from now on counts; if "
        "it fails there again, it is taken away again.",
        verb="Give it back",
        back=_KEPT,
        danger=False,
        why=True,
    )
    return asking.page(request, scope, question)


@router.post("/exclusions/{id}/end")
async def end(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Give a rule back to a tenant."""
    given = await forms.texts(request)
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    deed = admin_rule_exclusions.end_exclusion(scope, parts, str(id), body)
    return await forms.attempt(
        _KEPT, deed, lambda view: f"{view.rule_id} is served to this tenant again."
    )


@router.get("/{id}")
async def rule_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PartDep,
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
        in_scope = await stored_deliveries.in_scope(connection, view.scope_id)
        left = await remains.running(connection, clock.now(), _MOST_LEFT, view.id)
        alarms = await rule_alarms.of_rule(connection, view.id)
        kept_from = await admin_rule_exclusions.of_rule(connection, view.id)
    return frame.page(
        request,
        scope,
        "operator/rule.html",
        rule=view,
        alarms=alarms,
        exclusions=kept_from,
        in_scope=delivery_notes.notes(in_scope, view.rule_id),
        switching_off=switching_off(view),
        still_running=[deliveries.still_running(each) for each in left],
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


@router.post("/{id}/removals")
async def removal(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Mark a switched-off rule's file as removed from an appliance, or a site's."""
    given = await forms.texts(request)
    return await forms.attempt(f"{LIST}/{id}", _remove(scope, parts, str(id), given), removed)


async def _remove(scope: Admin, parts: RuntimeDep, id: str, given: dict[str, str]) -> RemovalView:
    return await rule_remains.operator_removes(scope, parts, id, removal_body(given))


@router.post("/{id}/alarms/{alarm_id}")
async def answer_alarm(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId, alarm_id: UUID
) -> Response:
    """Say that a person has looked at an alarm about the rule."""
    given = await forms.texts(request)
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    deed = rule_alarms.answer(parts, scope, str(alarm_id), body.reason, of=id)
    return await forms.attempt(f"{LIST}/{id}", deed, ANSWERED)


@router.post("/{id}/name")
async def rename_rule(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Give a rule another name for people."""
    given = await forms.texts(request)
    body = forms.checked(RuleName, {"name": given.get("name", "").strip()})
    return await forms.attempt(
        f"{LIST}/{id}",
        admin_rules.rename_rule(scope, parts, str(id), body),
        f"It is called {body.name} now; its id on appliances is the same.",
    )


async def _switch(scope: Admin, parts: RuntimeDep, id: str, given: dict[str, str]) -> RuleView:
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    enabled = given.get("enabled") == "yes"
    switch = admin_rules.enable_rule if enabled else admin_rules.disable_rule
    return await switch(scope, parts, id, body)


def _switched(rule: RuleView) -> str:
    if rule.enabled:
        return f"{rule.rule_id} is switched on: appliances of its scope fetch it or are sent it."
    return f"{rule.rule_id} is switched off. {switching_off(rule)}"


def switching_off(rule: RuleView) -> str:
    """Say what switching a rule off does on the appliances that have it."""
    if rule.source == "synced":
        return (
            "Agents that fetch rules drop it at their next sync; daemons never had it, and run "
            "their compiled rules."
        )
    return delivery_words.at_switching_off(rule.delivery)
