"""The hosts that would share a candidate's rule: searched, and in pages by name."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from flywheel_server.learning.store.candidates import Host
from flywheel_server.learning.views.patterns import CountsView


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


def view(host: Host) -> HostView:
    """Return a host of a candidate's site."""
    return HostView(
        **CountsView.model_validate(host.counts).model_dump(),
        pattern_id=host.pattern_id,
        hostname=host.hostname,
        last_seen_at=host.last_seen_at,
        status=host.state,
    )
