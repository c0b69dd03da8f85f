"""Rules that were learnt from many organizations: what they do at a partner's sites, declining."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId, ReasonBody
from flywheel_server.core import db
from flywheel_server.rules.pages import declining
from flywheel_server.rules.pages.removing import ANSWERED
from flywheel_server.rules.routes import alarms as rule_alarms, declines as rule_declines
from flywheel_server.rules.store import deliveries
from flywheel_server.web.access import PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame

router = APIRouter(prefix="/partner/learning/platform-rules", include_in_schema=False)

_LIST = "/partner/learning/platform-rules"
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def platform_rules_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
) -> Response:
    """List the rules, the newest first."""
    listed = await rule_declines.list_platform_rules(
        scope=scope, parts=parts, page=page, text=filters.text(text)
    )
    return frame.page(
        request,
        scope,
        "partner/platform_rules.html",
        rules=listed.items,
        following=filters.following(request, listed.next),
        chosen={"text": text},
    )


@router.get("/{id}/decline")
async def decline_page(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId
) -> Response:
    """Ask before a rule is declined."""
    rule = await rule_declines.read(parts, scope, str(id))
    async with db.transaction(parts.database, scope) as connection:
        holders = (await deliveries.holders(connection, [rule.id])).get(rule.id, [])
    return asking.page(request, scope, declining.of_declining(rule, list(holders), _LIST))


@router.post("/{id}/decline")
async def decline(request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId) -> Response:
    """Decline a rule, with a reason."""
    given = await forms.texts(request)
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    deed = rule_declines.partner_declines(scope, parts, str(id), body)
    return await forms.attempt(_LIST, deed, declining.declined)


@router.get("/{id}/accept")
async def accept_page(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId
) -> Response:
    """Ask before that is taken back."""
    rule = await rule_declines.read(parts, scope, str(id))
    return asking.page(request, scope, declining.of_accepting(rule, _LIST))


@router.post("/{id}/accept")
async def accept(scope: PartnerActor, parts: RuntimeDep, id: PathId) -> Response:
    """Take a decline back."""
    deed = rule_declines.partner_accepts(scope, parts, str(id))
    return await forms.attempt(_LIST, deed, declining.accepted)


@router.post("/{id}/alarms/{alarm_id}")
async def answer_alarm(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId, alarm_id: UUID
) -> Response:
    """Say that a person has looked at why a rule was taken away."""
    given = await forms.texts(request)
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    deed = rule_alarms.answer(parts, scope, str(alarm_id), body.reason, of=id)
    return await forms.attempt(_LIST, deed, ANSWERED)
