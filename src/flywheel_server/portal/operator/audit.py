"""The audit: who changed what, with the old and the new, and whether its chain holds."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import db
from flywheel_server.api import admin_audit, pages
from flywheel_server.api.access import Reader, RuntimeDep
from flywheel_server.portal import filters, frame, words
from flywheel_server.store import tenants

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
_LONGEST_VALUE = 400
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def audit_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: _Text = "",
    tenant: _Text = "",
    object_kind: _Text = "",
    object_id: _Text = "",
    actor_kind: _Text = "",
    days: _Text = "",
) -> Response:
    """List the entries that the filters leave, the newest first."""
    listed = await admin_audit.list_audit(
        scope=scope,
        parts=parts,
        page=page,
        text=filters.text(text),
        tenant=filters.text(tenant),
        object_kind=filters.choice(object_kind, *_OBJECTS),
        object_id=filters.text(object_id),
        actor_kind=filters.choice(actor_kind, *_ACTORS),  # type: ignore[arg-type]
        days=int(days) if days in {str(each) for each in filters.WINDOWS} else None,
    )
    async with db.transaction(parts.database, scope) as connection:
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
        entries=listed.items,
        changes={each.id: changes(each.before, each.after) for each in listed.items},
        names=names,
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
    found = await admin_audit.check_chain(scope, parts)
    return frame.page(request, scope, "operator/audit_chain.html", chain=found)


def changes(
    before: dict[str, Any] | None, after: dict[str, Any] | None
) -> list[tuple[str, str | None, str | None]]:
    """Return what differs: its name, the old and the new; None where there was or is nothing."""
    old, new = before or {}, after or {}
    return [
        (name.replace("_", " "), _written(name, old), _written(name, new))
        for name in [*old, *(each for each in new if each not in old)]
        if old.get(name) != new.get(name)
    ]


def _written(name: str, values: dict[str, Any]) -> str | None:
    if name not in values:
        return None
    value = values[name]
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif value is None:
        text = "nothing"
    elif isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        text = ", ".join(str(each) for each in value)
    elif isinstance(value, dict | list):
        text = words.pretty(value)
    else:
        text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
