"""F04: agent rule ids, promoted ids and catalogue ids: most telemetry taught nothing, unseen.

Broken on purpose by leaving `by_runbook` out of `resolve_rule`, and by inserting no colon aliases
in `rules.store.runbooks.aliases_of`: the first test fails; by dropping `WHERE c.rule IS NULL` from
`unresolved_total`: the second.
"""

import httpx

from tests import telemetry
from tests.cast import Cast

NAMES = ("L1-WIN-SEC-SMB1", "RB-WIN-SEC-020", "run_windows_runbook:RB-WIN-SEC-020")


async def test_f04_every_namespace_counts_for_the_same_rule(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for name in NAMES:
        item = telemetry.execution(
            runbook_id=name, incident_type="smb1_protocol", resolution_level="L1"
        )
        await telemetry.send(client, cast.site, [item])

    await telemetry.turn(client, cast.admin)

    rules = await telemetry.items(client, cast.admin, "rules?incident_type=smb1_protocol")
    (rule,) = [rule for rule in rules if rule["rule_id"] == "L1-WIN-SEC-SMB1"]
    assert (rule["match_count"], rule["runbook_id"]) == (3, "RB-WIN-SEC-020")
    assert await telemetry.items(client, cast.admin, "unresolved-ids") == []


async def test_f04_what_teaches_nothing_is_kept_counted_and_shown(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    known = telemetry.execution(
        runbook_id="L1-WIN-SEC-SMB1", incident_type="smb1_protocol", resolution_level="L1"
    )
    strange = telemetry.executions(4, runbook_id="promoted-1a2b3c4d", resolution_level="L1")

    await telemetry.send(client, cast.site, [known, *strange])
    await telemetry.turn(client, cast.admin)

    (row,) = await telemetry.items(client, cast.admin, "unresolved-ids")
    assert (row["reported_id"], row["level"], row["executions"]) == ("promoted-1a2b3c4d", "L1", 4)
    assert "flywheel_unresolved_executions 4.0" in (await client.get("/metrics")).text
