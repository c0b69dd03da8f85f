"""Standing: what each agent version's word is worth, and what later scans make of it.

Broken on purpose by `words=_OBSERVES_ALL` for the older daemon, by leaving `heal_proofs.settle` out
of evidence and of incidents, and by counting `claimed_success` as `success`: each fails here.
"""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import agents, clock, db
from flywheel_server.executions.model import executions
from flywheel_server.executions.model.executions import Level, Said
from tests import bundles, cast as people, checking_in, folding, planning, telemetry
from tests.bundles import Agent
from tests.cast import Cast, CastSite

HISTORY = "/api/partners/me/learning/execution-history"
TYPE, HOST = "service_stopped", "WS-1"
VERSIONS = {"older": "0.1.0", "newer": "0.4.13", "python": "1.0.68", "unknown": "nightly"}


@pytest.mark.parametrize(
    ("version", "level", "success", "verified", "outcome"),
    [
        ("older", "L1", True, None, "success"),
        ("older", "L1", False, None, "failure"),
        ("older", "L2", True, None, "claimed_success"),
        ("older", "L2", False, None, "claimed_failure"),
        ("older", "L3", True, None, "success"),
        ("newer", "L1", True, None, "success"),
        ("newer", "L1", False, None, "failure"),
        ("newer", "L2", True, None, "success"),
        ("newer", "L2", False, None, "failure"),
        ("python", "L1", True, None, "success"),
        ("python", "L1", False, None, "failure"),
        ("python", "L2", True, None, "claimed_success"),
        ("python", "L2", True, True, "success"),
        ("python", "L2", True, False, "failure"),
        ("unknown", "L2", True, None, "success"),
        ("unknown", "L2", False, None, "failure"),
    ],
)
def test_a_word_is_worth_what_its_agent_can_know(
    version: str, level: Level, success: bool, verified: bool | None, outcome: str
) -> None:
    said: Said = "success" if success and verified is not False else "failure"
    python = version == "python"
    weighed = executions.weigh(
        said,
        level=level,
        verified=verified,
        execution_id="6f1c6c1e-52a4" if python else f"{level.lower()}-drift-1",
        present=[agents.of(VERSIONS[version])],
    )

    assert weighed == outcome


@pytest.mark.parametrize(
    ("present", "success", "outcome"),
    [
        (("older", "newer"), True, "claimed_success"),
        # The older one never reports a failure.
        (("older", "newer"), False, "failure"),
        # By the form of its id it is a daemon's report, which Python agents do not send.
        (("newer", "python"), True, "success"),
        ((), True, "success"),
    ],
)
def test_where_several_may_have_reported_the_one_that_cannot_know_decides(
    present: tuple[str, ...], success: bool, outcome: str
) -> None:
    weighed = executions.weigh(
        "success" if success else "failure",
        level="L2",
        verified=None,
        execution_id="l2-drift-WS-1-1",
        present=[agents.of(VERSIONS[name]) for name in present],
    )

    assert weighed == outcome


async def test_six_heals_that_an_older_daemon_claims_make_no_candidate(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await _check_in(client, cast.site, "0.1.0")

    await telemetry.send(client, cast.site, telemetry.executions(6))
    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert (pattern["occurrences"], pattern["claimed_successes"]) == (0, 6)
    assert {"occurrences", "successes", "success_rate", "seen_recently"} <= set(pattern["failing"])
    (pair,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert (pair["occurrences"], pair["organizations"], pair["claimed_successes"]) == (0, 0, 6)
    history = await _history(client, cast)
    assert {(each["outcome"], each["standing"]) for each in history["items"]} == {
        ("success", "claimed")
    }
    assert history["totals"]["success"] == {"successes": 0, "attempts": 0}
    assert history["totals"]["success_rate"] is None
    assert (history["totals"]["claimed_successes"], history["totals"]["executions"]) == (6, 6)
    assert await folding.differences(database) == {}


async def test_claims_of_many_organizations_open_no_platform_gate_and_feed_no_planner(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    sites = await people.make_organizations(database, 6)
    for site in sites:
        await _check_in(client, site, "0.3.9")
        await telemetry.send(
            client,
            site,
            telemetry.executions(4, incident_type=planning.TYPE, runbook_id=planning.RUNBOOK),
        )

    await telemetry.turn(client, cast.admin)

    assert await telemetry.items(client, cast.admin, "rules?source=platform") == []
    told = await planning.ask(client, sites[0])
    assert told["escalate_to_l3"] is True


async def test_an_upgrade_is_known_with_the_next_report(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await _check_in(client, cast.site, "0.1.0")
    await telemetry.send(client, cast.site, [telemetry.execution(execution_id="l2-before")])

    await _check_in(client, cast.site, "0.4.13")
    await telemetry.send(client, cast.site, [telemetry.execution(execution_id="l2-after")])

    outcomes = {fact["execution_id"]: fact["outcome"] for fact in await telemetry.facts(database)}
    assert outcomes == {"l2-before": "claimed_success", "l2-after": "success"}


async def test_an_older_daemon_with_its_own_key_casts_no_doubt_on_its_neighbours(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    await _check_in(client, cast.site, "0.4.13")
    older = await checking_in.check_in(
        client,
        cast.site,
        site_id=cast.site.slug,
        agent_version="0.1.0",
        hostname="other",
        mac_address="02:00:5e:10:00:99",
        agent_public_key="ab" * 32,
    )
    await telemetry.send(client, cast.site, [telemetry.execution(execution_id="l2-doubted")])

    await people.make_site_key(database, cast.site, appliance=older["appliance_id"])
    await telemetry.send(client, cast.site, [telemetry.execution(execution_id="l2-believed")])

    outcomes = {fact["execution_id"]: fact["outcome"] for fact in await telemetry.facts(database)}
    assert outcomes == {"l2-doubted": "claimed_success", "l2-believed": "success"}


@pytest.mark.parametrize(("status", "counted"), [("pass", (2, 0)), ("fail", (0, 2))])
async def test_the_next_signed_scan_decides_about_claims(
    client: httpx.AsyncClient,
    cast: Cast,
    database: db.Database,
    status: str,
    counted: tuple[int, int],
) -> None:
    scanner = await _scanner(client, cast, "0.1.0")
    await telemetry.send(client, cast.site, telemetry.executions(2, hostname="ws-1"))
    await telemetry.send(client, cast.site, [telemetry.execution(hostname="WS-2")])
    await telemetry.turn(client, cast.admin)

    await _scan(client, scanner, status)
    await _scan(client, scanner, "pass")
    await telemetry.turn(client, cast.admin)

    by_host = {
        each["hostname"]: each for each in await telemetry.items(client, cast.admin, "patterns")
    }
    pattern = by_host["ws-1"]
    assert (pattern["successes"], pattern["failures"]) == counted
    assert pattern["verified_successes"] == pattern["successes"]
    assert pattern["claimed_successes"] == 0
    # A host that the scan did not look at is as unknown as before.
    assert by_host["WS-2"]["claimed_successes"] == 1
    standings = {
        each["hostname"]: each["standing"] for each in (await _history(client, cast))["items"]
    }
    assert standings == {"ws-1": "verified", "WS-2": "claimed"}
    assert await folding.differences(database) == {}


async def test_a_scan_is_better_proof_than_the_word_of_a_version_that_sees(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    scanner = await _scanner(client, cast, "0.4.13")
    ago = [clock.now() - dt.timedelta(minutes=minutes) for minutes in (20, 1)]
    for host, at in zip(("WS-1", "WS-2"), ago, strict=True):
        answer = await client.post(
            "/api/agent/executions",
            json={
                "site_id": cast.site.slug,
                "execution": telemetry.execution(hostname=host),
                "reported_at": at.isoformat(),
            },
            headers=cast.site.headers,
        )
        assert answer.status_code == 200, answer.text

    # The scan that found the fault of a minute ago lists it as failed: that is no later look.
    await _scan(client, scanner, "fail", hosts=("WS-1", "WS-2"))
    await telemetry.turn(client, cast.admin)

    counts = {
        each["hostname"]: (each["successes"], each["failures"])
        for each in await telemetry.items(client, cast.admin, "patterns")
    }
    assert counts == {"WS-1": (0, 1), "WS-2": (1, 0)}


async def test_a_scan_from_before_the_heal_or_long_after_it_says_nothing(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    scanner = await _scanner(client, cast, "0.1.0")
    await telemetry.send(client, cast.site, [telemetry.execution()])

    await _scan(client, scanner, "pass", at=clock.now() - dt.timedelta(minutes=10))
    await telemetry.send(client, cast.site, [telemetry.execution(incident_type="other")])

    assert {fact["outcome"] for fact in await telemetry.facts(database)} == {"claimed_success"}


@pytest.mark.parametrize(
    ("tier", "outcome"), [("scan", "success"), ("L2", "claimed_success"), ("L3", "claimed_success")]
)
async def test_an_incident_that_a_scan_resolves_proves_the_claim_and_its_own_word_does_not(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, tier: str, outcome: str
) -> None:
    await _check_in(client, cast.site, "0.1.0")
    incident = {"host_id": HOST, "check_type": TYPE, "site_id": cast.site.slug}
    reported = await client.post(
        "/incidents", json=incident | {"incident_type": TYPE}, headers=cast.site.headers
    )
    assert reported.status_code == 200, reported.text
    await telemetry.send(client, cast.site, [telemetry.execution()])

    resolved = await client.post(
        "/incidents/resolve",
        json=incident | {"resolution_tier": tier, "status": "resolved"},
        headers=cast.site.headers,
    )

    assert resolved.json()["status"] == "resolved"
    facts = await telemetry.facts(database)
    assert max(facts, key=lambda fact: (fact["revision"], fact["weight"]))["outcome"] == outcome


async def test_a_correction_after_a_proof_counts_by_itself(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    scanner = await _scanner(client, cast, "0.1.0")
    first = telemetry.execution()
    await telemetry.send(client, cast.site, [first])
    await telemetry.turn(client, cast.admin)
    await _scan(client, scanner, "pass")
    assert (await telemetry.send(client, cast.site, [first]))["repeated"] == 1

    answer = await telemetry.send(client, cast.site, [first | {"confidence": 0.5}])
    await telemetry.turn(client, cast.admin)

    assert answer["corrected"] == 1
    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert (pattern["occurrences"], pattern["claimed_successes"]) == (0, 1)
    await _scan(client, scanner, "fail")
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert (pattern["successes"], pattern["failures"], pattern["claimed_successes"]) == (0, 1, 0)
    assert await folding.differences(database) == {}


async def test_the_planner_knows_what_no_turn_has_folded_yet(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    fields: dict[str, Any] = {"incident_type": planning.TYPE, "runbook_id": planning.RUNBOOK}
    await telemetry.send(client, cast.site, telemetry.executions(2, **fields))
    await telemetry.turn(client, cast.admin)
    await telemetry.send(client, cast.site, telemetry.executions(12, **fields))

    told = await planning.ask(client, cast.site)

    assert told["runbook_id"] == planning.RUNBOOK
    assert "14 of 14" in told["reasoning"]


async def _check_in(client: httpx.AsyncClient, site: CastSite, version: str) -> None:
    await checking_in.check_in(client, site, site_id=site.slug, agent_version=version)


async def _scanner(client: httpx.AsyncClient, cast: Cast, version: str) -> Agent:
    """Return an agent of the site that signs its scans; its version is the only one there."""
    agent = Agent(cast.site)
    await checking_in.check_in(
        client,
        cast.site,
        site_id=cast.site.slug,
        agent_version=version,
        agent_public_key=agent.public_key,
    )
    return agent


async def _scan(
    client: httpx.AsyncClient,
    agent: Agent,
    status: str,
    *,
    hosts: tuple[str, ...] = (HOST,),
    at: dt.datetime | None = None,
) -> None:
    checks = [{"check": TYPE, "hostname": host, "status": status} for host in hosts]
    body = agent.go_body(checks=checks, checked_at=(at or clock.now()).isoformat())
    bundles.good(await agent.submit(client, body))


async def _history(client: httpx.AsyncClient, cast: Cast) -> dict[str, Any]:
    answer = await client.get(HISTORY, headers=cast.session("partner owner"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
