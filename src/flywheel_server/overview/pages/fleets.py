"""Sites and appliances, for whoever looks after them: partners their own, operators everybody's.

Each kind of people has its own paths, which a ``Place`` tells the templates; the rest is the same.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import agents, clock, db, errors
from flywheel_server.core.scope import OperatorScope, PartnerScope
from flywheel_server.executions.routes import healing_logs, orders
from flywheel_server.executions.routes.healing_views import HealingLog
from flywheel_server.executions.routes.orders import IssuedView, OrderBody
from flywheel_server.fleet.model import appliances as fleet_appliances, quotas, reported
from flywheel_server.fleet.routes import clock_alarms, operator_sites as admin_sites, site_alarms
from flywheel_server.fleet.routes.operator_sites import ModeBody, ModeView
from flywheel_server.fleet.store import appliance_views, fleet, quotas as stored_quotas
from flywheel_server.orders import store as stored_orders
from flywheel_server.orders.model import orders as ordered
from flywheel_server.policy import store as policies
from flywheel_server.rules.views.alarms import AlarmView
from flywheel_server.web import keysets as pages
from flywheel_server.web.pages import asking, forms, frame, words
from flywheel_server.web.pages.asking import Question
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.windows import Window

MODES = (("auto", "Auto"), ("manual", "Manual"), ("disabled", "Off"))
# What may be ordered from a page: kinds that need nothing more to be said.
ORDERS = (
    ("sync_rules", "Fetch its rules anew"),
    ("run_drift", "Look for drift now"),
    ("force_checkin", "Check in now"),
    ("restart_agent", "Restart its agent"),
)
# What becomes of an order that is taken back, by how far it is, and by what it was to do.
_TAKEN_BACK = {
    "pending": "The appliance has not begun it.",
    "acknowledged": "The appliance has acknowledged it: what it began already it may still finish.",
}
_WITHOUT: dict[ordered.Kind, str] = {
    "healing": "The incident stays as it is, unless somebody or a rule heals it.",
    "sync_promoted_rule": "The rule comes then only to agents that fetch their rules themselves; "
    "to the others a person has to order it.",
}
_FIRST = pages.Page(limit=filters.FEW, cursor=None)

Text = Annotated[str, Query(max_length=300)]
Shown = Annotated[str, Query(alias="orders", max_length=20)]
# By its id, or as its appliances call it: alarms know only that.
SiteRef = Annotated[str, Path(max_length=300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a site is asked for: words in its appliances and orders, where a page begins."""

    text: str
    cursor: str
    order: str


def wanted(
    appliance: Text = "", behind: Annotated[str, Query(max_length=2_000)] = "", order: Text = ""
) -> Wanted:
    """Return what an address says of the lists of appliances and orders."""
    return Wanted(text=appliance, cursor=behind, order=order)


WantedDep = Annotated[Wanted, Depends(wanted)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a kind of people finds sites, and what belongs to a site."""

    root: str
    # Label and address of what else there is of a site; ``{id}`` and ``{slug}`` stand for its own.
    links: tuple[tuple[str, str], ...]
    # What an empty list says of how it fills.
    empty: str
    # Such links for those alone who may change things.
    deeds: tuple[tuple[str, str], ...] = ()

    def site(self, id: UUID) -> str:
        """Return the address of a site's page."""
        return f"{self.root}/{id}"

    def links_of(self, site: fleet.SiteRow, *, may_change: bool) -> list[tuple[str, str]]:
        """Return label and address of what else there is of a site."""
        links = self.links + (self.deeds if may_change else ())
        return [(label, path.format(id=site.id, slug=site.slug)) for label, path in links]


async def sites_page(
    request: Request,
    scope: OperatorScope | PartnerScope,
    parts: Runtime,
    page: pages.Page,
    place: Place,
    text: str,
    alarms: Sequence[AlarmView] = (),
) -> Response:
    """List the sites with what their appliances say, under what needs a person."""
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        rows = await fleet.sites(
            connection,
            text=filters.text(text),
            after=page.after(str),
            seen_since=now - fleet_appliances.SILENT_AFTER,
            limit=page.limit + 1,
        )
    listed = pages.listing(rows, page, lambda row: (row.slug,), lambda row: row)
    return frame.page(
        request,
        scope,
        "fleet.html",
        place=place,
        sites=listed.items,
        alarms=alarms,
        following=filters.following(request, listed.next),
        chosen={"text": text},
    )


async def site_page(
    request: Request,
    scope: OperatorScope | PartnerScope,
    parts: Runtime,
    page: pages.Page,
    window: Window,
    place: Place,
    ref: str,
    *,
    only_open: bool,
    wanted: Wanted,
) -> Response:
    """Show a site: its appliances, their orders, and what was healed there."""
    shown = pages.Page(limit=filters.FEW, cursor=wanted.cursor or None)
    now = clock.now()
    before = page.after_all(dt.datetime, str)
    async with db.transaction(parts.database, scope) as connection:
        known = await accounts.find_site(connection, ref)
        found = [] if known is None else await _sites(connection, known.id, now)
        if not found:
            raise errors.NotFound("There is no such site: choose one from the fleet.")
        id = found[0].id
        appliances = await appliance_views.page(
            connection,
            id,
            text=filters.text(wanted.text),
            after=shown.after(UUID),
            limit=shown.limit + 1,
        )
        rows = await fleet.orders(
            connection,
            id,
            only_open=only_open,
            text=filters.text(wanted.order),
            before=cast("tuple[dt.datetime, str] | None", before),
            limit=page.limit + 1,
        )
        policy = await policies.in_force(connection)
        used = await stored_quotas.of_site(connection, found[0].id, policy, now)
        alarms = await site_alarms.of_site(connection, found[0].id, now)
    listed = pages.listing(rows, page, lambda row: (row.created_at, row.id), lambda row: row.id)
    present = pages.listing(appliances, shown, lambda row: (row.id,), lambda row: row)
    return frame.page(
        request,
        scope,
        "site.html",
        place=place,
        site=found[0],
        appliances=sorted(present.items, key=lambda each: (each.hostname, each.wire_id)),
        more_appliances=filters.following(request, present.next, "behind"),
        sought=wanted.text,
        orders=rows[: page.limit],
        following=filters.following(request, listed.next),
        only_open=only_open,
        sought_order=wanted.order,
        log=await _log(parts, scope, window, id),
        modes=MODES,
        kinds=ORDERS,
        tiers=("standard", "full_coverage"),
        state=reported.state,
        agent_of=agents.of,
        cautions=lambda version: ordered.caution("healing", [version]),
        silent_since=now - fleet_appliances.SILENT_AFTER,
        alarms=alarms,
        quotas=used,
        quota_words=quotas.WORDS,
        clock_off=clock_alarms.words,
    )


async def set_mode(
    request: Request,
    scope: OperatorScope | PartnerScope,
    parts: Runtime,
    place: Place,
    id: UUID,
    appliance_id: UUID,
) -> Response:
    """Set what an appliance does when no rule matches."""
    given = await forms.texts(request)
    deed = _set_mode(scope, parts, id, appliance_id, given)
    return await forms.attempt(place.site(id), deed, _mode_set)


async def issue_order(
    request: Request, scope: OperatorScope | PartnerScope, parts: Runtime, place: Place, id: UUID
) -> Response:
    """Order an appliance of a site to do something."""
    given = await forms.texts(request)
    return await forms.attempt(place.site(id), _issue(scope, parts, id, given), _issued)


async def ask_cancel_order(
    request: Request,
    scope: OperatorScope | PartnerScope,
    parts: Runtime,
    place: Place,
    id: UUID,
    order_id: str,
) -> Response:
    """Ask before an order is taken back."""
    async with db.transaction(parts.database, scope) as connection:
        found = await fleet.orders(
            connection, id, only_open=False, text=order_id, before=None, limit=filters.FEW
        )
    order = next((each for each in found if each.id == order_id), None)
    if order is None:
        raise errors.NotFound("The site has no such order: choose one from its page.")
    if order.state not in ordered.LIVE:
        return frame.go(
            place.site(id),
            f"The order is {order.state} already: it cannot be taken back.",
            kind="trouble",
        )
    question = Question(
        title=f"Take back: {words.spaced(order.order_type)}",
        final="This is final: the order is not handed out again, nor issued anew by itself.",
        then=" ".join(filter(None, (_TAKEN_BACK[order.state], _WITHOUT.get(order.kind)))),
        verb="Take back the order",
        back=place.site(id),
        fields={"order_id": order.id},
    )
    return asking.page(request, scope, question)


async def cancel_order(
    request: Request, scope: OperatorScope | PartnerScope, parts: Runtime, place: Place, id: UUID
) -> Response:
    """Take back an order of this site."""
    given = await forms.texts(request)
    async with db.transaction(parts.database, scope) as connection:
        found = await stored_orders.lock(connection, given.get("order_id", ""))
    if found is None or found.site_id != id:
        raise errors.NotFound("The site has no such order: take one from its list.")
    return await forms.attempt(
        place.site(id),
        orders.cancel(scope, parts, given.get("order_id", "")),
        "The order is taken back. What the appliance began already it may still finish.",
    )


async def _sites(connection: db.Connection, id: UUID, now: dt.datetime) -> list[fleet.SiteRow]:
    return await fleet.sites(
        connection, id=id, seen_since=now - fleet_appliances.SILENT_AFTER, limit=1
    )


async def _log(
    parts: Runtime, scope: OperatorScope | PartnerScope, window: Window, id: UUID
) -> HealingLog:
    return await healing_logs.read(
        parts,
        scope,
        _FIRST,
        window,
        SiteFilter(text=str(id)),
        success=None,
        level=None,
        incident_type=None,
        hostname=None,
    )


async def _set_mode(
    scope: OperatorScope | PartnerScope,
    parts: Runtime,
    id: UUID,
    appliance_id: UUID,
    given: dict[str, str],
) -> ModeView:
    body = forms.checked(ModeBody, {"l2_mode": given.get("l2_mode", "")})
    return await admin_sites.set_l2_mode(scope, parts, str(id), str(appliance_id), body)


async def _issue(
    scope: OperatorScope | PartnerScope, parts: Runtime, id: UUID, given: dict[str, str]
) -> IssuedView:
    if given.get("kind") not in dict(ORDERS):
        raise errors.InvalidInput("Choose what the appliance shall do.")
    body = forms.checked(OrderBody, {"kind": given["kind"]})
    return await orders.issue(scope, parts, str(id), given.get("appliance_id", ""), body)


def _issued(order: IssuedView) -> str:
    return (
        f"Ordered. {order.appliance_id} is told at its next check-in, and the order stands below "
        "until it is done."
    )


def _mode_set(mode: ModeView) -> str:
    word = dict(MODES)[cast("str", mode.l2_mode.desired)]
    caution = f" {mode.caution}" if mode.caution else ""
    if mode.l2_mode.state == "applied":
        return f"{mode.appliance_id} runs L2 mode {word}.{caution}"
    return (
        f"{mode.appliance_id} is told L2 mode {word} at its next check-in: pending until then."
        f"{caution}"
    )
