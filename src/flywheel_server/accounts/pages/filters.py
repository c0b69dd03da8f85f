"""What lists read from an address: filters as forms send them, where an empty one is none.

A value that no filter knows is left out, not refused: addresses are kept and edited by people.
"""

import datetime as dt
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from flywheel_server.accounts.store import accounts
from flywheel_server.core import clock
from flywheel_server.core.db import Connection
from flywheel_server.web import keysets as pages
from flywheel_server.web.windows import Window

WINDOWS = (1, 7, 30, 90)
# Rows of a list on one page: on a phone each is as high as a card.
SHOWN = 10
# And where there are several lists on a page.
FEW = 5
_DEFAULT_WINDOW = 30
_MOST_SITES = 500

_Text = Annotated[str, Query(max_length=300)]


def text(value: str) -> str | None:
    """Return what somebody looks for, or None."""
    return value.strip() or None


def choice(value: str, *known: str) -> str | None:
    """Return one of the known values, or None."""
    return value if value in known else None


def yes(value: str) -> bool | None:
    """Return a choice of yes and no, or None for both."""
    return {"yes": True, "no": False}.get(value)


def _window(days: _Text = "") -> Window:
    chosen = int(days) if days in {str(each) for each in WINDOWS} else _DEFAULT_WINDOW
    return window(chosen, clock.now())


WindowDep = Annotated[Window, Depends(_window)]


def window(days: int, until: dt.datetime) -> Window:
    """Return the window of so many days that ends then."""
    return Window(days=days, since=until - dt.timedelta(days=days), until=until)


def short(request: Request, page: pages.Page, limit: int) -> pages.Page:
    """Return a page of fewer rows than elsewhere, unless the address says how many."""
    return page if "limit" in request.query_params else replace(page, limit=limit)


def following(request: Request, cursor: str | None, name: str = "next") -> str | None:
    """Return the address of a list's next page, under the same filters; None on the last one.

    Of several lists on a page, each has its place under a name of its own.
    """
    if cursor is None:
        return None
    kept = [(each, value) for each, value in request.query_params.items() if each != name and value]
    return f"{request.url.path}?{urlencode([*kept, (name, cursor)])}"


def _page(request: Request, page: pages.PageDep) -> pages.Page:
    return short(request, page, SHOWN)


def _part(request: Request, page: pages.PageDep) -> pages.Page:
    return short(request, page, FEW)


# A page of a list, short enough to be read on a phone; of one that has others beside it.
PageDep = Annotated[pages.Page, Depends(_page)]
PartDep = Annotated[pages.Page, Depends(_part)]


async def sites(connection: Connection) -> list[accounts.Site]:
    """Return the sites that the caller may filter by, by name."""
    found = await accounts.list_sites(
        connection,
        after=None,
        partner_id=None,
        organization_id=None,
        text=None,
        limit=_MOST_SITES,
    )
    return sorted(found, key=lambda site: (site.name.lower(), site.slug))
