"""The window of whole days that figures are about, labelled with the query's own parameter."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from flywheel_server.core import clock

_TIME = "2026-02-24T10:00:00Z"

_MOST_DAYS = 90


class WindowView(BaseModel):
    """The time that figures are about."""

    days: int = Field(description="How many days.", examples=[30])
    since: dt.datetime = Field(description="From when, UTC.", examples=[_TIME])
    until: dt.datetime = Field(description="Until when, UTC.", examples=[_TIME])
    label: str = Field(description="The same for people.", examples=["last 30 days"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window of whole days that ends now."""

    days: int
    since: dt.datetime
    until: dt.datetime

    @property
    def view(self) -> WindowView:
        """Return it for people, labelled with the number that was asked for."""
        label = "last day" if self.days == 1 else f"last {self.days} days"
        return WindowView(days=self.days, since=self.since, until=self.until, label=label)


def _window(
    days: Annotated[
        int, Query(ge=1, le=_MOST_DAYS, description="How many days back the figures go.")
    ] = 30,
) -> Window:
    now = clock.now()
    return Window(days=days, since=now - dt.timedelta(days=days), until=now)


WindowDep = Annotated[Window, Depends(_window)]
