"""One chain without gap or fork: many appliances at once, and servers that die in between."""

import asyncio
import random
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from flywheel_server.core import db, embedded
from flywheel_server.core.settings import Settings
from flywheel_server.core.step import Step
from flywheel_server.evidence.steps import verify_evidence
from flywheel_server.evidence.store import evidence_progress as progress
from flywheel_server.loop.turns import run_turn
from tests import bundles, cast as people, programs
from tests.bundles import Agent
from tests.cast import STAGE, Cast

_ROUNDS = 4
VERIFY = (Step(name="verify_evidence", run=verify_evidence.run),)


async def verified(database: db.Database, cast: Cast) -> progress.Progress:
    """Have the loop go through the chains; return what it knows of the site's."""
    await run_turn(database, Settings(loop=False), VERIFY, turn_id=uuid4(), holder=uuid4())
    async with db.transaction(database, STAGE) as connection:
        found = await progress.get(connection, cast.site.id)
    assert found is not None
    return found


def one_chain(rows: list[dict[str, Any]]) -> None:
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["previous_hash"] for row in rows] == ["0" * 64, *(r["chain_hash"] for r in rows)][
        :-1
    ]


async def three_agents(database: db.Database, cast: Cast) -> list[Agent]:
    appliances = [cast.appliance]
    appliances += [await people.make_appliance(database, cast.site) for _ in range(2)]
    return [await bundles.agent_of(database, each) for each in appliances]


async def test_fifty_at_once_from_three_appliances_are_one_chain(
    http: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    """Broken on purpose: without the lock before the head is read, positions are taken twice."""
    agents = await three_agents(database, cast)
    bodies = [(agent, agent.go_body()) for agent in agents for _ in range(17)][:50]

    # Each twice at once: a repeat that meets the first one is no second bundle.
    answers = await asyncio.gather(
        *(agent.submit(http, body) for agent, body in bodies for _ in range(2))
    )

    assert {answer.status_code for answer in answers} == {200}
    told = [answer.json() for answer in answers]
    assert told[::2] == told[1::2]
    rows = await bundles.chain(database, cast.site)
    assert len(rows) == 50
    one_chain(rows)
    assert {row["bundle_id"] for row in rows} == {each["bundle_id"] for each in told}
    found = await verified(database, cast)
    assert (found.verified_position, found.broken_at) == (50, None)


class _Sender:
    def __init__(self, agent: Agent, answered: asyncio.Semaphore) -> None:
        self._agent = agent
        self._answered = answered
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self._unanswered: dict[str, Any] | None = None

    async def send_until_the_server_dies(self, base_url: str) -> None:
        async with httpx.AsyncClient(base_url=base_url, timeout=10) as client:
            while True:
                body = self._unanswered or self._agent.go_body()
                self._unanswered = body
                try:
                    answer = await self._agent.submit(client, body)
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    self._unanswered = None
                    self.acknowledged[body["signed_data"]] = answer.json()
                    self._answered.release()


async def test_killed_at_random_moments_the_chain_is_whole_and_nothing_acknowledged_is_lost(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    source = random.Random(7)
    answered = asyncio.Semaphore(0)
    async with (
        programs.serving(tmp_path, data_dir=data_dir, loop="false"),
        embedded.running(data_dir) as address,
    ):
        database = await db.open_database(address.app_url)
        cast = await people.make_cast(database)
        senders = [_Sender(agent, answered) for agent in await three_agents(database, cast)]
        await database.close()
    for _ in range(_ROUNDS):
        async with programs.serving(tmp_path, data_dir=data_dir, loop_interval=0.2) as server:
            sending = asyncio.gather(
                *(each.send_until_the_server_dies(server.base_url) for each in senders)
            )
            async with asyncio.timeout(30):
                await answered.acquire()
            # The moment of death is what this test varies: no event stands for it.
            await asyncio.sleep(source.uniform(0.0, 0.5))
            await server.kill()
            await sending

    async with embedded.running(data_dir) as address:
        database = await db.open_database(address.app_url)
        rows = await bundles.chain(database, cast.site)
        found = await verified(database, cast)
        await database.close()
    one_chain(rows)
    assert found.broken_at is None
    assert found.verified_position == len(rows)
    stored = {row["signed_data"].decode(): row for row in rows}
    acknowledged = {text: told for each in senders for text, told in each.acknowledged.items()}
    assert acknowledged
    for text, told in acknowledged.items():
        row = stored[text]
        assert (told["chain_position"], told["current_hash"]) == (
            row["position"],
            row["chain_hash"],
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence_bundles SET signed_data = '{}'",
        "DELETE FROM evidence_bundles",
        "TRUNCATE evidence_bundles CASCADE",
        "DELETE FROM evidence_heads",
    ],
)
async def test_not_even_the_owner_changes_a_chain_by_a_statement(
    database: db.Database,
    owner: db.Connection,
    cast: Cast,
    statement: str,
) -> None:
    await bundles.submitted(database, await bundles.agent_of(database, cast.appliance))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(statement)

    assert len(await bundles.chain(database, cast.site)) == 1


async def test_a_bundle_that_does_not_follow_the_head_is_refused_by_the_database(
    database: db.Database, owner: db.Connection, cast: Cast
) -> None:
    agent = await bundles.agent_of(database, cast.appliance)
    await bundles.submitted(database, agent)
    copy = (
        "INSERT INTO evidence_bundles SELECT site_id, {position}, 'x', appliance_id, public_key,"
        " signature, signed_data, repeat('f', 64), {previous}, repeat('e', 64), checked_at,"
        " received_at, checks, results FROM evidence_bundles"
    )
    for position, previous in (("1", "previous_hash"), ("3", "chain_hash"), ("2", "bundle_hash")):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(copy.format(position=position, previous=previous))


@pytest.mark.parametrize(
    ("tampering", "position"),
    [
        ("UPDATE evidence_bundles SET signed_data = '{}' WHERE position = 2", 2),
        ("UPDATE evidence_bundles SET received_at = now() WHERE position = 1", 1),
        ("UPDATE evidence_bundles SET signature = repeat('0', 128) WHERE position = 3", 3),
        ("UPDATE evidence_bundles SET results = '{\"pass\": 2}' WHERE position = 3", 3),
        ("UPDATE evidence_bundles SET checked_at = now() WHERE position = 2", 2),
        ("DELETE FROM evidence_bundles WHERE position = 2", 2),
        ("DELETE FROM evidence_bundles WHERE position = 4", 4),
    ],
)
async def test_what_somebody_did_to_the_tables_is_found_within_a_day_and_is_an_alarm(
    client: httpx.AsyncClient,
    database: db.Database,
    owner: db.Connection,
    cast: Cast,
    tampering: str,
    position: int,
) -> None:
    agent = await bundles.agent_of(database, cast.appliance)
    for _ in range(4):
        await bundles.submitted(database, agent)
    assert (await verified(database, cast)).verified_position == 4
    # As whoever may do anything: triggers off, and back on.
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(tampering)
    # The new one is behind all that: only a whole pass finds it.
    assert (await verified(database, cast)).broken_at is None
    await owner.execute(
        "UPDATE evidence_progress SET pass_began_at = now() - interval '25 hours',"
        " verified_at = now() - interval '24 hours'"
    )

    found = await verified(database, cast)

    assert found.broken_position == position
    alarms = (await client.get("/api/admin/alarms", headers=cast.viewer.headers)).json()["items"]
    (alarm,) = [each for each in alarms if each["kind"] == "evidence_chain"]
    assert (alarm["site_id"], str(position) in alarm["what"]) == (cast.site.slug, True)
    assert "flywheel_evidence_chains_broken 1.0" in (await client.get("/metrics")).text


async def test_a_chain_that_was_restored_holds_again(
    database: db.Database, owner: db.Connection, cast: Cast
) -> None:
    agent = await bundles.agent_of(database, cast.appliance)
    for _ in range(3):
        await bundles.submitted(database, agent)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute("UPDATE evidence_bundles SET signed_data = signed_data || '\\x20'")
    assert (await verified(database, cast)).broken_position == 1
    await owner.execute(
        "UPDATE evidence_bundles SET signed_data = substr(signed_data, 1, length(signed_data) - 1)"
    )
    assert (await verified(database, cast)).broken_position == 1
    await owner.execute("UPDATE evidence_progress SET pass_began_at = now() - interval '2 hours'")

    found = await verified(database, cast)

    assert (found.broken_at, found.verified_position) == (None, 3)
