"""A simulated appliance obeys its own orders, once, and nobody else's."""

import random

import httpx

from flywheel_server.core import db
from flywheel_server.orders.model import orders as ordered
from flywheel_server.rules.model import deliveries as domain
from simulator.appliance import Appliance, Host, Identity
from simulator.link import Link
from simulator.messages import Dialect
from tests import deliveries as walk, ordering
from tests.cast import Cast
from tests.rules.test_agent_sync import add, learnt


def _link(client: httpx.AsyncClient, cast: Cast) -> Link:
    identity = Identity(
        site_id=cast.site.slug,
        site_index=1,
        hostname="vm",
        mac="02:00:5e:10:00:aa",
        public_key="ab" * 32,
        dialect=Dialect.GO_OLDER,
        hosts=(Host(name="WS-1", platform="windows"),),
    )
    return Link(client, cast.appliance.credential.key, Appliance(identity, random.Random(1)))


async def test_a_pushed_rule_is_kept_and_said_to_be_deployed(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    line = _link(client, cast)
    await line.check_in(1)
    rule = await add(database, learnt())
    await walk.turn(client)
    line.appliance.rules = ()
    await line.check_in(2)
    await walk.turn(client)
    at = await walk.standing(database, rule, cast.appliance)
    assert (domain.stage(at), at.delivered_by) == ("delivered", "order")
    assert line.faults == {}


async def test_an_unknown_or_forged_order_is_refused_and_a_known_one_done_once(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    line = _link(client, cast)
    await line.check_in(1)
    strange = await ordering.issue(
        database, cast.appliance, ordered.draft("custom", {}, order_type="zz_no_such_order")
    )
    drift = await ordering.issue(database, cast.appliance)
    await line.check_in(2)
    kept = await ordering.stored(database, strange.id)
    assert (kept.state, kept.error_message) == ("failed", "unknown order type: zz_no_such_order")
    assert (await ordering.stored(database, drift.id)).state == "completed"
    line.appliance.server_key = "00" * 32
    forged = await ordering.issue(database, cast.appliance)
    await line.check_in(3)
    assert (await ordering.stored(database, forged.id)).state == "failed"
