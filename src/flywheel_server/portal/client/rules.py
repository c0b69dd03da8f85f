"""The rules that heal at one's own sites: where each came from, and how it does there."""

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import db
from flywheel_server.api import client_healing
from flywheel_server.api.access import ClientReader, RuntimeDep
from flywheel_server.api.client_healing import SourceFilter
from flywheel_server.api.learning_views import SiteFilter
from flywheel_server.portal import filters, frame

router = APIRouter(prefix="/client/rules", include_in_schema=False)

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
    listed = await client_healing.list_rules(
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
    return frame.page(
        request,
        scope,
        "client/rules.html",
        rules=listed.items,
        following=filters.following(request, listed.next),
        sites=sites,
        sources=SOURCES,
        chosen={"site": site, "source": source, "enabled": enabled, "text": text},
    )
