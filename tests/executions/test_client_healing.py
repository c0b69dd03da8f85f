"""The healing log of one's own sites, their rules, and what is shared."""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates, telemetry
from tests.cast import Cast

L1: dict[str, Any] = {
    "resolution_level": "L1",
    "runbook_id": "L1-FW-002",
    "incident_type": "firewall_status",
}


async def log(http: httpx.AsyncClient, cast: Cast, **query: Any) -> Any:
    answer = await http.get(
        "/api/client/healing-logs", params=query, headers=cast.session("client viewer")
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def healed(client: httpx.AsyncClient, cast: Cast) -> None:
    """Have eleven heals at the organization's two sites, and others elsewhere."""
    await telemetry.send(client, cast.site, telemetry.executions(4, failures=1))
    await telemetry.send(client, cast.site, telemetry.executions(3, **L1))
    await telemetry.send(
        client, cast.site, [telemetry.execution(error_category="no_credentials", **L1)]
    )
    await telemetry.send(client, cast.neighbour, telemetry.executions(3, failures=2, **L1))
    await telemetry.send(client, cast.foreign_site, telemetry.executions(5))
    await telemetry.send(
        client, cast.partners[0].organizations[1].standard, telemetry.executions(5)
    )


@pytest.mark.usefixtures("healed")
@pytest.mark.parametrize(
    ("query", "executions", "success"),
    [
        ({}, 11, {"successes": 7, "attempts": 10}),
        ({"success": "true"}, 7, {"successes": 7, "attempts": 7}),
        ({"success": "false"}, 3, {"successes": 0, "attempts": 3}),
        ({"level": "L1"}, 7, {"successes": 4, "attempts": 6}),
        ({"level": "L3"}, 0, {"successes": 0, "attempts": 0}),
        ({"site": "north-1-full"}, 3, {"successes": 1, "attempts": 3}),
        ({"site": "north-1-standard", "level": "L2"}, 4, {"successes": 3, "attempts": 4}),
        (
            {"incident_type": "firewall_status", "success": "false"},
            2,
            {"successes": 0, "attempts": 2},
        ),
        ({"hostname": "nobody"}, 0, {"successes": 0, "attempts": 0}),
    ],
)
async def test_totals_are_those_of_all_pages_under_the_same_filters(
    client: httpx.AsyncClient,
    cast: Cast,
    query: dict[str, Any],
    executions: int,
    success: dict[str, int],
) -> None:
    items: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        page = await log(client, cast, limit=2, **query, **more)
        assert page["totals"]["executions"] == executions
        assert page["totals"]["success"] == success
        assert (page["totals"]["success_rate"] is None) == (success["attempts"] == 0)
        items += page["items"]
        if page["next"] is None:
            break
        more = {"next": page["next"]}

    assert len(items) == len({(each["site"], each["execution_id"]) for each in items})
    assert len(items) == executions
    outcomes = [each["outcome"] for each in items]
    assert outcomes.count("success") == success["successes"]


async def test_a_corrected_execution_is_listed_once_as_it_is_now(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    first = telemetry.execution(success=False)
    for version in (first, first | {"success": True}, first | {"success": False, "hostname": "B"}):
        await telemetry.send(client, cast.site, [version])

    page = await log(client, cast)

    (only,) = page["items"]
    assert (only["outcome"], only["hostname"]) == ("failure", "B")
    assert page["totals"]["success"] == {"successes": 0, "attempts": 1}


async def test_the_window_is_the_one_that_was_asked_for(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    assert (await log(client, cast))["window"]["label"] == "last 30 days"
    page = await log(client, cast, days=1)
    assert page["window"]["label"] == "last day"
    for days in ("0", "91", "x"):
        answer = await client.get(
            "/api/client/healing-logs", params={"days": days}, headers=cast.session("client viewer")
        )
        assert answer.status_code == 422


async def test_a_foreign_site_is_not_there(client: httpx.AsyncClient, cast: Cast) -> None:
    for slug in (cast.foreign_site.slug, str(cast.foreign_site.id), "nowhere"):
        answer = await client.get(
            "/api/client/healing-logs", params={"site": slug}, headers=cast.session("client admin")
        )
        assert answer.status_code == 404


async def test_rules_of_others_are_not_shown_and_wide_ones_with_what_they_did_here(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    own = await candidates.make_promoted_rule(database, cast.site)
    theirs = await candidates.make_promoted_rule(database, cast.foreign_site)

    answer = await client.get(
        "/api/client/rules", params={"limit": 200}, headers=cast.session("client viewer")
    )

    found = {rule["rule_id"]: rule for rule in answer.json()["items"]}
    assert theirs not in found
    assert found[own]["success"] == {"successes": 0, "attempts": 0}
    assert found[own]["success_rate"] is None
    assert found["L1-FIREWALL-002"]["success"] == {"successes": 0, "attempts": 0}
    assert found["L1-FIREWALL-002"]["success_rate"] is None


async def test_a_wide_rule_shows_what_it_did_at_ones_own_sites_alone(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for site, count in ((cast.site, 3), (cast.foreign_site, 5)):
        await telemetry.send(
            client,
            site,
            telemetry.executions(
                count,
                1,
                resolution_level="L1",
                incident_type="firewall_status",
                runbook_id="L1-FIREWALL-002",
            ),
        )
    await telemetry.turn(client, cast.admin)
    asked: list[tuple[dict[str, Any], set[str]]] = [
        ({"text": "FIREWALL-002"}, {"L1-FIREWALL-002"}),
        ({"text": "firewall status", "source": "synced"}, {"L1-FIREWALL-002"}),
        ({"text": "firewall-002", "enabled": False}, set()),
        ({"text": "firewall-002", "site": cast.site.slug}, set()),
    ]
    for query, names in asked:
        answer = await client.get(
            "/api/client/rules", params=query, headers=cast.session("client viewer")
        )
        found = {rule["rule_id"]: rule for rule in answer.json()["items"]}
        assert set(found) == names, query
        for rule in found.values():
            assert rule["success"] == {"successes": 2, "attempts": 3}
            assert "standard set" in rule["origin"]


async def test_a_rule_says_who_approved_it_and_on_what(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    (id,) = await candidates.make(client, cast, cast.neighbour)
    answer = await client.post(
        f"/api/client/promotion-candidates/{id}/approve",
        json={"custom_name": "Spooler on"},
        headers=cast.session("client admin"),
    )
    rule_id = answer.json()["rule_id"]
    answer = await client.get("/api/client/rules?limit=1", headers=cast.session("client viewer"))
    (newest,) = answer.json()["items"]
    assert (newest["rule_id"], newest["name"]) == (rule_id, "Spooler on")
    assert newest["site"]["site_id"] == cast.neighbour.slug
    assert newest["approved_by"] == cast.people["client admin"].email
    assert newest["evidence"] == {"successes": 6, "attempts": 6}

    await telemetry.send(
        client,
        cast.neighbour,
        telemetry.executions(
            1,
            resolution_level="L1",
            runbook_id=rule_id,
            verification_passed=True,
            duration_seconds=1.25,
        ),
    )
    page = await log(client, cast, level="L1")
    (healed,) = page["items"]
    assert healed["healed_by"] == "rule"
    assert healed["rule"]["name"] == "Spooler on"
    assert healed["runbook_name"] == "Windows service: print spooler"
    email = cast.people["client admin"].email
    assert healed["story"] == {
        "fault": "A service on WS-1 had stopped.",
        "deed": "A rule that was learnt at this site ran the repair “Windows service: print "
        f"spooler”; {email} of your organization had approved it, after the same repair had worked "
        "6 of 6 times.",
        "result": "It worked, in 1.2 seconds. Checked afterwards: the fault was gone.",
    }


async def test_a_rule_made_later_is_not_said_to_have_healed(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    """The execution names a runbook, for which the site got its rule only afterwards."""
    await telemetry.send(
        client, cast.neighbour, [telemetry.execution(resolution_level="L1", hostname="WS-9")]
    )
    (id,) = await candidates.make(client, cast, cast.neighbour)
    await client.post(
        f"/api/client/promotion-candidates/{id}/approve", headers=cast.session("client admin")
    )
    page = await log(client, cast, level="L1")
    (healed,) = page["items"]
    assert healed["rule"] is None
    assert healed["story"]["deed"].startswith("A rule on the appliance ran")


@pytest.mark.parametrize(
    ("text", "count"),
    [("SPOOLER", 2), ("service stopped", 2), ("ws-2", 1), ("svc-003", 2), ("a%", 0), ("_", 2)],
)
async def test_the_log_is_searched_by_a_part_of_its_words(
    client: httpx.AsyncClient, cast: Cast, text: str, count: int
) -> None:
    for host in ("WS-1", "WS-2"):
        await telemetry.send(client, cast.site, [telemetry.execution(hostname=host)])
    page = await log(client, cast, text=text)
    assert len(page["items"]) == page["totals"]["executions"] == count


async def test_an_admin_opts_out_and_the_counts_leave_the_aggregates(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for site in (cast.site, cast.foreign_site):
        await telemetry.send(client, site, telemetry.executions(6))
    await telemetry.turn(client, cast.admin)

    async def put(role: str, contributes: bool) -> httpx.Response:
        return await client.put(
            "/api/client/shared-learning",
            json={"contributes": contributes},
            headers=cast.session(role),
        )

    async def organizations() -> int:
        (pair,) = await telemetry.items(client, cast.admin, "platform-patterns")
        return int(pair["organizations"])

    assert await organizations() == 2
    assert (await put("client viewer", False)).status_code == 403
    assert (await put("client admin", False)).json()["contributes"] is False
    await telemetry.turn(client, cast.admin)
    assert await organizations() == 1
    shown = await client.get("/api/client/shared-learning", headers=cast.session("client viewer"))
    assert shown.json()["contributes"] is False
