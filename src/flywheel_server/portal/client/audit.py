"""One's own audit log: who changed what of the organization, whoever it was."""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import db
from flywheel_server.api import pages, tenant_audit
from flywheel_server.api.access import ClientReader, RuntimeDep
from flywheel_server.api.learning_views import SiteFilter
from flywheel_server.api.tenant_audit import KindFilter
from flywheel_server.portal import change_words, filters, frame

router = APIRouter(prefix="/client/audit", include_in_schema=False)

# What entries may be filtered by, with what it is called.
ACTORS = (
    ("", "Anybody"),
    ("client", "Your own people"),
    ("partner", "Your IT partner"),
    ("operator", "The platform's operators"),
    ("loop", "The server by itself"),
)
WINDOWS = (("", "Ever"), ("1", "Last day"), ("7", "Last 7 days"), ("30", "Last 30 days"))
_SHOWN = 25
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def audit_page(
    *,
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: _Text = "",
    actor: _Text = "",
    action: _Text = "",
    days: _Text = "",
    text: _Text = "",
) -> Response:
    """List the entries that the filters leave, the newest first."""
    since = filters.choice(days, *(value for value, _ in WINDOWS if value))
    listed = await tenant_audit.list_client_audit(
        scope=scope,
        parts=parts,
        page=filters.short(request, page, _SHOWN),
        site=SiteFilter(text=filters.text(site)),
        action=filters.choice(action, *change_words.ACTIONS),
        actor_kind=cast(
            "KindFilter", filters.choice(actor, *(value for value, _ in ACTORS if value))
        ),
        days=None if since is None else int(since),
        text=filters.text(text),
    )
    async with db.transaction(parts.database, scope) as connection:
        sites = await filters.sites(connection)
    return frame.page(
        request,
        scope,
        "client/audit.html",
        entries=[(entry, change_words.told(entry)) for entry in listed.items],
        following=filters.following(request, listed.next),
        sites=sites,
        actors=ACTORS,
        actions=[("", "Anything"), *change_words.ACTIONS.items()],
        windows=WINDOWS,
        chosen={"site": site, "actor": actor, "action": action, "days": days, "text": text},
    )
