"""The flywheel at a glance, for operators. Each figure's label is made from its own window."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.core import clock, db
from flywheel_server.executions.routes import healing_views
from flywheel_server.executions.routes.healing_views import TotalsView
from flywheel_server.executions.store.healing import LevelTotal
from flywheel_server.loop import runs
from flywheel_server.loop.routes import RunView
from flywheel_server.overview import store as overview
from flywheel_server.overview.routes import health
from flywheel_server.web.access import Reader, RuntimeDep
from flywheel_server.web.windows import WindowDep, WindowView

router = APIRouter(prefix="/api/admin/flywheel", tags=["operators"])


class Levels(View):
    """Executions by the level that healed."""

    L1: int = Field(description="Healed by a rule on the appliance.", examples=[412])
    L2: int = Field(description="Healed by what a planner picked.", examples=[161])
    L3: int = Field(description="Left to a person.", examples=[4])


class Overview(View):
    """Counts of the whole platform."""

    window_seconds: int = Field(description="How far back `recent` reaches.", examples=[60])
    recent: Levels = Field(description="Executions received within the window.")
    l1_folded: int = Field(
        description="L1 executions that the loop has counted so far.", examples=[20_412]
    )
    l1_unresolved: int = Field(
        description="Those of them whose id resolves to no rule: they teach nothing.", examples=[3]
    )
    l2_folded: int = Field(
        description="L2 executions that the loop has counted so far.", examples=[5_161]
    )
    patterns: int = Field(description="Patterns, from their first execution on.", examples=[311])
    eligible: int = Field(description="Patterns that wait for a decision.", examples=[6])
    platform_rules: int = Field(description="Enabled rules of the platform.", examples=[9])


class FunnelView(View):
    """What learning has come to, as it stands now."""

    patterns: int = Field(description="Patterns, from their first execution on.", examples=[311])
    eligible: int = Field(description="Patterns that wait for a decision.", examples=[6])
    approved: int = Field(description="Learnt rules in force.", examples=[20])
    delivered: int = Field(description="Those that some appliance has.", examples=[19])
    running: int = Field(description="Those proven to run somewhere.", examples=[18])
    succeeding: int = Field(description="Those that healed somewhere.", examples=[15])


class DecidedView(View):
    """What was decided in a window."""

    approved: int = Field(description="Candidates approved, by people and the loop.", examples=[3])
    rejected: int = Field(description="Candidates rejected.", examples=[1])
    withdrawn: int = Field(description="Rules withdrawn for failing.", examples=[0])


class LevelDayView(View):
    """What was first received at one level on one day."""

    day: dt.date = Field(description="The day, UTC.", examples=["2026-02-24"])
    level: str = Field(description="L1, L2 or L3", examples=["L1"])
    successes: int = Field(description="Attempts that healed.", examples=[18])
    failures: int = Field(description="Attempts that failed.", examples=[2])
    not_attempted: int = Field(description="Never tried: part of no rate.", examples=[0])


class Spell(View):
    """What happened in a window."""

    window: WindowView = Field(description="The time that this is about: whole UTC days.")
    healing: TotalsView = Field(description="Executions, as far as the loop has counted.")
    decided: DecidedView = Field(description="Decisions.")


class WheelView(View):
    """The flywheel: from executions to rules that heal, and how that changes."""

    funnel: FunnelView = Field(description="How things stand, whatever the window.")
    now: Spell = Field(description="The window, today included.")
    before: Spell = Field(description="As many days before it.")
    days: list[LevelDayView] = Field(description="The window by day and level.")
    counted_at: dt.datetime | None = Field(
        description="When the loop last counted what came in; null: never."
    )


class LoopView(View):
    """How the loop turns."""

    silent: bool = Field(description="No turn started for three intervals.", examples=[False])
    seconds_since_turn: float | None = Field(
        description="Since any process last started a turn; null: none ever did.", examples=[12.5]
    )
    interval_seconds: float = Field(description="How often it should turn.", examples=[60])
    holder: UUID | None = Field(description="The process that turns it.", examples=[None])
    steps: list[RunView] = Field(description="The newest run of each step, in their order.")


@router.get("/wheel")
async def read_wheel(scope: Reader, parts: RuntimeDep, window: WindowDep) -> WheelView:
    """Say how far learning has come, and what happened in the window and the one before."""
    today = window.until.astimezone(dt.UTC).date()
    first = today - dt.timedelta(days=window.days - 1)
    earlier = first - dt.timedelta(days=window.days)
    async with db.transaction(parts.database, scope) as connection:
        days = await overview.days(connection, earlier, today)
        start = _midnight(first)
        now = await overview.decided(connection, start, window.until)
        before = await overview.decided(connection, _midnight(earlier), start)
        funnel = await overview.funnel(connection)
        counted_at = await overview.counted_at(connection)
    shown = [day for day in days if day.day >= first]
    past = [day for day in days if day.day < first]
    label = window.view.label
    return WheelView(
        funnel=FunnelView.model_validate(funnel),
        now=Spell(
            window=WindowView(days=window.days, since=start, until=window.until, label=label),
            healing=_totals(shown),
            decided=DecidedView.model_validate(now),
        ),
        before=Spell(
            window=WindowView(
                days=window.days,
                since=_midnight(earlier),
                until=start,
                label=f"{label} before",
            ),
            healing=_totals(past),
            decided=DecidedView.model_validate(before),
        ),
        days=[LevelDayView.model_validate(day) for day in shown],
        counted_at=counted_at,
    )


@router.get("/loop")
async def read_loop(request: Request, scope: Reader, parts: RuntimeDep) -> LoopView:
    """Say whether the loop turns, and how the newest run of each step went."""
    # The loop is a door like this one and unknown here: the application tells its steps.
    steps = list(request.app.state.step_names)
    async with db.transaction(parts.database, scope) as connection:
        status = await runs.status(connection)
        newest = await runs.newest(connection, steps)
    since = None if status is None else status.seconds_since_turn
    return LoopView(
        silent=health.silent(parts, since),
        seconds_since_turn=since,
        interval_seconds=parts.settings.loop_interval,
        holder=None if status is None else status.holder,
        steps=[RunView.model_validate(run) for run in newest],
    )


@router.get("/overview")
async def read(
    scope: Reader,
    parts: RuntimeDep,
    window_seconds: Annotated[
        int, Query(ge=1, le=3_600, description="How far back `recent` reaches.")
    ] = 60,
) -> Overview:
    """Say how much came in, at which level, and what it has taught so far."""
    since = clock.now() - dt.timedelta(seconds=window_seconds)
    async with db.transaction(parts.database, scope) as connection:
        found = await overview.get(connection, since)
    return Overview(
        window_seconds=window_seconds,
        recent=Levels(L1=found.l1_recent, L2=found.l2_recent, L3=found.l3_recent),
        l1_folded=found.l1_folded,
        l1_unresolved=found.l1_unresolved,
        l2_folded=found.l2_folded,
        patterns=found.patterns,
        eligible=found.eligible,
        platform_rules=found.platform_rules,
    )


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def _totals(days: list[overview.Day]) -> TotalsView:
    return healing_views.totals([_total(level, days) for level in ("L1", "L2", "L3")])


def _total(level: str, days: list[overview.Day]) -> LevelTotal:
    found = [each for each in days if each.level == level]
    return LevelTotal(
        level=level,
        successes=sum(each.successes for each in found),
        failures=sum(each.failures for each in found),
        not_attempted=sum(each.not_attempted for each in found),
        claimed_successes=sum(each.claimed_successes for each in found),
        claimed_failures=sum(each.claimed_failures for each in found),
    )
