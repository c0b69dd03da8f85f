"""What needs a person at a partner's own sites: of operators' alarms, those about these sites."""

from fastapi import APIRouter

from flywheel_server.core import clock, db
from flywheel_server.evidence.routes import evidence_alarms
from flywheel_server.fleet.model import appliances
from flywheel_server.fleet.routes import site_alarms
from flywheel_server.overview.routes.alarms import AlarmsView
from flywheel_server.rules.queries import alarms as rule_alarms, deliveries as queries
from flywheel_server.rules.store import deliveries as stored
from flywheel_server.rules.views import deliveries
from flywheel_server.rules.views.alarms import AlarmView
from flywheel_server.web.access import PartnerReader, RuntimeDep

router = APIRouter(prefix="/api/partners/me/alarms", tags=["partners: fleet"])

_MOST_SHOWN = 200


@router.get("")
async def alarms(scope: PartnerReader, parts: RuntimeDep) -> AlarmsView:
    """Return what needs a person at the partner's sites, each with what ends it."""
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        stuck = await stored.stuck(connection, _MOST_SHOWN)
        total = await stored.stuck_total(connection)
        left = await queries.still_running(connection, now, _MOST_SHOWN)
        silent = await stored.silent(connection, now - appliances.SILENT_AFTER, _MOST_SHOWN)
        of_rules = await rule_alarms.waiting(connection, _MOST_SHOWN)
        troubles = await site_alarms.found(connection, now, _MOST_SHOWN)
        troubles += await evidence_alarms.found(connection, now, _MOST_SHOWN, for_operators=False)
    items = [
        *map(deliveries.not_running, stuck),
        *left,
        *(AlarmView(**each) for each in of_rules),
        *map(deliveries.silent_appliance, silent),
        *(AlarmView(**each) for each in troubles),
    ]
    return AlarmsView(items=items, rules_not_running=total)
