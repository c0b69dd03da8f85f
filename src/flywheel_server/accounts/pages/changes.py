"""The audit log of whoever it concerns, on the pages of clients and of partners alike.

Both show the same entries in the same words, each under its own path and of its own people.
"""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.model import audit_words
from flywheel_server.accounts.pages import change_words, filters
from flywheel_server.accounts.queries import tenant_audit as queries
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.accounts.views.tenant_audit import KindFilter
from flywheel_server.core import db
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ClientReader, PartnerReader, RuntimeDep
from flywheel_server.web.pages import frame

clients = APIRouter(prefix="/client/audit", include_in_schema=False)
partners = APIRouter(prefix="/partner/audit", include_in_schema=False)

WINDOWS = (("", "Ever"), ("1", "Last day"), ("7", "Last 7 days"), ("30", "Last 30 days"))
_Text = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a kind of people finds its audit log, and what the others in it are to them."""

    path: str
    # What the entries are about.
    lead: str
    # Whom entries are by, as they are called there.
    actors: dict[str, str]


CLIENTS = Place(
    path="/client/audit",
    lead="Who changed what of your organization, whoever it was.",
    actors={
        "client": "your organization",
        "partner": "your IT partner",
        "operator": "the platform",
        "loop": "the server, by itself",
    },
)
PARTNERS = Place(
    path="/partner/audit",
    lead="Who changed what of you and of the organizations that you look after, whoever it was.",
    actors={
        "partner": "your own people",
        "client": "people of an organization",
        "operator": "the platform",
        "loop": "the server, by itself",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The filters that an address has, as forms send them."""

    site: str
    actor: str
    action: str
    days: str
    text: str

    @property
    def any(self) -> bool:
        """Say whether any of them leaves something out."""
        return bool(self.site or self.actor or self.action or self.days or self.text)


@clients.get("")
async def client_page(
    *,
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    site: _Text = "",
    actor: _Text = "",
    action: _Text = "",
    days: _Text = "",
    text: _Text = "",
) -> Response:
    """List the entries that the filters leave, the newest first."""
    chosen = Chosen(site=site, actor=actor, action=action, days=days, text=text)
    return await _page(request, scope, parts, page, CLIENTS, chosen)


@partners.get("")
async def partner_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    site: _Text = "",
    actor: _Text = "",
    action: _Text = "",
    days: _Text = "",
    text: _Text = "",
) -> Response:
    """List the entries that the filters leave, the newest first."""
    chosen = Chosen(site=site, actor=actor, action=action, days=days, text=text)
    return await _page(request, scope, parts, page, PARTNERS, chosen)


async def _page(
    request: Request,
    scope: ClientReader | PartnerReader,
    parts: RuntimeDep,
    page: pages.Page,
    place: Place,
    chosen: Chosen,
) -> Response:
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.listing(
            connection,
            page,
            SiteFilter(text=filters.text(chosen.site)),
            action=filters.choice(chosen.action, *audit_words.ACTIONS),
            actor_kind=_kind(chosen.actor),
            text=filters.text(chosen.text),
            days=_days(chosen.days),
        )
        sites = await filters.sites(connection)
    return frame.page(
        request,
        scope,
        "changes.html",
        place=place,
        days=change_words.by_day(
            listed.items, place.actors, lambda entry: entry.site.name if entry.site else ""
        ),
        following=filters.following(request, listed.next),
        sites=sites,
        actors=[("", "Anybody"), *((kind, _capital(name)) for kind, name in place.actors.items())],
        actions=[("", "Anything"), *audit_words.ACTIONS.items()],
        windows=WINDOWS,
        chosen=chosen,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _kind(actor: str) -> KindFilter:
    return cast("KindFilter", filters.choice(actor, *CLIENTS.actors))


def _days(days: str) -> int | None:
    known = filters.choice(days, *(value for value, _ in WINDOWS if value))
    return None if known is None else int(known)
