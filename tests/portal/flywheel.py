"""What operators look at, on a stage: a flywheel that turns, and one that needs somebody."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID, uuid4

from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.loop import runs
from tests import candidates, telemetry
from tests.cast import CastPerson
from tests.portal import stage as stages
from tests.portal.stage import Stage

LOOP = LoopScope(reason="tests write what a failed step leaves")
UNKNOWN = "L2-decision-77"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """What has come of a stage."""

    # A rule that a site's candidate became, as it is known to appliances and to the server.
    rule_id: str
    rule: UUID
    # The platform's count of the candidates' pair.
    pair: UUID


def admin(stage: Stage) -> CastPerson:
    return stage.cast.people["operator admin"]


def viewer(stage: Stage) -> CastPerson:
    return stage.cast.people["operator viewer"]


async def turn_it(stage: Stage) -> Wheel:
    """Let a candidate become a rule that heals."""
    rule_id = await stages.approve(stage, "WS-1")
    await stages.heal(stage, rule_id, 12, failures=4)
    rule = await stages.rule_of(stage, rule_id)
    found = await candidates.rows(stage.database, "SELECT id FROM platform_patterns")
    return Wheel(rule_id=rule_id, rule=rule.id, pair=found[0]["id"])


async def stop_it(stage: Stage, error: str = "UndefinedColumnError: no such column") -> None:
    """Let the loop be silent, a step have failed, an appliance be gone, ids mean nothing."""
    await telemetry.send(stage.http, stage.site, telemetry.executions(3, runbook_id=UNKNOWN))
    await telemetry.turn(stage.http, stage.cast.admin)
    now = clock.now()
    run = runs.Run(
        turn_id=uuid4(),
        holder=uuid4(),
        step="mark_eligible",
        started_at=now,
        ended_at=now + dt.timedelta(milliseconds=40),
        rows_in=7,
        rows_out=0,
        counts={"patterns_evaluated": 7},
        error=error,
    )
    async with db.transaction(stage.database, LOOP) as connection:
        await runs.record(connection, run)
        await connection.execute(
            "INSERT INTO loop_leases (name, holder, expires_at, turn_started_at) "
            "VALUES ('loop', $1, now(), now() - interval '2 days')",
            uuid4(),
        )
        await connection.execute(
            "UPDATE appliances SET last_seen_at = now() - interval '3 days' WHERE id = $1",
            stage.cast.appliance.id,
        )


def paths(stage: Stage, wheel: Wheel) -> list[str]:
    """Return the address of every page about the flywheel itself."""
    waiting = f"/operator/candidates/{stage.waiting['WS-2']}"
    return [
        "/operator/overview",
        "/operator/learning",
        "/operator/learning?text=nothing-has-this",
        f"/operator/learning/{wheel.pair}",
        "/operator/candidates?status=all",
        "/operator/candidates?text=nothing-has-this",
        waiting,
        f"{waiting}/approve",
        "/operator/rules?limit=12",
        "/operator/rules/health",
        "/operator/rules/new",
        f"/operator/rules/{wheel.rule}",
        "/operator/runs?limit=10",
        "/operator/runs?step=housekeeping&failed=yes",
        "/operator/fleet",
        f"/operator/fleet/{stage.site.slug}?orders=all",
    ]
