"""A line that breaks: nothing that was reported is lost, and nothing is sent under a second id."""

import datetime as dt
import json
import random

import httpx

from simulator.appliance import Appliance, Host, Identity
from simulator.link import Link
from simulator.messages import Dialect

NOW = dt.datetime(2026, 2, 24, 10, 0, tzinfo=dt.UTC)


class Server:
    """Answers what it is told to, and remembers what it was sent."""

    def __init__(self) -> None:
        self.status = 200
        self.received: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.received.append(json.loads(request.content)["execution"]["execution_id"])
        return httpx.Response(self.status, json={"status": "recorded"})


def link(server: Server) -> Link:
    identity = Identity(
        site_id="site-1",
        site_index=1,
        hostname="a",
        mac="02:00:5e:10:00:aa",
        public_key="ab" * 32,
        dialect=Dialect.PYTHON,
        hosts=(Host(name="WS-1", platform="windows"),),
    )
    http = httpx.AsyncClient(transport=httpx.MockTransport(server), base_url="http://server")
    return Link(http, "key", Appliance(identity, random.Random(1)))


async def test_reports_that_did_not_arrive_are_sent_again_under_the_same_id_in_order() -> None:
    server = Server()
    line = link(server)
    server.status = 503
    await line.heal_one(NOW)
    await line.heal_one(NOW)
    (first, again) = server.received
    assert first == again
    server.status = 200
    await line.heal_one(NOW)
    assert server.received[2] == first
    assert len(set(server.received[2:])) == 3
    assert line.faults == {"503 /api/agent/executions": 2}


async def test_a_report_that_is_refused_for_good_does_not_hold_up_the_others() -> None:
    server = Server()
    line = link(server)
    server.status = 422
    await line.heal_one(NOW)
    server.status = 200
    await line.heal_one(NOW)
    assert len(set(server.received)) == len(server.received) == 2
