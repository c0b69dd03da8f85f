"""Rules that were learnt from many organizations: what they do at a partner's sites, declining."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.core import db
from flywheel_server.rules.pages import declining, shared_forms
from flywheel_server.rules.queries import tenant_rules as queries
from flywheel_server.rules.store.client_rules import Filters
from flywheel_server.web.access import PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.web.pages import frame

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
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.listed(
            connection, scope, page, Filters(source="platform", text=filters.text(text))
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
    """Ask before a platform rule is declined."""
    return await declining.decline_page(request, scope, parts, id, _LIST)


@router.post("/{id}/decline")
async def decline(request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId) -> Response:
    """Decline a platform rule, with a reason."""
    return await declining.decline(request, scope, parts, id, _LIST)


@router.get("/{id}/accept")
async def accept_page(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId
) -> Response:
    """Ask before that is taken back."""
    return await declining.accept_page(request, scope, parts, id, _LIST)


@router.post("/{id}/accept")
async def accept(scope: PartnerActor, parts: RuntimeDep, id: PathId) -> Response:
    """Take a decline back."""
    return await declining.accept(scope, parts, id, _LIST)


@router.post("/{id}/alarms/{alarm_id}")
async def answer_alarm(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId, alarm_id: UUID
) -> Response:
    """Say that a person has looked at why a rule was taken away."""
    return await shared_forms.answer_alarm(request, scope, parts, alarm_id, of=id, then=_LIST)
