"""A simulated appliance in manual mode asks, waits, and does what a person approved."""

import datetime as dt
import random

import httpx

from flywheel_server.core import clock, db
from simulator import catalogue
from simulator.appliance import Appliance, Host, Identity
from simulator.link import Link
from simulator.messages import Dialect, Heal, Json
from tests import planning, telemetry
from tests.cast import Cast

PLANS = "/api/partners/me/plans"


class Spooler(Appliance):
    """One to which only one thing ever happens."""

    def next_heal(self) -> Heal:
        return self.heal(self.identity.hosts[0], catalogue.BY_CHECK_TYPE["print_spooler"])


async def manual(client: httpx.AsyncClient, cast: Cast, database: db.Database) -> Link:
    """Return the line of an appliance in manual mode; its site has healed this kind before."""
    kind = catalogue.BY_CHECK_TYPE["print_spooler"]
    seen = telemetry.executions(30, incident_type=kind.check_type, runbook_id=kind.runbook_id)
    await telemetry.send(client, cast.site, seen)
    await telemetry.turn(client, cast.admin)
    identity = Identity(
        site_id=cast.site.slug,
        site_index=1,
        hostname="vm",
        mac="02:00:5e:10:00:aa",
        public_key="ab" * 32,
        dialect=Dialect.GO_NEWER,
        hosts=(Host(name="WS-1", platform="windows"),),
    )
    line = Link(client, cast.appliance.credential.key, Spooler(identity, random.Random(1)))
    await line.check_in(1)
    await planning.agent(database, cast.appliance, mode="manual")
    await line.check_in(2)
    assert line.appliance.l2_mode == "manual"
    return line


async def waiting(client: httpx.AsyncClient, cast: Cast) -> list[Json]:
    answer = await client.get(PLANS, headers=cast.partners[0].credential.headers)
    items: list[Json] = answer.json()["items"]
    return items


async def test_what_a_person_approves_is_done_and_reported(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    line = await manual(client, cast, database)
    await line.heal_one(clock.now())
    (plan,) = await waiting(client, cast)
    assert (plan["status"], plan["runbook_id"]) == ("waiting", "RB-WIN-SVC-003")
    approved = await client.post(
        f"{PLANS}/{plan['id']}/approve", headers=cast.partners[0].credential.headers
    )
    assert approved.status_code == 200, approved.text
    await line.check_in(3)
    await line.heal_one(clock.now())
    await telemetry.turn(client, cast.admin)
    (done,) = [each for each in await waiting(client, cast) if each["id"] == plan["id"]]
    assert (done["order_status"], done["outcome"]) == ("completed", "success")
    assert line.faults == {}


async def test_what_waits_is_not_asked_about_again_for_a_while(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    line, now = await manual(client, cast, database), clock.now()
    await line.heal_one(now)
    await line.heal_one(now + dt.timedelta(minutes=1))
    assert len(await waiting(client, cast)) == 1
    assert line.levels == {"L3": 1}, "the incident is still the same one"
    await line.heal_one(now + dt.timedelta(minutes=11))
    assert len(await waiting(client, cast)) == 2


async def test_in_auto_mode_it_decides_itself(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    line = await manual(client, cast, database)
    await planning.agent(database, cast.appliance, mode="auto")
    await line.check_in(3)
    await line.heal_one(clock.now())
    assert await waiting(client, cast) == []
    assert line.levels == {"L2": 1}
