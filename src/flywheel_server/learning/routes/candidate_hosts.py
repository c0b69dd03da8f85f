"""The hosts that would share a candidate's rule: searched, and in pages by name."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from flywheel_server.core.db import Connection
from flywheel_server.learning.routes.operator_learning import CountsView
from flywheel_server.learning.store import candidates
from flywheel_server.learning.store.candidates import Candidate, Host
from flywheel_server.web import keysets as pages

_SHOWN = 50


class HostView(CountsView):
    """A host that would share the rule."""

    pattern_id: str = Field(description="Its own pattern.", examples=["9f86d081884c7d65"])
    hostname: str = Field(description="Its name.", examples=["WS-TEST-2"])
    last_seen_at: dt.datetime = Field(
        description="Last occurrence, UTC.", examples=["2026-02-24T10:00:00Z"]
    )
    status: str = Field(description="Its pattern's state.", examples=["eligible"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of the hosts are asked for."""

    text: str | None = None
    cursor: str | None = None


# Where hosts are not looked at.
FIRST = Wanted()


def _wanted(
    host: Annotated[
        str, Query(max_length=300, description="Only hosts with this in their name.")
    ] = "",
    hosts_next: Annotated[
        str, Query(max_length=2_000, description="`hosts_next` of the page before.")
    ] = "",
) -> Wanted:
    return Wanted(text=host.strip() or None, cursor=hosts_next or None)


WantedDep = Annotated[Wanted, Depends(_wanted)]


async def read(
    connection: Connection, candidate: Candidate, wanted: Wanted
) -> pages.Listing[HostView]:
    """Return the wanted hosts of a candidate's site with the same type and runbook."""
    page = pages.Page(limit=_SHOWN, cursor=wanted.cursor)
    rows = await candidates.hosts(
        connection, candidate, text=wanted.text, after=page.after(str), limit=page.limit + 1
    )
    return pages.listing(rows, page, lambda row: (row.hostname,), _view)


def _view(host: Host) -> HostView:
    return HostView(
        **CountsView.model_validate(host.counts).model_dump(),
        pattern_id=host.pattern_id,
        hostname=host.hostname,
        last_seen_at=host.last_seen_at,
        status=host.state,
    )
