"""The rules that heal at one's own sites: where each came from, and how it does there."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import db, rights
from flywheel_server.rules.pages import declining, shared_forms
from flywheel_server.rules.queries import tenant_rules as queries
from flywheel_server.rules.store import exclusions
from flywheel_server.rules.store.client_rules import Filters
from flywheel_server.web.access import ClientAdmin, ClientReader, RuntimeDep
from flywheel_server.web.pages import frame

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
    async with db.transaction(parts.database, scope) as connection:
        wanted = Filters(
            site_id=await SiteFilter(text=filters.text(site)).find(connection),
            source=filters.choice(source, *(value for value, _ in SOURCES if value)),
            enabled=filters.yes(enabled),
            text=filters.text(text),
        )
        listed = await queries.listed(connection, scope, page, wanted)
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
    return await declining.decline_page(request, scope, parts, id, _LIST)


@router.post("/{id}/decline")
async def decline(request: Request, scope: ClientAdmin, parts: RuntimeDep, id: PathId) -> Response:
    """Decline a platform rule, with a reason."""
    return await declining.decline(request, scope, parts, id, _LIST)


@router.get("/{id}/accept")
async def accept_page(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, id: PathId
) -> Response:
    """Ask before that is taken back."""
    return await declining.accept_page(request, scope, parts, id, _LIST)


@router.post("/{id}/accept")
async def accept(scope: ClientAdmin, parts: RuntimeDep, id: PathId) -> Response:
    """Take a decline back."""
    return await declining.accept(scope, parts, id, _LIST)


@router.post("/{id}/alarms/{alarm_id}")
async def answer_alarm(
    request: Request, scope: ClientAdmin, parts: RuntimeDep, id: PathId, alarm_id: UUID
) -> Response:
    """Say that a person has looked at an alarm about a rule of an own site."""
    return await shared_forms.answer_alarm(request, scope, parts, alarm_id, of=id, then=_LIST)
