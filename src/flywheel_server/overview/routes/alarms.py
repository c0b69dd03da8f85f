"""Everything that needs a person, for operators: each room says what it knows."""

import datetime as dt

from fastapi import APIRouter, Request
from pydantic import Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.core import agents, clock, db
from flywheel_server.evidence.routes import evidence_alarms
from flywheel_server.fleet.model import appliances
from flywheel_server.fleet.routes import clock_alarms, site_alarms
from flywheel_server.overview.routes import flywheel_alarms
from flywheel_server.rules.queries import alarms as rule_alarms, deliveries as queries
from flywheel_server.rules.store import deliveries as stored
from flywheel_server.rules.views import deliveries
from flywheel_server.rules.views.alarms import AlarmView
from flywheel_server.web.access import Reader, RuntimeDep

router = APIRouter(tags=["delivery"])

_MOST_SHOWN = 500
# Without its loop the server notices nothing else either.
_FIRST = frozenset({"loop_silent", "step_failed"})
_EXECUTIONS_LOOKED_FOR = dt.timedelta(days=2)


class AlarmsView(View):
    """Everything that needs a person now."""

    items: list[AlarmView] = Field(description="The longest lasting first, of each kind.")
    rules_not_running: int = Field(
        description="How many there are, also beyond those shown.", examples=[0]
    )


@router.get("/api/admin/alarms")
async def alarms(request: Request, scope: Reader, parts: RuntimeDep) -> AlarmsView:
    """Return what needs a person: the loop, rules that do not run, silence, evidence, webhooks."""
    now = clock.now()
    silent_since = now - appliances.SILENT_AFTER
    async with db.transaction(parts.database, scope) as connection:
        stuck = await stored.stuck(connection, _MOST_SHOWN)
        total = await stored.stuck_total(connection)
        left = await queries.still_running(connection, now, _MOST_SHOWN)
        silent = await stored.silent(connection, silent_since, _MOST_SHOWN)
        endpoints = await stored.endpoints(
            connection, now - _EXECUTIONS_LOOKED_FOR, agents.NEVER_PULLS
        )
        # The application tells its steps.
        steps = list(request.app.state.step_names)
        wheel = await flywheel_alarms.found(connection, parts, steps, now, _MOST_SHOWN)
        of_rules = await rule_alarms.waiting(connection, _MOST_SHOWN, for_operators=True)
        troubles = await site_alarms.found(connection, now, _MOST_SHOWN)
        troubles += await evidence_alarms.found(connection, now, _MOST_SHOWN, for_operators=True)
        troubles += await clock_alarms.found(connection, _MOST_SHOWN)
    items = [
        *(AlarmView(**each) for each in wheel if each["kind"] in _FIRST),
        *map(deliveries.not_running, stuck),
        *left,
        *(AlarmView(**each) for each in of_rules),
        *map(deliveries.silent_appliance, silent),
        *deliveries.silent_endpoints(endpoints, silent_since),
        *(AlarmView(**each) for each in troubles),
        *(AlarmView(**each) for each in wheel if each["kind"] not in _FIRST),
    ]
    return AlarmsView(items=items, rules_not_running=total)
