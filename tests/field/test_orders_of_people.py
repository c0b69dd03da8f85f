"""A person's healing order is believed by what a later look at its host says, not by its agent.

Broken on purpose by leaving ``unproven_orders`` out of ``executions/actions/heal_proofs.py``: all
of it fails; by its window, by its guard and by its appliance: what is named after them.
"""

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.evidence.store import evidence as chains
from flywheel_server.executions.actions import order_completions
from flywheel_server.orders.model import orders
from flywheel_server.orders.model.outcomes import Said
from tests import bundles, cast as people, deliveries as walk, folding, ordering, telemetry
from tests.bundles import Agent
from tests.cast import STAGE, Cast

OLDER, NEWER, PYTHON = "0.1.0", "0.4.13", "1.0.68"
HOST, CHECK, RUNBOOK = "WS-TEST-30", "firewall_status", "RB-WIN-SEC-001"
# As each agent sends it after a healing order.
TRIGGERED: dict[str, Any] = {"success": True, "result": {"status": "healing_triggered"}}
HEALED: dict[str, Any] = {"success": True, "result": {"status": "healed", "runbook_id": RUNBOOK}}
CHECKED: dict[str, Any] = {"success": True, "result": {"verification_passed": True}}
REPLAY: dict[str, Any] = {"success": False, "error_message": "nonce replay detected"}
NO_TARGET: dict[str, Any] = {"success": True, "result": {"error": "No Windows target available"}}
BROKEN: dict[str, Any] = {"success": False, "error_message": "script failed: exit code 1"}


class Ordered:
    """An appliance, its scanning agent, and healing orders that people gave it."""

    def __init__(
        self, client: httpx.AsyncClient, cast: Cast, database: db.Database, agent: Agent
    ) -> None:
        self.client = client
        self.cast = cast
        self.database = database
        self.agent = agent
        self.url = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/orders"

    async def order(self, version: str, **parameters: Any) -> str:
        """Let the partner order the heal, and the appliance fetch the order; return its id."""
        issued = await self.client.post(
            self.url,
            json={
                "kind": "healing",
                "runbook_id": RUNBOOK,
                "parameters": {"target_host": HOST, "check_type": CHECK} | parameters,
            },
            headers=self.cast.partners[0].credential.headers,
        )
        assert issued.status_code == 201, issued.text
        told = await walk.check_in(self.client, self.cast.appliance, version)
        (order,) = told["pending_orders"]
        assert order["order_id"] == issued.json()["order_id"]
        id: str = order["order_id"]
        return id

    async def heal(self, version: str, said: dict[str, Any], **parameters: Any) -> str:
        """Order, and let the appliance say so of it."""
        id = await self.order(version, **parameters)
        await self.complete(id, said)
        return id

    async def complete(self, id: str, said: dict[str, Any]) -> None:
        answer = await self.client.post(
            f"/api/orders/{id}/complete", json=said, headers=self.cast.appliance.credential.headers
        )
        assert answer.status_code == 200, answer.text

    async def healed_ago(self, version: str, ago: dt.timedelta, said: Said) -> str:
        """Store an order that was carried out so long ago."""
        await walk.check_in(self.client, self.cast.appliance, version)
        now = clock.now()
        order = await ordering.issue(
            self.database,
            self.cast.appliance,
            orders.draft(
                "healing", {"hostname": HOST.lower(), "check_type": CHECK}, runbook_id=RUNBOOK
            ),
            now=now - ago - dt.timedelta(minutes=1),
        )
        scope = self.cast.appliance.scope
        async with db.transaction(self.database, scope) as connection:
            await order_completions.complete(connection, scope, order.id, said, now=now - ago)
        return order.id

    def scan(self, status: str, *, python: bool = False, **content: Any) -> dict[str, Any]:
        """Return the signed bundle of a scan that lists the check of the host so."""
        checks = [
            bundles.CHECK | {"hostname": HOST.lower(), "status": status},
            bundles.CHECK | {"hostname": "WS-OTHER", "status": "fail"},
        ]
        make = self.agent.python_body if python else self.agent.go_body
        return make(**({"checks": checks} | content))

    async def submit(self, body: dict[str, Any], agent: Agent | None = None) -> dict[str, Any]:
        answer = await (agent or self.agent).submit(
            self.client, body, headers=self.cast.appliance.credential.headers
        )
        return bundles.good(answer)

    async def shown(self, id: str) -> dict[str, Any]:
        """Return an order as its partner sees it, which is as operators do."""
        seen = []
        for headers in (self.cast.partners[0].credential.headers, self.cast.viewer.headers):
            listed = (await self.client.get(self.url, headers=headers)).json()["items"]
            seen += [each for each in listed if each["order_id"] == id]
        assert seen[0] == seen[1]
        found: dict[str, Any] = seen[0]
        return found

    async def came_to(self, id: str) -> tuple[str, str]:
        found = await self.shown(id)
        return found["outcome"], found["standing"]


@pytest.fixture
async def ordered(client: httpx.AsyncClient, cast: Cast, database: db.Database) -> Ordered:
    agent = await bundles.agent_of(database, cast.appliance)
    return Ordered(client, cast, database, agent)


@pytest.mark.parametrize("status", ["pass", "fail"])
@pytest.mark.parametrize(
    ("version", "said", "before"),
    [
        (OLDER, TRIGGERED, ("success", "claimed")),
        (NEWER, TRIGGERED, ("success", "claimed")),
        (NEWER, REPLAY, ("unknown", "claimed")),
        (PYTHON, TRIGGERED, ("success", "claimed")),
    ],
)
async def test_the_next_signed_scan_says_what_a_claimed_order_came_to(
    ordered: Ordered,
    version: str,
    said: dict[str, Any],
    before: tuple[str, str],
    status: str,
) -> None:
    id = await ordered.heal(version, said)
    waiting = await ordered.shown(id)
    assert (waiting["outcome"], waiting["standing"], waiting["proof"]) == (*before, None)
    assert "a signed scan of the host within a day tells" in waiting["meaning"]

    await ordered.submit(ordered.scan(status, python=version == PYTHON))
    await ordered.submit(ordered.scan("fail" if status == "pass" else "pass"))

    found = await ordered.shown(id)
    outcome = "success" if status == "pass" else "failure"
    assert (found["outcome"], found["standing"]) == (outcome, "verified")
    bundle = (await bundles.chain(ordered.database, ordered.cast.site))[0]
    assert found["proof"]["source"] == "scan"
    assert found["proof"]["reference"] == bundle["bundle_id"]
    says = "a later signed scan confirms it" if status == "pass" else "scan says not healed"
    assert says in found["meaning"]
    # What the appliance said stays what it said.
    assert (found["success"], found["status"]) == (said["success"], "completed")
    # Nothing of it is learnt: no plan is behind it.
    await telemetry.turn(ordered.client, ordered.cast.admin)
    assert await telemetry.facts(ordered.database) == []
    assert await folding.differences(ordered.database) == {}


@pytest.mark.parametrize("status", ["pass", "fail"])
@pytest.mark.parametrize(
    ("version", "result"),
    [(NEWER, HEALED), (PYTHON, HEALED), (NEWER, CHECKED)],
)
async def test_a_scan_is_better_proof_than_an_agent_that_saw(
    ordered: Ordered, version: str, result: dict[str, Any], status: str
) -> None:
    said = Said(success=True, result=result["result"], error_message=None)
    id = await ordered.healed_ago(version, dt.timedelta(minutes=15), said)

    await ordered.submit(ordered.scan(status))

    outcome = "success" if status == "pass" else "failure"
    assert await ordered.came_to(id) == (outcome, "verified")


async def test_the_scan_that_found_the_fault_disproves_no_heal_that_was_seen(
    ordered: Ordered,
) -> None:
    id = await ordered.heal(NEWER, HEALED)
    await ordered.submit(ordered.scan("fail"))
    assert await ordered.came_to(id) == ("success", "observed")
    await ordered.submit(ordered.scan("pass"))
    assert await ordered.came_to(id) == ("success", "verified")


@pytest.mark.parametrize(
    ("version", "said", "before"),
    [
        (PYTHON, NO_TARGET, ("not_attempted", "observed")),
        (NEWER, BROKEN, ("failure", "observed")),
    ],
)
async def test_what_failed_or_was_not_tried_is_healed_by_nobodys_scan(
    ordered: Ordered, version: str, said: dict[str, Any], before: tuple[str, str]
) -> None:
    id = await ordered.heal(version, said)
    await ordered.submit(ordered.scan("pass"))
    assert await ordered.came_to(id) == before
    assert (await ordered.shown(id))["proof"] is None


async def test_a_scan_of_before_the_report_or_long_after_it_says_nothing(
    ordered: Ordered,
) -> None:
    said = Said(success=True, result=TRIGGERED["result"], error_message=None)
    old = await ordered.healed_ago(OLDER, dt.timedelta(hours=25), said)
    id = await ordered.heal(OLDER, TRIGGERED)

    # A bundle that comes late, of a look before the order was carried out.
    early = (clock.now() - dt.timedelta(minutes=10)).isoformat()
    await ordered.submit(ordered.scan("fail", checked_at=early))
    assert await ordered.came_to(id) == ("success", "claimed")

    body = ordered.scan("pass")
    for _ in range(2):
        await ordered.submit(body)
    assert await ordered.came_to(id) == ("success", "verified")
    assert await ordered.came_to(old) == ("success", "claimed")


async def test_a_look_at_another_host_or_check_or_by_another_appliance_says_nothing(
    ordered: Ordered, database: db.Database
) -> None:
    id = await ordered.heal(OLDER, TRIGGERED)
    for other in ({"hostname": "WS-TEST-31"}, {"check": "firewall"}, {"status": "unknown"}):
        await ordered.submit(ordered.scan("pass", checks=[bundles.CHECK | other]))
    neighbour = await people.make_appliance(database, ordered.cast.site)
    stranger = await bundles.agent_of(database, neighbour)
    body = stranger.go_body(checks=[bundles.CHECK])
    bundles.good(await stranger.submit(ordered.client, body, headers=neighbour.credential.headers))
    assert await ordered.came_to(id) == ("success", "claimed")


async def test_of_two_bundles_at_once_the_first_of_the_chain_decides(
    ordered: Ordered, database: db.Database
) -> None:
    ids = [await ordered.heal(OLDER, TRIGGERED, target_host=host) for host in (HOST, "ws-test-30")]
    bodies = [ordered.scan("pass"), ordered.scan("fail"), ordered.scan("pass")]

    await asyncio.gather(*(ordered.submit(body) for body in (*bodies, *bodies)))

    chain = await bundles.chain(database, ordered.cast.site)
    assert len(chain) == 3
    first = '"status":"pass"' in chain[0]["signed_data"].decode().split("WS-OTHER")[0]
    for id in ids:
        assert await ordered.came_to(id) == ("success" if first else "failure", "verified")
        assert (await ordered.shown(id))["proof"]["reference"] == chain[0]["bundle_id"]


async def test_a_bundle_that_waited_for_its_key_proves_the_order_once_the_key_counts(
    ordered: Ordered, database: db.Database
) -> None:
    fresh = await bundles.agent_of(database, ordered.cast.appliance)
    id = await ordered.heal(OLDER, TRIGGERED)
    await ordered.submit(fresh.go_body(checks=[bundles.CHECK]), fresh)
    assert await ordered.came_to(id) == ("success", "claimed")

    headers = ordered.cast.people["partner owner"].headers
    keys = f"/api/evidence/sites/{ordered.cast.site.slug}/keys"
    listed = (await ordered.client.get(keys, headers=headers)).json()["items"]
    (key,) = [each for each in listed if each["state"] == "waiting"]
    answer = await ordered.client.post(
        f"{keys}/{key['id']}/approve", json={"reason": "Set up again."}, headers=headers
    )
    assert answer.status_code == 200, answer.text

    assert await ordered.came_to(id) == ("success", "verified")


@pytest.mark.parametrize(
    ("tier", "came_to"),
    [("scan", ("success", "verified")), ("L2", ("success", "claimed"))],
)
async def test_an_incident_that_a_scan_ends_proves_the_order_and_its_agents_word_does_not(
    ordered: Ordered, tier: str, came_to: tuple[str, str]
) -> None:
    headers = ordered.cast.appliance.credential.headers
    incident = {"host_id": HOST, "check_type": CHECK, "site_id": ordered.cast.site.slug}
    reported = await ordered.client.post(
        "/incidents", json=incident | {"incident_type": CHECK}, headers=headers
    )
    id = await ordered.heal(OLDER, TRIGGERED)
    resolved = await ordered.client.post(
        "/incidents/resolve",
        json=incident | {"resolution_tier": tier, "status": "resolved"},
        headers=headers,
    )
    assert resolved.json()["status"] == "resolved"

    assert await ordered.came_to(id) == came_to
    if tier == "scan":
        proof = (await ordered.shown(id))["proof"]
        assert (proof["source"], proof["reference"]) == ("incident", reported.json()["incident_id"])


async def test_an_order_learns_host_and_check_from_the_incident_it_names(
    ordered: Ordered,
) -> None:
    headers = ordered.cast.appliance.credential.headers
    body = {
        "host_id": HOST,
        "check_type": CHECK,
        "incident_type": CHECK,
        "site_id": ordered.cast.site.slug,
    }
    reported = await ordered.client.post("/incidents", json=body, headers=headers)
    id = await ordered.heal(
        OLDER,
        TRIGGERED,
        target_host="",
        check_type="",
        incident_id=reported.json()["incident_id"],
    )
    named = (await ordered.shown(id))["parameters"]
    assert (named["target_host"], named["hostname"], named["check_type"]) == (HOST, HOST, CHECK)
    await ordered.submit(ordered.scan("pass"))
    assert await ordered.came_to(id) == ("success", "verified")


async def test_an_order_that_names_no_check_says_that_no_scan_can_tell(ordered: Ordered) -> None:
    id = await ordered.heal(OLDER, TRIGGERED, check_type="")
    await ordered.submit(ordered.scan("pass"))
    found = await ordered.shown(id)
    assert (found["outcome"], found["standing"]) == ("success", "claimed")
    assert "no scan can tell" in found["meaning"]


async def test_pages_show_the_proof_and_a_heal_that_was_disproved(
    ordered: Ordered, client: httpx.AsyncClient, cast: Cast
) -> None:
    await ordered.heal(OLDER, TRIGGERED)
    pages = [
        (f"/operator/fleet/{cast.site.id}?orders=all", cast.admin.headers),
        (f"/partner/fleet/{cast.site.id}?orders=all", cast.session("partner owner")),
    ]
    for page, headers in pages:
        shown = await client.get(page, headers=headers)
        assert "a signed scan of the host within a day tells" in shown.text

    await ordered.submit(ordered.scan("fail"))

    for page, headers in pages:
        shown = await client.get(page, headers=headers)
        assert "a later signed scan says not healed" in shown.text
        assert "cannot know whether anything was healed" not in shown.text


async def test_turns_and_what_is_sent_again_change_no_proof(
    ordered: Ordered, database: db.Database
) -> None:
    id = await ordered.heal(OLDER, TRIGGERED)
    body = ordered.scan("fail")
    await ordered.submit(body)
    before = await ordering.stored(database, id)
    for _ in range(2):
        await telemetry.turn(ordered.client, ordered.cast.admin)
        await ordered.submit(body)
        await ordered.complete(id, HEALED)
    assert await ordering.stored(database, id) == before
    async with db.transaction(database, STAGE) as connection:
        head = await chains.head(connection, ordered.cast.site.id)
    assert head is not None
    assert head.position == 1
    assert await folding.differences(database) == {}
