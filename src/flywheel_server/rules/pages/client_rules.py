"""The rules that heal at one's own sites: where each came from, and how it does there."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId, ReasonBody
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import db, rights
from flywheel_server.rules.pages import declining
from flywheel_server.rules.pages.removing import ANSWERED
from flywheel_server.rules.routes import (
    alarms as rule_alarms,
    client_rules,
    declines as rule_declines,
)
from flywheel_server.rules.routes.client_rules import SourceFilter
from flywheel_server.rules.store import deliveries, exclusions
from flywheel_server.web.access import ClientAdmin, ClientReader, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame

router = APIRouter(prefix="/client/rules", include_in_schema=False)

_LIST = "/client/rules"

# What rules may be filtered by, with what it is called.
SOURCES = (
    ("", "Anywhere"),
    ("promoted", "Learnt at your sites"),
    ("platform", "Learnt from many organizations"),
    ("custom", "Written by hand"),
    ("synced", "The standard set"),
    ("builtin", "Built into the appliances"),
)
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def rules_page(
    *,
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    site: _Text = "",
    source: _Text = "",
    enabled: _Text = "yes",
    text: _Text = "",
) -> Response:
    """List the rules that the filters leave, the newest first."""
    listed = await client_rules.list_rules(
        scope=scope,
        parts=parts,
        page=page,
        site=SiteFilter(text=filters.text(site)),
        source=cast(
            "SourceFilter", filters.choice(source, *(value for value, _ in SOURCES if value))
        ),
        enabled=filters.yes(enabled),
        text=filters.text(text),
    )
    async with db.transaction(parts.database, scope) as connection:
        sites = await filters.sites(connection)
        tiers = await exclusions.healing_tiers(connection, scope.organization_id)
    return frame.page(
        request,
        scope,
        "client/rules.html",
        rules=listed.items,
        following=filters.following(request, listed.next),
        sites=sites,
        decides=rights.decides_everywhere(scope, tiers),
        sources=SOURCES,
        chosen={"site": site, "source": source, "enabled": enabled, "text": text},
    )


@router.get("/{id}/decline")
async def decline_page(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, id: PathId
) -> Response:
    """Ask before a platform rule is declined."""
    rule = await rule_declines.read(parts, scope, str(id))
    async with db.transaction(parts.database, scope) as connection:
        holders = (await deliveries.holders(connection, [rule.id])).get(rule.id, [])
    return asking.page(request, scope, declining.of_declining(rule, list(holders), _LIST))


@router.post("/{id}/decline")
async def decline(request: Request, scope: ClientAdmin, parts: RuntimeDep, id: PathId) -> Response:
    """Decline a platform rule, with a reason."""
    given = await forms.texts(request)
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    deed = rule_declines.client_declines(scope, parts, str(id), body)
    return await forms.attempt(_LIST, deed, declining.declined)


@router.get("/{id}/accept")
async def accept_page(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, id: PathId
) -> Response:
    """Ask before that is taken back."""
    rule = await rule_declines.read(parts, scope, str(id))
    return asking.page(request, scope, declining.of_accepting(rule, _LIST))


@router.post("/{id}/accept")
async def accept(scope: ClientAdmin, parts: RuntimeDep, id: PathId) -> Response:
    """Take a decline back."""
    deed = rule_declines.client_accepts(scope, parts, str(id))
    return await forms.attempt(_LIST, deed, declining.accepted)


@router.post("/{id}/alarms/{alarm_id}")
async def answer_alarm(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, id: PathId, alarm_id: UUID
) -> Response:
    """Say that a person has looked at an alarm about a rule of an own site."""
    given = await forms.texts(request)
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    deed = rule_alarms.answer(parts, scope, str(alarm_id), body.reason, of=id)
    return await forms.attempt(_LIST, deed, ANSWERED)
