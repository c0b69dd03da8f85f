"""The audit: who changed what, with the old and the new, and whether its chain holds."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import change_words, filters
from flywheel_server.accounts.queries import audit as queries
from flywheel_server.accounts.store import tenants
from flywheel_server.core import db
from flywheel_server.web.access import Reader, RuntimeDep
from flywheel_server.web.pages import frame

router = APIRouter(prefix="/operator/audit", include_in_schema=False)

_OBJECTS = (
    "alias",
    "appliance",
    "bulk",
    "candidate",
    "evidence_anchor",
    "evidence_key",
    "key",
    "operator",
    "order",
    "organization",
    "partner",
    "plan",
    "policy",
    "rule",
    "runbook",
    "site",
    "user",
    "webhook",
)
_ACTORS = ("operator", "partner", "client", "loop")
_BY = {"operator": "operator", "partner": "partner", "client": "organization", "loop": ""}
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def audit_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    tenant: _Text = "",
    object_kind: _Text = "",
    object_id: _Text = "",
    actor_kind: _Text = "",
    days: _Text = "",
) -> Response:
    """List the entries that the filters leave, the newest first."""
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.listing(
            connection,
            page,
            text=filters.text(text),
            tenant=filters.text(tenant),
            object_kind=filters.choice(object_kind, *_OBJECTS),
            object_id=filters.text(object_id),
            actor_kind=filters.choice(actor_kind, *_ACTORS),
            days=int(days) if days in {str(each) for each in filters.WINDOWS} else None,
        )
        ids = [
            id
            for each in listed.items
            for id in (each.partner_id, each.organization_id, each.site_id)
        ]
        names = await tenants.names(connection, ids)
    return frame.page(
        request,
        scope,
        "operator/audit.html",
        entries=change_words.by_day(
            listed.items,
            _BY,
            lambda each: names.get(each.site_id or each.organization_id or each.partner_id, ""),
        ),
        following=filters.following(request, listed.next),
        chosen={
            "text": text,
            "tenant": tenant,
            "object_kind": object_kind,
            "object_id": object_id,
            "actor_kind": actor_kind,
            "days": days,
        },
        objects=_OBJECTS,
        windows=filters.WINDOWS,
    )


@router.get("/chain")
async def chain_page(request: Request, scope: Reader, parts: RuntimeDep) -> Response:
    """Check every entry's hash and say what came of it."""
    async with db.transaction(parts.database, scope) as connection:
        found = await queries.chain(connection)
    return frame.page(request, scope, "operator/audit_chain.html", chain=found)
