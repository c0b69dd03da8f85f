"""F72: an alarm that no remedy ended. Each names one, and a test carries it out.

For ids that mean nothing and rules that still run, in the field tests named here; broken on purpose
as they say.
"""

import httpx

from flywheel_server.core import db
from tests import deliveries as walk, parts
from tests.cast import Cast
from tests.field import reports
from tests.field.test_delivery_withdrawal import alarms, deliver, fire, mark
from tests.field.test_registry_set_aside import alarms as unresolved, put_aside, report
from tests.rules.test_agent_sync import add, learnt, switch


async def test_f72_what_an_alarm_says_to_do_ends_it(client: httpx.AsyncClient, cast: Cast) -> None:
    database: db.Database = parts.of(client).database
    rule = await add(database, learnt(scope="site", scope_id=cast.site.id))
    await deliver(client, cast.appliance, walk.PYTHON)
    await switch(database, rule, enabled=False)
    await fire(client, cast, rule, walk.PYTHON)
    await report(client, cast, 3)
    (runs,), (unknown,) = await alarms(client, cast), await unresolved(client, cast)
    assert "mark the file as removed here" in runs["what_to_do"]
    assert "Set aside, with a reason" in unknown["what_to_do"]

    assert (await mark(client, cast, rule)).status_code == 200
    assert (await put_aside(client, cast)).status_code == 200

    assert await alarms(client, cast) == await unresolved(client, cast) == []


async def test_f72_a_daemons_compiled_rule_is_no_alarm_at_all(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await reports.send(client, cast.site, reports.older("L1-WIN-GUEST-001", "guest_account"))
    await walk.turn(client)
    assert await unresolved(client, cast) == []
