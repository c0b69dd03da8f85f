"""Every rule, for operators: what it is, how it does, how far it came; switching it off and on."""

from typing import Annotated, cast, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId, RuleName
from flywheel_server.core import clock, db
from flywheel_server.fleet.store import fleet
from flywheel_server.policy import store as policies
from flywheel_server.rules.actions import exclusions as releases, rules as actions
from flywheel_server.rules.model import delivery_words, rules
from flywheel_server.rules.pages import shared_forms, whose
from flywheel_server.rules.queries import (
    alarms as rule_alarms,
    deliveries,
    exclusions,
    rules as queries,
)
from flywheel_server.rules.store.rule_rankings import Sort
from flywheel_server.rules.views.rules import RuleView
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
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.listed(
            connection,
            page,
            source=cast("rules.Source | None", filters.choice(source, *SOURCES)),
            enabled=filters.yes(enabled),
            text=filters.text(text),
            sort=cast("Sort | None", filters.choice(sort, *_SORTS)),
            order="asc" if sort == "success" else "desc",
        )
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
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.listed(
            connection,
            page,
            enabled=filters.yes(enabled),
            text=filters.text(text),
            sort="near_withdrawal",
            order="desc",
        )
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
    async with db.transaction(parts.database, scope) as connection:
        listed = await exclusions.listed(connection, page, filters.yes(in_force))
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
        found, rule = await exclusions.get(connection, id)
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
    body = shared_forms.reason(await forms.texts(request))
    async with db.transaction(parts.database, scope) as connection:
        ended = await releases.release(connection, scope, id, reason=body.reason, now=clock.now())
        view = await exclusions.shown(connection, ended)
    return frame.go(_KEPT, f"{view.rule_id} is served to this tenant again.")


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
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find(connection, str(id))
        view = await queries.shown(connection, rule)
        figures = await queries.figures(connection, rule, _WEEKS, now)
        listed = await deliveries.listed(connection, scope, str(id), page, filters.text(appliance))
        policy = await policies.in_force(connection)
        owners = await whose.names(connection, [view])
        standings = await fleet.standings(connection, [rule.id])
        in_scope = await deliveries.notes_in_scope(connection, rule.scope_id, rule.rule_id)
        still_running = await deliveries.still_running(connection, now, _MOST_LEFT, rule.id)
        alarms = await rule_alarms.of_rule(connection, rule.id)
        kept_from = await exclusions.of_rule(connection, rule.id)
    return frame.page(
        request,
        scope,
        "operator/rule.html",
        rule=view,
        alarms=alarms,
        exclusions=kept_from,
        in_scope=in_scope,
        switching_off=switching_off(view),
        still_running=still_running,
        wire=rules.wire(rule),
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
    body = shared_forms.reason(given)
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find(connection, str(id))
        switched = await actions.switch(
            connection,
            scope,
            rule,
            enabled=given.get("enabled") == "yes",
            reason=body.reason,
            now=clock.now(),
        )
        view = await queries.shown(connection, switched)
    return frame.go(f"{LIST}/{id}", _switched(view))


@router.post("/{id}/removals")
async def removal(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Mark a switched-off rule's file as removed from an appliance, or a site's."""
    return await shared_forms.remove_file(request, scope, parts, id, f"{LIST}/{id}")


@router.post("/{id}/alarms/{alarm_id}")
async def answer_alarm(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId, alarm_id: UUID
) -> Response:
    """Say that a person has looked at an alarm about the rule."""
    then = f"{LIST}/{id}"
    return await shared_forms.answer_alarm(request, scope, parts, alarm_id, of=id, then=then)


@router.post("/{id}/name")
async def rename_rule(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Give a rule another name for people."""
    given = await forms.texts(request)
    body = forms.checked(RuleName, {"name": given.get("name", "").strip()})
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find(connection, str(id))
        await actions.rename(connection, scope, rule, name=body.name, now=clock.now())
    said = f"It is called {body.name} now; its id on appliances is the same."
    return frame.go(f"{LIST}/{id}", said)


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
