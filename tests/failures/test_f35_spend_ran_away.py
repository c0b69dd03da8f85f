"""F35: no cache, no budget. Both are the gateway's, and hold under a storm of incidents.

Broken on purpose: without the guard of the statement ``reserve``, the storm gets through.
"""

import asyncio

from flywheel_server.core import db, embedded
from tests import planning
from tests.cast import Cast


async def test_a_storm_of_incidents_costs_a_day_at_most_its_budget(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    async with planning.provider() as fake:
        settings = planning.settings(fake, l2_calls_per_day=4)
        # Two processes on one database, as in a deployment.
        async with (
            planning.application(address.app_url, settings) as first,
            planning.application(address.app_url, settings) as second,
        ):
            await asyncio.gather(
                *(
                    planning.ask(
                        (first, second)[number % 2],
                        cast.site,
                        incident_id=f"drift-{number % 20}",
                        raw={"actual": f"drift of kind {number % 10}"},
                    )
                    for number in range(40)
                )
            )
            assert len(fake.calls) == 4
            calls, spent = await planning.budget(database)
            assert (calls, spent) == (4, 4 * 3_750)
            # What was answered once is answered again, though nothing is left to spend.
            records = await planning.decisions(database)
            known = next(each for each in records if each["planner"] == "model")
            actual = known["input"]["details"]["actual"]
            await planning.ask(second, cast.site, raw={"actual": actual})
    assert (await planning.decisions(database))[-1]["planner"] == "cache"
    assert len(fake.calls) == 4
