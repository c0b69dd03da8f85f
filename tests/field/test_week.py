"""A week of each agent, in its own words, and the same figures on the pages of everybody.

What each step must come to is counted here by hand, from the table of what agents' words are worth.
"""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from flywheel_server.core import clock, db
from tests import bundles, checking_in, folding, telemetry
from tests.bundles import Agent
from tests.cast import Cast

TYPE, RUNBOOK = "service_stopped", "RB-WIN-SVC-003"


@dataclass(slots=True, kw_only=True)
class Week:
    """One agent at the cast's site, and what its reports must be counted as."""

    client: httpx.AsyncClient
    cast: Cast
    agent: Agent
    version: str
    successes: int = 0
    failures: int = 0
    not_attempted: int = 0
    claims: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)

    @property
    def python(self) -> bool:
        return self.version.startswith("1.")

    async def check_in(self, uptime: int) -> None:
        await checking_in.check_in(
            self.client,
            self.cast.site,
            site_id=self.cast.site.slug,
            agent_version=self.version,
            agent_public_key=self.agent.public_key,
            uptime_seconds=uptime,
        )

    async def report(self, level: str, host: str, *, ago: dt.timedelta, **fields: Any) -> None:
        """Report one heal as this agent does; it happened so long ago by its own clock."""
        number = len(self.sent)
        execution = {
            "execution_id": str(uuid4())
            if self.python
            else f"{level.lower()}-drift-{host}-{number}",
            "incident_id": f"drift-{host}-{TYPE}-{number}",
            "incident_type": TYPE,
            "hostname": host,
            "runbook_id": RUNBOOK if level == "L2" else "L1-WIN-SVC-SPOOLER",
            "success": True,
            "status": "success",
            "resolution_level": level,
        } | fields
        at = (clock.now() - ago).isoformat()
        if self.python:
            execution |= {"platform": "windows", "started_at": at, "completed_at": at}
        body = {"site_id": self.cast.site.slug, "execution": execution, "reported_at": at}
        await self.post(body)
        self.sent.append(body)

    async def post(self, body: dict[str, Any]) -> None:
        answer = await self.client.post(
            "/api/agent/executions", json=body, headers=self.cast.site.headers
        )
        assert answer.status_code == 200, answer.text

    async def scan(self, statuses: dict[str, str]) -> None:
        checks = [
            {"check": TYPE, "hostname": host, "status": status} for host, status in statuses.items()
        ]
        body = self.agent.python_body if self.python else self.agent.go_body
        bundles.good(await self.agent.submit(self.client, body(checks=checks)))


@pytest.mark.parametrize("version", ["0.1.0", "0.4.13", "1.0.68"])
async def test_a_week_of_an_agent_comes_to_the_same_figures_for_everybody(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, version: str
) -> None:
    week = Week(client=client, cast=cast, agent=Agent(cast.site), version=version)
    knows = version == "0.4.13"
    hour = dt.timedelta(hours=1)
    await week.check_in(uptime=100)

    # Drift on three hosts, healed at L2; a scan later looks at two of them.
    for _ in range(5):
        await week.report("L2", "WS-1", ago=3 * hour)
    await week.report("L2", "WS-2", ago=3 * hour)
    await week.report("L2", "WS-3", ago=3 * hour)
    await telemetry.turn(client, cast.admin)
    await week.scan({"WS-1": "pass", "WS-2": "fail"})
    week.successes += 5 + knows
    week.failures += 1
    week.claims += not knows

    # It comes back, is healed again, and the next scan finds it gone.
    await week.report("L2", "WS-1", ago=2 * hour)
    await week.scan({"WS-1": "pass"})
    week.successes += 1

    # An outage: what was not answered is sent again, all of it.
    for body in week.sent:
        await week.post(body)

    # The agent's own words for what it never ran, and a rule that fails.
    await week.report(
        "L1", "WS-4", ago=hour, success=False, error_message="no WinRM credentials for host WS-4"
    )
    await week.report("L1", "WS-4", ago=hour)
    await week.report(
        "L1",
        "WS-4",
        ago=hour,
        success=False,
        error_message="exit code 1: the service did not start",
        duration_seconds=4.2,
    )
    week.not_attempted += 1
    week.successes += 1
    week.failures += 1

    # A restart changes nothing, and neither does a second turn.
    await week.check_in(uptime=1)
    await telemetry.turn(client, cast.admin)
    await telemetry.turn(client, cast.admin)

    await _same_for_everybody(week)
    assert await folding.differences(database) == {}

    # What L2 kept getting right becomes a rule; it stops working, and is withdrawn.
    (candidate,) = await telemetry.items(client, cast.admin, "patterns?state=eligible")
    assert (candidate["hostname"], candidate["verified_successes"]) == ("WS-1", 6)
    approved = await client.post(
        f"/api/partners/me/learning/candidates/{candidate['id']}/approve",
        json={},
        headers=cast.partners[0].credential.headers,
    )
    assert approved.status_code in {200, 201}, approved.text
    rule = approved.json()
    for _ in range(12):
        await week.report(
            "L1",
            "WS-1",
            ago=dt.timedelta(),
            runbook_id=rule["rule_id"],
            success=False,
            error_message="exit code 1: the service did not start",
            duration_seconds=4.2,
        )
    week.failures += 12
    await telemetry.turn(client, cast.admin)

    (withdrawn,) = await telemetry.items(client, cast.admin, "rules?source=promoted")
    assert withdrawn["withdrawn_at"] is not None
    await _same_for_everybody(week)
    assert await folding.differences(database) == {}


async def _same_for_everybody(week: Week) -> None:
    """Hold what partner, client and operator are shown against the count by hand."""
    cast, client = week.cast, week.client
    attempts = week.successes + week.failures
    for role, path in (
        ("partner owner", "/api/partners/me/learning/execution-history"),
        ("client admin", "/api/client/healing-logs"),
    ):
        answer = await client.get(path, headers=cast.session(role))
        totals = answer.json()["totals"]
        assert totals["success"] == {"successes": week.successes, "attempts": attempts}, role
        assert totals["not_attempted"] == week.not_attempted, role
        assert totals["claimed_successes"] == week.claims, role
    overview = await client.get("/api/admin/flywheel/wheel", headers=cast.admin.headers)
    healing = overview.json()["now"]["healing"]
    assert healing["success"] == {"successes": week.successes, "attempts": attempts}
    assert healing["claimed_successes"] == week.claims
    rate = f"{week.successes} of {attempts}"
    for role, page in (
        ("partner owner", "/partner/learning/history"),
        ("client admin", "/client/healing"),
        ("operator admin", "/operator/overview"),
    ):
        shown = await client.get(page, headers=cast.session(role))
        text = re.sub(r"<[^>]+>|\s+", " ", shown.text)
        assert rate in text, (role, rate)
        assert (("claim" in text) or ("not known yet" in text)) or not week.claims, role
