"""Evidence is anchored: batched, submitted, upgraded and verified, by steps and their errands."""

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from flywheel_server import loop
from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.evidence.actions import evidence_anchors
from flywheel_server.evidence.calendars import Asking, Calendars, Headers, NoAnswer, Waits
from flywheel_server.evidence.model import evidence as domain
from flywheel_server.evidence.steps import anchor_evidence
from flywheel_server.evidence.store import evidence_anchors as store
from flywheel_server.evidence.store.evidence_anchors import Anchor
from flywheel_server.evidence.timestamps import Proof
from flywheel_server.loop import runs, turns
from tests import bundles, calendar_server, cast as people
from tests.calendar_server import Calendar
from tests.cast import STAGE, Cast
from tests.evidence.test_timestamps import HEADER, HEIGHT, OTS

LOOP = LoopScope(reason="a test turns it")
STEPS = tuple(step for step in loop.STEPS if step.name.endswith("_evidence"))


@pytest.fixture
async def calendar() -> AsyncIterator[Calendar]:
    async with calendar_server.running() as started:
        yield started


def settings_of(calendar: Calendar | None, headers: str | None = None) -> Settings:
    return Settings(
        loop=False,
        ots_calendars=None if calendar is None else calendar.url,
        bitcoin_headers=headers,
        evidence_batch_minutes=0,
    )


async def turn(database: db.Database, settings: Settings) -> list[runs.Run]:
    """Turn the steps of evidence, with their errands."""
    return await turns.run_turn(database, settings, STEPS, turn_id=uuid4(), holder=uuid4())


async def make_due(database: db.Database) -> None:
    """Let the time until the next attempt be over."""
    async with db.transaction(database, LOOP) as connection:
        await connection.execute(
            "UPDATE evidence_anchors SET next_attempt_at = now() - interval '1 minute'"
            " WHERE next_attempt_at IS NOT NULL"
        )


async def anchors(database: db.Database) -> list[Anchor]:
    async with db.transaction(database, STAGE) as connection:
        rows = await connection.fetch("SELECT id FROM evidence_anchors ORDER BY id")
        found = [await store.get(connection, row["id"]) for row in rows]
    return [each for each in found if each is not None]


async def anchor(database: db.Database) -> Anchor:
    (only,) = await anchors(database)
    return only


async def with_a_bundle(database: db.Database, cast: Cast) -> bundles.Agent:
    agent = await bundles.agent_of(database, cast.appliance)
    await bundles.submitted(database, agent)
    return agent


async def test_without_a_calendar_evidence_is_batched_and_stays_local(
    database: db.Database, cast: Cast
) -> None:
    await with_a_bundle(database, cast)

    await turn(database, settings_of(None))

    found = await anchor(database)
    assert (found.state, found.leaves, found.proof) == ("local", 1, None)
    assert [(run.rows_in, run.rows_out) for run in await turn(database, settings_of(None))] == [
        (0, 0),
        (0, 0),
    ]
    assert len(await anchors(database)) == 1


async def test_a_batch_is_submitted_upgraded_and_verified_against_its_block(
    database: db.Database, cast: Cast, calendar: Calendar
) -> None:
    settings = settings_of(calendar, headers=calendar.url)
    await with_a_bundle(database, cast)

    await turn(database, settings)
    pending = await anchor(database)
    assert (pending.state, pending.problem) == ("pending", None)
    assert pending.submitted_at is not None
    assert pending.proof is not None
    assert Proof.read(pending.proof).digest == domain.stamped_digest(pending.root)

    # Not due yet: nobody is asked again.
    await turn(database, settings)
    assert calendar.requests == ["digest"]
    await make_due(database)
    await turn(database, settings)
    assert (await anchor(database)).state == "pending"

    calendar.mine(800_000)
    await make_due(database)
    await turn(database, settings)
    verified = await anchor(database)
    assert (verified.state, verified.block_height) == ("verified", 800_000)
    assert verified.block_header == calendar.blocks[800_000]
    assert verified.block_time is not None
    assert verified.next_attempt_at is None
    asked = len(calendar.requests)
    await turn(database, settings)
    assert len(calendar.requests) == asked


async def test_without_block_headers_a_proof_is_anchored_until_there_are_some(
    database: db.Database, cast: Cast, calendar: Calendar, tmp_path: Path
) -> None:
    await with_a_bundle(database, cast)
    await turn(database, settings_of(calendar))
    calendar.mine(800_000)
    await make_due(database)
    await turn(database, settings_of(calendar))
    assert (await anchor(database)).state == "anchored"

    file = tmp_path / "headers.txt"
    file.write_text(f"# heights\n800000 {calendar.blocks[800_000].hex()}\n")
    await make_due(database)
    await turn(database, settings_of(None, headers=str(file)))

    assert (await anchor(database)).state == "verified"


async def test_local_batches_are_submitted_once_there_is_a_calendar(
    database: db.Database, cast: Cast, calendar: Calendar
) -> None:
    await with_a_bundle(database, cast)
    await turn(database, settings_of(None))

    await turn(database, settings_of(calendar))

    found = await anchor(database)
    assert found.state == "pending"
    assert found.submitted_at is not None


@pytest.mark.parametrize("trouble", ["down", "error", "nonsense", "endless"])
async def test_a_calendar_in_trouble_is_asked_again_later_and_loses_nothing(
    database: db.Database, cast: Cast, calendar: Calendar, trouble: str
) -> None:
    await with_a_bundle(database, cast)
    settings = settings_of(calendar)
    if trouble == "down":
        settings = Settings(
            loop=False, ots_calendars="http://127.0.0.1:9", evidence_batch_minutes=0
        )
    calendar.status = 500 if trouble == "error" else 200
    calendar.answer = {"nonsense": b"nonsense", "endless": b"\x08" * 20_000}.get(trouble)

    results = await turn(database, settings)

    assert [run.error for run in results] == [None, None]
    troubled = await anchor(database)
    assert (troubled.state, troubled.proof) == ("pending", None)
    assert troubled.problem
    assert troubled.next_attempt_at is not None
    assert troubled.next_attempt_at > clock.now()
    calendar.status, calendar.answer = 200, None
    await make_due(database)
    await turn(database, settings_of(calendar))
    assert (await anchor(database)).submitted_at is not None


async def test_one_calendar_of_two_is_enough_and_the_other_is_told_of(
    database: db.Database, cast: Cast, calendar: Calendar
) -> None:
    await with_a_bundle(database, cast)
    both = f"http://127.0.0.1:9, {calendar.url}"

    await turn(database, Settings(loop=False, ots_calendars=both, evidence_batch_minutes=0))

    found = await anchor(database)
    assert found.submitted_at is not None
    assert "127.0.0.1:9" in (found.problem or "")


async def test_a_block_that_is_not_the_one_fails_and_is_an_alarm(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, calendar: Calendar, tmp_path: Path
) -> None:
    await with_a_bundle(database, cast)
    await turn(database, settings_of(calendar))
    calendar.mine(800_000)
    file = tmp_path / "headers.txt"
    file.write_text(f"800000 {calendar_server.header(bytes(32)).hex()}\n")
    async with db.transaction(database, LOOP) as connection:
        await connection.execute(
            "UPDATE evidence_anchors SET pending_since = now() - interval '3 days'"
        )
    await make_due(database)

    await turn(database, settings_of(calendar, headers=str(file)))

    failed = await anchor(database)
    assert failed.state == "failed"
    assert "merkle root" in (failed.problem or "")
    alarms = (await client.get("/api/admin/alarms", headers=cast.viewer.headers)).json()["items"]
    assert "evidence_timestamp" in {each["kind"] for each in alarms}


@pytest.mark.parametrize(("name", "state"), [("hello-world", "verified"), ("bad-stamp", "failed")])
async def test_real_proofs_are_judged_by_their_real_block(
    tmp_path: Path, name: str, state: str
) -> None:
    headers_file = tmp_path / "headers.txt"
    headers_file.write_text(f"{HEIGHT} {HEADER.hex()}\n")
    proof = Proof.read((OTS / f"{name}.txt.ots").read_bytes())
    async with httpx.AsyncClient() as http:
        headers = Headers(str(headers_file), Asking(http, clock.now()))
        judged = await evidence_anchors._judged(_pending(), proof, headers, clock.now())

    assert judged.state == state
    assert judged.block_height == HEIGHT


async def test_a_real_proof_without_a_block_stays_pending() -> None:
    proof = Proof.read((OTS / "incomplete.txt.ots").read_bytes())
    async with httpx.AsyncClient() as http:
        headers = Headers(None, Asking(http, clock.now()))
        judged = await evidence_anchors._judged(_pending(), proof, headers, clock.now())

    assert judged.state == "pending"


async def test_only_known_calendars_are_asked_whatever_a_proof_names(calendar: Calendar) -> None:
    async with httpx.AsyncClient() as http:
        proof = Proof.of(bytes(32))
        asking = Asking(http, clock.now())
        await Calendars([calendar.url], asking).submit(proof)
        calendar.mine(800_000)

        await Calendars(["http://127.0.0.1:9"], asking).upgrade(proof)

    assert calendar.requests == ["digest"]
    assert proof.attested() == []


@pytest.mark.parametrize(("asked", "waits"), [("600", 600), ("999999999", 86_400), ("soon", 0)])
async def test_a_calendar_that_says_when_to_come_again_is_not_asked_before(
    calendar: Calendar, asked: str, waits: int
) -> None:
    calendar.status, calendar.retry_after = 503, asked
    kept, now = Waits(), clock.now()
    async with httpx.AsyncClient() as http, calendar_server.running() as other:

        async def submit(seconds: int) -> int:
            asking = Asking(http, now + dt.timedelta(seconds=seconds), kept)
            # The other one is asked all the while.
            await Calendars([calendar.url, other.url], asking).submit(Proof.of(bytes(32)))
            return len(calendar.requests)

        assert [await submit(0), await submit(max(0, waits - 1))] == ([1, 1] if waits else [1, 2])
        assert await submit(waits + 1) == (2 if waits else 3)
        assert len(other.requests) == 3


async def test_block_headers_are_waited_for_like_calendars(calendar: Calendar) -> None:
    calendar.mine(1)
    calendar.blocks[1] = HEADER
    calendar.status, calendar.retry_after = 429, "60"
    kept, now = Waits(), clock.now()
    async with httpx.AsyncClient() as http:
        for seconds, words in ((0, "answered 429"), (59, "not to be asked before")):
            asking = Asking(http, now + dt.timedelta(seconds=seconds), kept)
            with pytest.raises(NoAnswer, match=words):
                await Headers(calendar.url, asking).of(1)
        calendar.status = 200
        asking = Asking(http, now + dt.timedelta(seconds=61), kept)
        assert await Headers(calendar.url, asking).of(1) == HEADER
    assert calendar.requests.count("height") == 2


async def test_a_batch_is_of_one_organization_and_every_path_leads_to_its_root(
    database: db.Database, cast: Cast
) -> None:
    sites = (cast.site, cast.neighbour, cast.foreign_site)
    for site in sites:
        agent = await bundles.agent_of(database, await people.make_appliance(database, site))
        for _ in range(3):
            await bundles.submitted(database, agent)

    await turn(database, settings_of(None))

    found = await anchors(database)
    assert sorted(each.leaves for each in found) == [3, 6]
    roots = {each.id: each for each in found}
    owners = {site.id: site.organization_id for site in sites}
    async with db.transaction(database, STAGE) as connection:
        leaves = await connection.fetch(
            "SELECT l.site_id, l.anchor_id, l.path, b.chain_hash FROM evidence_leaves l"
            " JOIN evidence_bundles b ON b.site_id = l.site_id AND b.position = l.position"
        )
    assert len(leaves) == 9
    for leaf in leaves:
        own = roots[leaf["anchor_id"]]
        assert domain.root_of(leaf["chain_hash"], leaf["path"]) == own.root
        assert own.organization_id == owners[leaf["site_id"]]


async def test_an_organization_gets_a_batch_no_oftener_than_set(
    database: db.Database, cast: Cast
) -> None:
    agent = await with_a_bundle(database, cast)
    hour = dt.timedelta(hours=1)
    now = clock.now()
    made = []
    for moment in (now, now + hour / 2, now + hour * 2):
        async with db.transaction(database, LOOP) as connection:
            made.append(
                await evidence_anchors.batch(connection, moment, every=hour, calendars=False)
            )
        await bundles.submitted(database, agent)

    assert made == [(1, 1), (0, 0), (2, 1)]


async def test_the_network_is_asked_outside_of_every_transaction(
    database: db.Database, cast: Cast, calendar: Calendar
) -> None:
    """Broken on purpose: with the requests inside the claiming transaction, one is idle in it."""
    await with_a_bundle(database, cast)
    idle: list[int] = []

    async def look() -> None:
        async with db.transaction(database, STAGE) as connection:
            idle.append(
                await connection.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state LIKE 'idle in transaction%'"
                )
            )

    calendar.asked = look

    await turn(database, settings_of(calendar))

    assert idle == [0]
    assert (await anchor(database)).submitted_at is not None


async def test_what_a_dead_process_had_claimed_is_asked_for_again(
    database: db.Database, cast: Cast, calendar: Calendar
) -> None:
    await with_a_bundle(database, cast)
    settings = settings_of(calendar)
    async with db.transaction(database, LOOP) as connection:
        await evidence_anchors.batch(connection, clock.now(), every=dt.timedelta(0), calendars=True)
        now = clock.now()
        claimed = await evidence_anchors.claim(connection, now, calendars=True, headers=False)
        again = await evidence_anchors.claim(connection, now, calendars=True, headers=False)
        later = now + dt.timedelta(minutes=11)
        lapsed = await evidence_anchors.claim(connection, later, calendars=True, headers=False)

    assert (len(claimed), len(again), len(lapsed)) == (1, 0, 1)
    await anchor_evidence.errand(database, settings)
    assert calendar.requests == []
    await make_due(database)
    await anchor_evidence.errand(database, settings)
    assert calendar.requests == ["digest"]


async def test_the_age_of_a_timestamp_is_an_alarm_and_a_figure_past_two_days(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, calendar: Calendar
) -> None:
    await with_a_bundle(database, cast)
    await turn(database, settings_of(calendar))

    async def kinds() -> set[str]:
        answer = await client.get("/api/admin/alarms", headers=cast.viewer.headers)
        return {each["kind"] for each in answer.json()["items"]}

    assert "evidence_timestamp" not in await kinds()
    async with db.transaction(database, LOOP) as connection:
        await connection.execute(
            "UPDATE evidence_anchors SET pending_since = now() - interval '49 hours'"
        )
    assert "evidence_timestamp" in await kinds()
    figures = (await client.get("/metrics")).text
    assert 'flywheel_evidence_anchors{state="pending"} 1.0' in figures
    oldest = next(
        float(line.split()[1])
        for line in figures.splitlines()
        if line.startswith("flywheel_evidence_oldest_pending_seconds ")
    )
    assert oldest > 48 * 3600


def _pending() -> Anchor:
    now = clock.now()
    return Anchor(
        id=UUID(int=1),
        organization_id=UUID(int=2),
        state="pending",
        state_changed_at=now,
        root=bytes(32),
        leaves=1,
        created_at=now,
        pending_since=now,
        submitted_at=now,
        proof=None,
        block_height=None,
        block_header=None,
        block_time=None,
        attempts=1,
        next_attempt_at=None,
        problem=None,
    )
