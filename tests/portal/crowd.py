"""A stage with something on every list, and with more than one of what can be decided once."""

from flywheel_server.core import db
from flywheel_server.core.scope import LoopScope
from tests import bundles, candidates, cast as people, hooks, planning, telemetry
from tests.evidence.test_anchor_evidence import settings_of, turn
from tests.portal import administration, flywheel
from tests.portal.stage import Stage

_LOOP = LoopScope(reason="a stage has what only time would bring")
_HOSTS = tuple(f"SRV-{number}" for number in range(1, 9))


async def gather(stage: Stage) -> None:
    """Fill every list."""
    cast = stage.cast
    await candidates.make_candidates(stage.database, [stage.site, cast.neighbour], _HOSTS)
    await candidates.forward(stage.database, stage.site, stage.waiting["WS-2"])
    rejected = await candidates.make_candidates(
        stage.database, [stage.site, cast.neighbour], ["OLD-1", "OLD-2", "OLD-3"]
    )
    await candidates.be_rejected(
        stage.database, [id for by_host in rejected.values() for id in by_host.values()]
    )
    await candidates.make_platform_rule(stage.database, "printer_offline")
    await candidates.make_alarm(stage.database, cast.neighbour)
    await candidates.make_quarantine(stage.database, cast.partners[0].organizations[1].standard)
    await flywheel.turn_it(stage)
    await candidates.make_doubtful_pair(stage.database)
    await leave(stage)
    await administration.fill(stage)
    own = await people.make_appliance(stage.database, cast.neighbour)
    for appliance in (cast.appliance, own) * 3:
        await planning.make_waiting(stage.database, appliance)
    # That of operators is there already.
    await hooks.make_endpoint(stage.database, candidates.partner(stage.site))
    for appliance in (cast.appliance, own):
        agent = await bundles.agent_of(stage.database, appliance)
        await bundles.submitted(stage.database, agent)
    await turn(stage.database, settings_of(None))
    await flywheel.stop_it(stage)
    for person in cast.people.values():
        await people.sign_in(stage.database, person.email)
    async with db.transaction(stage.database, _LOOP) as connection:
        await connection.execute("UPDATE webhook_deliveries SET state = 'dead'")
        await connection.execute(
            "UPDATE evidence_anchors SET state = 'failed', problem = 'no block'"
        )


async def leave(stage: Stage) -> None:
    """Let a rule run on though it was switched off."""
    rule_id = await candidates.make_promoted_rule(stage.database, stage.site, enabled=False)
    report = telemetry.execution(
        incident_type="print_queue_stuck", runbook_id=rule_id, resolution_level="L1"
    )
    await telemetry.send(stage.http, stage.site, [report])
    await telemetry.turn(stage.http, stage.cast.admin)
