"""Evidence at a glance over HTTP: checks by day, gaps, clocks, timestamps, and who sees them."""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.accounts.store import accounts
from flywheel_server.core import clock, db
from flywheel_server.evidence.routes import evidence_exports
from tests import bundles, cast as people
from tests.bundles import CHECK, Agent
from tests.cast import STAGE, Cast
from tests.evidence.test_anchor_evidence import settings_of, turn

SITES = "/api/evidence/sites"
HOUR = dt.timedelta(hours=1)


@pytest.fixture
async def agent(database: db.Database, cast: Cast) -> Agent:
    return await bundles.agent_of(database, cast.appliance)


async def read(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> Any:
    answer = await client.get(url, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def checks(*statuses: str) -> list[dict[str, str]]:
    return [CHECK | {"status": status} for status in statuses]


async def test_checks_are_counted_by_the_day_of_receipt_and_by_what_their_words_mean(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    now = clock.now()
    for days, statuses in ((3, ("pass", "fail")), (1, ("ok", "warn", "odd")), (1, ("pass",))):
        at = now - dt.timedelta(days=days)
        await bundles.submitted(database, agent, now=at, checks=checks(*statuses))

    found = await read(
        client,
        bundles.read_url(cast.site, "summary?days=7"),
        cast.people["client viewer"].headers,
    )

    assert (found["window"]["label"], found["bundles"], found["checks"]) == ("last 7 days", 3, 6)
    assert found["kinds"] == {"passed": 3, "warned": 1, "failed": 1, "other": 1}
    assert found["results"] == {"pass": 2, "fail": 1, "ok": 1, "warn": 1, "odd": 1}
    assert [(each["passed"], each["failed"]) for each in found["by_day"]] == [(1, 1), (2, 0)]
    assert found["by_day"][0]["day"] == (now - dt.timedelta(days=3)).date().isoformat()


async def test_times_without_a_check_are_gaps_which_late_evidence_fills(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    """Broken on purpose: by receipt alone, what was held up would leave a gap."""
    now = clock.now()
    for hours in (12, 11, 6):
        await bundles.submitted(database, agent, now=now - hours * HOUR)
    url = bundles.read_url(cast.site, "summary?days=1")

    found = await read(client, url, cast.viewer.headers)

    gaps = [(each["hours"], each["open"]) for each in found["gaps"]]
    assert gaps == [(6.0, True), (5.0, False)]
    assert found["gaps_found"] == 2
    assert found["clock"] == {"ahead": 0, "late": 0}
    # What was checked then comes now; and one from the future counts from when it came.
    await bundles.submitted(database, agent, checked_at=(now - 3.5 * HOUR).isoformat())
    await bundles.submitted(database, agent, checked_at=(now + 9 * HOUR).isoformat())
    filled = await read(client, url, cast.viewer.headers)
    assert [(each["hours"], each["open"]) for each in filled["gaps"]] == [
        (3.5, False),
        (5.0, False),
    ]
    assert filled["clock"] == {"ahead": 1, "late": 1}
    for name, position in (("late", 4), ("ahead", 5)):
        listed = await read(
            client, bundles.read_url(cast.site, f"bundles?clock={name}"), cast.viewer.headers
        )
        assert [(each["position"], each["clock"]) for each in listed["items"]] == [(position, name)]


async def test_a_gap_from_before_the_window_begins_with_it_and_no_evidence_is_no_gap(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    await bundles.submitted(database, agent, now=clock.now() - 50 * HOUR)

    day = await read(client, bundles.read_url(cast.site, "summary?days=1"), cast.viewer.headers)
    week = await read(client, bundles.read_url(cast.site, "summary?days=7"), cast.viewer.headers)
    never = await read(client, bundles.read_url(cast.neighbour, "summary"), cast.viewer.headers)

    assert [each["hours"] for each in day["gaps"]] == [24.0]
    assert [each["hours"] for each in week["gaps"]] == [50.0]
    assert (never["gaps"], never["bundles"], never["timestamps"]) == ([], 0, [])


async def test_sites_are_listed_with_their_chains_by_words_and_by_what_is_wrong(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    agent: Agent,
    owner: db.Connection,
) -> None:
    other = await bundles.agent_of(database, await people.make_appliance(database, cast.neighbour))
    await bundles.submitted(database, agent, now=clock.now() - 4 * HOUR)
    await bundles.submitted(database, other)
    await turn(database, settings_of(None))
    reader = cast.partners[0].credential.headers

    async def slugs(query: str, headers: dict[str, str] = reader) -> list[str]:
        found = await read(client, f"{SITES}?{query}", headers)
        return [each["site"]["site_id"] for each in found["items"]]

    own = sorted(each.slug for each in cast.sites if each.partner_id == cast.partners[0].id)
    assert await slugs("") == own
    assert await slugs("", cast.people["client viewer"].headers) == sorted(
        [cast.site.slug, cast.neighbour.slug]
    )
    assert await slugs("state=silent") == [cast.site.slug]
    assert set(await slugs("state=none")) == set(own) - {cast.site.slug, cast.neighbour.slug}
    assert await slugs(f"text={cast.site.slug.upper()}") == [cast.site.slug]
    first = await read(client, f"{SITES}?limit=2", reader)
    assert await slugs(f"next={first['next']}") == own[2:]
    await owner.execute(
        "UPDATE evidence_progress SET broken_position = 1, broken_reason = 'it is gone',"
        " broken_at = now() WHERE site_id = $1",
        cast.neighbour.id,
    )
    broken = (await read(client, f"{SITES}?state=broken", reader))["items"]
    assert [(each["site"]["site_id"], each["broken_position"]) for each in broken] == [
        (cast.neighbour.slug, 1)
    ]
    shown = (await read(client, f"{SITES}?state=silent", reader))["items"][0]
    assert (shown["position"], shown["verified_position"], shown["unbatched"]) == (1, 1, 0)
    assert shown["newest"] == {"passed": 1, "warned": 0, "failed": 1, "other": 0}
    assert (shown["timestamp_state"], shown["failed_timestamps"]) == ("local", 0)
    summary = await read(client, bundles.read_url(cast.site, "summary"), reader)
    assert [(each["state"], each["batches"]) for each in summary["timestamps"]] == [("local", 1)]
    stamps = await read(client, bundles.read_url(cast.site, "timestamps"), reader)
    assert [(each["state"], each["leaves"]) for each in stamps["items"]] == [("local", 2)]
    strange = cast.foreign_session("partner owner")
    for rest in ("summary", "timestamps"):
        answer = await client.get(bundles.read_url(cast.site, rest), headers=strange)
        assert answer.status_code == 404


async def test_bundles_are_found_by_a_part_of_their_id_hash_key_or_appliance(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, agent: Agent
) -> None:
    made = [await bundles.submitted(database, agent) for _ in range(2)]

    async def found(text: str) -> list[int]:
        page = await client.get(
            bundles.read_url(cast.site), params={"text": text}, headers=cast.viewer.headers
        )
        return [each["position"] for each in page.json()["items"]]

    assert await found(made[0].bundle_id[5:20].upper()) == [1]
    assert await found(made[1].chain_hash) == [2]
    assert await found(agent.public_key[:20]) == [2, 1]
    assert await found(cast.appliance.wire_id[-8:].lower()) == [2, 1]
    assert await found("nothing") == []


async def test_a_span_that_is_too_long_is_refused_with_where_its_first_piece_ends(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    agent: Agent,
    owner: db.Connection,
) -> None:
    most = evidence_exports.MOST_BUNDLES
    await bundles.submitted(database, agent, now=clock.now() - 1_000 * HOUR)
    # A year's worth at once; what they hold is of no matter here.
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(
        "INSERT INTO evidence_bundles SELECT b.site_id, n, 'bundle-' || n, b.appliance_id,"
        " b.public_key, b.signature, b.signed_data, encode(sha256(n::text::bytea), 'hex'),"
        " b.previous_hash, b.chain_hash, b.checked_at, b.received_at + n * interval '1 minute',"
        " b.checks, b.results FROM evidence_bundles b, generate_series(2, $1::int + 5) n",
        most,
    )
    url = bundles.read_url(cast.site, "export")

    answer = await client.get(url, headers=cast.viewer.headers)

    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert (problem["bundles"], problem["most"]) == (most + 5, most)
    assert f"`to` = {problem['to']}" in problem["detail"]
    # What it says to do is accepted, to the last bundle that fits.
    until = dt.datetime.fromisoformat(problem["to"])
    async with db.transaction(database, STAGE) as connection:
        site = await accounts.find_site(connection, cast.site.slug)
        assert site is not None
        plan = await evidence_exports.plan(connection, site, None, until, clock.now())
        rest = await evidence_exports.plan(connection, site, until, None, clock.now())
    assert (plan.first, plan.last, rest.first, rest.last) == (1, most, most + 1, most + 5)
