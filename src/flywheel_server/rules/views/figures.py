"""Where a rule heals and where it does not, as operators see it."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from pydantic import Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store.rule_health import Figure
from flywheel_server.rules.views.rules import SuccessView

_TIME = "2026-02-24T10:00:00Z"
_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"


class SiteFigure(SuccessView):
    """How the rule did on one site."""

    site_id: str | None = Field(description="What its appliances call it.", examples=["clinic-1"])
    id: UUID | None = Field(description="The site's id in this server.", examples=[_UUID])


class HostFigure(SuccessView):
    """How the rule did on one host."""

    site_id: str | None = Field(description="The host's site.", examples=["clinic-1"])
    hostname: str | None = Field(description="The host.", examples=["WS-07"])


class CategoryFigure(SuccessView):
    """How often attempts ended with one category of error."""

    error_category: str | None = Field(
        description="As the appliance named it; null: it named none.", examples=["timeout"]
    )


class WeekFigure(SuccessView):
    """How the rule did in one week."""

    week: dt.datetime | None = Field(description="The week's Monday, UTC.", examples=[_TIME])


class FiguresView(View):
    """Attempts of a watched rule that began in the window; chaos tests are left out."""

    rule_id: str = Field(description="The rule's id on appliances.", examples=["L1-FIREWALL-002"])
    watched: bool = Field(
        description="Whether attempts are kept by rule: those of promoted and platform rules are.",
        examples=[True],
    )
    since: dt.datetime = Field(description="Where the window starts.", examples=[_TIME])
    until: dt.datetime = Field(description="Where it ends.", examples=[_TIME])
    total: SuccessView = Field(description="All of them.")
    by_site: list[SiteFigure] = Field(description="The fifty sites with most failures.")
    by_host: list[HostFigure] = Field(description="The fifty hosts with most failures.")
    by_error_category: list[CategoryFigure] = Field(
        description="The fifty categories with most failures."
    )
    by_week: list[WeekFigure] = Field(description="Week by week, the oldest first.")


def view(
    rule: Rule, figures: Sequence[Figure], since: dt.datetime, until: dt.datetime
) -> FiguresView:
    """Return a rule's attempts between two times, by site, host, error category and week."""
    total = next((each for each in figures if each.kind == "total"), None)
    return FiguresView(
        rule_id=rule.rule_id,
        watched=rule.source in {"promoted", "platform"},
        since=since,
        until=until,
        total=SuccessView(
            successes=total.successes if total else 0, attempts=total.attempts if total else 0
        ),
        by_site=[
            SiteFigure(site_id=each.slug, id=each.site_id, **_counts(each))
            for each in _of(figures, "site")
        ],
        by_host=[
            HostFigure(site_id=each.slug, hostname=each.hostname, **_counts(each))
            for each in _of(figures, "host")
        ],
        by_error_category=[
            CategoryFigure(error_category=each.error_category, **_counts(each))
            for each in _of(figures, "error_category")
        ],
        by_week=[WeekFigure(week=each.week, **_counts(each)) for each in _of(figures, "week")],
    )


def _of(figures: Sequence[Figure], kind: str) -> list[Figure]:
    return [each for each in figures if each.kind == kind]


def _counts(figure: Figure) -> dict[str, int]:
    return {"successes": figure.successes, "attempts": figure.attempts}
