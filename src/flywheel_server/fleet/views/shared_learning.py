"""Whether an organization's counts enter what the platform learns, and changing it."""

import datetime as dt

from pydantic import Field

from flywheel_server.accounts.views.bodies import OperatorBody, View

_TIME = "2026-02-24T10:00:00Z"


class SharedLearning(View):
    """Whether your organization's counts enter the platform's aggregates."""

    contributes: bool = Field(
        description="Counts only: no host, site or organization name ever leaves.", examples=[True]
    )
    contributes_changed_at: dt.datetime = Field(description="Since when.", examples=[_TIME])


class SharedLearningChange(OperatorBody):
    """What to change it to."""

    contributes: bool = Field(
        description="False takes past counts out too, with the loop's next turn.", examples=[False]
    )
