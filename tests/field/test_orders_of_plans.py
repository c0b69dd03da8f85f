"""Manual mode teaches as well: an approved plan's order is an execution once its outcome is known.

Broken on purpose by leaving ``order_executions.record`` out of ``order_completions.complete``:
nothing is learnt; by leaving the step ``settle_orders`` out: a heal counts twice.
"""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.executions.actions import order_executions
from flywheel_server.loop import retention
from tests import bundles, deliveries as walk, folding, planning, telemetry
from tests.cast import Cast

OLDER, NEWER = "0.1.0", "0.4.13"
HEALED: dict[str, Any] = {"result": {"status": "healed"}}
FAILED = {"success": False, "result": None, "error_message": "script failed: exit code 1"}
UNTRIED = {"success": False, "result": None, "error_message": "no WinRM credentials for host WS-1"}
TRIGGERED = {"result": {"status": "healing_triggered"}}
REPLAY = {"success": False, "result": None, "error_message": "nonce replay detected"}


class Manual:
    """An appliance in manual mode, and one approved plan of it."""

    def __init__(self, client: httpx.AsyncClient, cast: Cast, database: db.Database) -> None:
        self.client = client
        self.cast = cast
        self.database = database
        self.plan_id: Any = None
        self.version = ""

    async def ordered(self, version: str) -> dict[str, Any]:
        """Approve a plan and return the order that the appliance is told."""
        self.version = version
        await planning.agent(
            self.database, self.cast.appliance, mode="manual", version=self.version
        )
        self.plan_id = await planning.make_waiting(
            self.database, self.cast.appliance, incident_id="drift-manual-1"
        )
        approved = await self.client.post(
            f"/api/partners/me/plans/{self.plan_id}/approve",
            json={},
            headers=self.cast.session("partner owner"),
        )
        assert approved.status_code == 200, approved.text
        told = await walk.check_in(self.client, self.cast.appliance, self.version)
        (order,) = told["pending_orders"]
        found: dict[str, Any] = order
        return found

    async def heal(self, version: str, **said: Any) -> dict[str, Any]:
        """Let the appliance answer its order so, twice, and a turn count it; return the order."""
        order = await self.ordered(version)
        for _ in range(2):
            await walk.answer_order(self.client, self.cast.appliance, order, **said)
        await self.turn()
        return order

    async def turn(self) -> None:
        await telemetry.turn(self.client, self.cast.admin)
        assert await folding.differences(self.database) == {}

    async def seen(self) -> dict[str, Any]:
        """Return the plan as its partner sees it."""
        answer = await self.client.get(
            f"/api/partners/me/plans/{self.plan_id}",
            headers=self.cast.partners[0].credential.headers,
        )
        found: dict[str, Any] = answer.json()
        return found

    async def pattern(self) -> tuple[int, ...]:
        """Return the only pattern's successes, verified, failures, claims and not attempted."""
        (found,) = await telemetry.items(self.client, self.cast.admin, "patterns")
        names = "successes", "verified_successes", "failures", "claimed_successes", "not_attempted"
        return tuple(found[name] for name in names)

    async def scan(self, order: dict[str, Any], status: str) -> None:
        """Send a signed scan that lists the plan's check of its host."""
        agent = await bundles.agent_of(self.database, self.cast.appliance)
        host, check = (order["parameters"][name] for name in ("hostname", "check_type"))
        checks = [{"check": check, "hostname": host, "status": status}]
        answer = await agent.submit(
            self.client,
            agent.go_body(checks=checks, summary={}),
            headers=self.cast.appliance.credential.headers,
        )
        assert answer.status_code == 200, answer.text


@pytest.fixture
def manual(client: httpx.AsyncClient, cast: Cast, database: db.Database) -> Manual:
    return Manual(client, cast, database)


@pytest.mark.parametrize(
    ("version", "said", "counted", "outcome", "standing"),
    [
        (NEWER, HEALED, (1, 0, 0, 0, 0), "success", "observed"),
        (NEWER, {"result": {"verification_passed": True}}, (1, 1, 0, 0, 0), "success", "verified"),
        (NEWER, FAILED, (0, 0, 1, 0, 0), "failure", "observed"),
        (NEWER, UNTRIED, (0, 0, 0, 0, 1), "not_attempted", "observed"),
        (NEWER, TRIGGERED, (0, 0, 0, 1, 0), "success", "claimed"),
        (NEWER, REPLAY, (0, 0, 0, 1, 0), "success", "claimed"),
        (OLDER, TRIGGERED, (0, 0, 0, 1, 0), "success", "claimed"),
    ],
)
async def test_an_approved_plans_order_counts_once_its_outcome_is_known(
    manual: Manual,
    version: str,
    said: dict[str, Any],
    counted: tuple[int, ...],
    outcome: str,
    standing: str,
) -> None:
    order = await manual.heal(version, **said)

    assert await manual.pattern() == counted
    plan = await manual.seen()
    assert plan["execution_id"] == f"order-{order['order_id']}"
    assert (plan["outcome"], plan["standing"]) == (outcome, standing)
    (fact,) = await telemetry.facts(manual.database, level="L2")
    assert (fact["incident_id"], fact["reported_id"]) == ("drift-manual-1", planning.RUNBOOK)
    assert (fact["incident_type"], fact["hostname"]) == (plan["incident_type"], plan["hostname"])
    assert fact["appliance_id"] == manual.cast.appliance.id


@pytest.mark.parametrize(
    ("status", "counted", "outcome"),
    [("pass", (1, 1, 0, 0, 0), "success"), ("fail", (0, 0, 1, 0, 0), "failure")],
)
async def test_the_next_scan_tells_what_an_acknowledged_order_came_to(
    manual: Manual, status: str, counted: tuple[int, ...], outcome: str
) -> None:
    order = await manual.heal(OLDER, **TRIGGERED)
    await manual.scan(order, status)

    plan = await manual.seen()
    (bundle,) = await bundles.chain(manual.database, manual.cast.site)
    assert plan["order_proof"]["reference"] == bundle["bundle_id"]
    assert (plan["outcome"], plan["standing"]) == (outcome, "verified")
    assert (plan["order_status"], plan["order_outcome"]) == ("completed", outcome)
    assert plan["order_standing"] == "verified"
    says = "a later signed scan confirms it" if status == "pass" else "scan says not healed"
    for reader, root in (("partner owner", "/partner"), ("client admin", "/client")):
        session = manual.cast.session(reader)
        page = await manual.client.get(f"{root}/plans/{manual.plan_id}", headers=session)
        assert says in page.text
    # A turn comes to the same, from the execution that the order became; that was received anew.
    await manual.turn()
    assert await manual.pattern() == counted
    turned = await manual.seen()
    assert turned | {"executed_at": plan["executed_at"]} == plan


async def test_a_proof_outlives_the_execution_that_it_was_of(manual: Manual) -> None:
    """Broken by letting housekeeping believe the plan's execution again."""
    order = await manual.heal(OLDER, **TRIGGERED)
    await manual.scan(order, "fail")
    await manual.turn()
    proven = await manual.seen()
    later = clock.now() + dt.timedelta(days=40)
    async with db.transaction(manual.database, walk.LOOP) as connection:
        assert await retention.drop_executions(connection, later, days=1) >= 1
        assert await retention.forget_keys(connection, later, days=1) >= 1
        await order_executions.verify(connection, clock.now())

    seen = await manual.seen()
    for name in ("order_outcome", "order_standing", "order_proof", "order_status"):
        assert seen[name] == proven[name]
    assert await folding.differences(manual.database) == {}


@pytest.mark.parametrize("report_first", [True, False])
async def test_a_heal_that_the_appliance_reports_itself_counts_once(
    manual: Manual, report_first: bool
) -> None:
    order = await manual.ordered(NEWER)
    own = telemetry.execution(
        incident_id="drift-manual-1",
        incident_type=planning.TYPE,
        runbook_id=planning.RUNBOOK,
        hostname=order["parameters"]["hostname"],
        verification_passed=True,
    )
    if report_first:
        await telemetry.send(manual.client, manual.cast.site, [own])
    await walk.answer_order(manual.client, manual.cast.appliance, order, **HEALED)
    if not report_first:
        await manual.turn()
        assert await manual.pattern() == (1, 0, 0, 0, 0)
        await telemetry.send(manual.client, manual.cast.site, [own])
    for _ in range(2):
        await manual.turn()

    assert (await manual.seen())["order_proof"] is None
    # What the appliance's own report is proven by, proves the order as well.
    await manual.scan(order, "pass")
    await manual.turn()

    assert await manual.pattern() == (1, 1, 0, 0, 0)
    plan = await manual.seen()
    assert (plan["execution_id"], plan["standing"]) == (own["execution_id"], "verified")
    assert plan["order_standing"] == "verified"


async def test_an_order_told_after_its_heal_was_proven_is_proven_by_the_same_look(
    manual: Manual,
) -> None:
    """Broken by leaving the proof out of ``verify`` in
    ``executions/store/order_executions.sql``.
    """
    order = await manual.ordered(NEWER)
    own = telemetry.execution(
        incident_id="drift-manual-1",
        incident_type=planning.TYPE,
        runbook_id=planning.RUNBOOK,
        hostname=order["parameters"]["hostname"],
    )
    await telemetry.send(manual.client, manual.cast.site, [own])
    await manual.scan(order, "pass")
    # The daemon's completion was held up: the scan was before it.
    await walk.answer_order(manual.client, manual.cast.appliance, order, **HEALED)
    assert (await manual.seen())["order_standing"] == "observed"
    await manual.turn()

    plan = await manual.seen()
    (bundle,) = await bundles.chain(manual.database, manual.cast.site)
    assert (plan["outcome"], plan["standing"]) == ("success", "verified")
    assert (plan["order_outcome"], plan["order_standing"]) == ("success", "verified")
    assert plan["order_proof"]["reference"] == bundle["bundle_id"]


async def test_a_healing_order_names_the_check_so_that_its_incident_is_resolved(
    manual: Manual, client: httpx.AsyncClient, cast: Cast
) -> None:
    order = await manual.ordered(NEWER)
    named = {"check_type": planning.TYPE, "incident_id": "drift-manual-1"}
    assert named.items() <= order["parameters"].items()

    await walk.answer_order(client, cast.appliance, order, **HEALED)
    # One that a person issues says so as well, as far as the incident is known.
    url = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/orders"
    for given in ({"incident_id": "drift-manual-1"}, {"incident_type": planning.TYPE}):
        body = {"kind": "healing", "runbook_id": planning.RUNBOOK, "parameters": given}
        issued = await client.post(url, json=body, headers=cast.admin.headers)
        assert issued.status_code == 201, issued.text
        assert issued.json()["parameters"]["check_type"] == planning.TYPE
        await walk.answer_order(client, cast.appliance, issued.json(), **HEALED)
    # No plan is behind these: nothing of them is learnt.
    await manual.turn()
    assert await manual.pattern() == (1, 0, 0, 0, 0)
