"""Plans on pages: manual mode from the appliance's question to what its order healed.

Broken on purpose: without the executions of plans in ``fleet.news`` the open page never hears of
one, and with the form's action misspelt nobody decides.
"""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.plans.actions import plan_approvals
from tests import cast as people, deliveries, ordering, planning, telemetry
from tests.cast import CastPerson
from tests.planning import RUNBOOK, TYPE
from tests.portal import browsing
from tests.portal.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOP = LoopScope(reason="a test lets time pass")
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a reader comes."""

    javascript: bool
    phone: bool


WAYS = pytest.mark.parametrize(
    "way",
    [Way(javascript=True, phone=False), Way(javascript=False, phone=True)],
    ids=["scripted", "plain"],
)


@contextlib.asynccontextmanager
async def _reader(
    browser: Browser, stage: Stage, way: Way, person: CastPerson
) -> AsyncIterator[Page]:
    async with browsing.reader(
        browser, stage.base_url, person, phone=way.phone, javascript=way.javascript
    ) as (page, _):
        yield page


async def _ask(stage: Stage) -> None:
    """Let an appliance in manual mode ask about what its site has healed before."""
    await planning.agent(stage.database, stage.cast.appliance, mode="manual")
    healed = telemetry.executions(3, incident_type=TYPE, runbook_id=RUNBOOK)
    await telemetry.send(stage.http, stage.site, healed)
    await telemetry.turn(stage.http, stage.cast.admin)
    told = await planning.ask(
        stage.http, stage.site, stage.cast.appliance.credential, incident_id="drift-waits"
    )
    assert (told["recommended_action"], told["requires_approval"]) == ("escalate", True)


async def _carry_out(stage: Stage) -> None:
    """Let the appliance fetch its order and do as a conforming agent does."""
    told = await deliveries.check_in(stage.http, stage.cast.appliance, planning.NEWER)
    (order,) = told["pending_orders"]
    key = told["server_public_key"]
    assert ordering.accepted(order, key, stage.cast.appliance.wire_id)
    assert not ordering.accepted(
        order | {"signature": "0" * 128}, key, stage.cast.appliance.wire_id
    )
    assert (order["order_type"], order["runbook_id"]) == ("healing", RUNBOOK)
    await deliveries.answer_order(stage.http, stage.cast.appliance, order, result={"healed": True})


async def _report(stage: Stage) -> dict[str, Any]:
    """Let the appliance report what came of it."""
    execution = telemetry.execution(
        incident_id="drift-waits",
        incident_type=TYPE,
        runbook_id=RUNBOOK,
        hostname="WS-TEST-2",
        verification_passed=True,
    )
    await telemetry.send(stage.http, stage.site, [execution])
    await telemetry.turn(stage.http, stage.cast.admin)
    return execution


@WAYS
async def test_a_plan_waits_is_approved_is_carried_out_and_the_page_shows_what_came_of_it(
    browser: Browser, stage: Stage, way: Way
) -> None:
    await _ask(stage)
    async with _reader(browser, stage, way, stage.technician) as page:
        # Said where people start, too.
        await page.goto("/partner/learning")
        await page.get_by_role("link", name="1 plan waits for a decision").click()
        await expect(page.get_by_text("1 plan waits for a decision")).to_be_visible()
        await expect(page.get_by_text("decide within 3 h 59 min")).to_be_visible()
        await page.get_by_role("link", name="Approve").click()
        await expect(page.locator("dialog[open]")).to_have_count(int(way.javascript))
        await page.get_by_label("Notes").fill("Office is <b>closed</b> now.")
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.get_by_text("Done.")).to_be_visible()
        await expect(page.get_by_text("The order waits for the appliance")).to_be_visible()
        await expect(page.get_by_text("Office is <b>closed</b> now.")).to_be_visible()
        assert await page.get_by_role("link", name="Approve").count() == 0

        await _carry_out(stage)

        if not way.javascript:
            await page.reload()
        # With the module the page hears of it by itself.
        # The order's completion is what came of the plan, until a report says more of it.
        became = page.locator("#history + p")
        await expect(became).to_have_text("Healed; nothing was checked afterwards.")
        steps = page.locator(".history li")
        await expect(steps.filter(has_text="Ordered").locator(".badge")).to_have_text("completed")
        await expect(steps.filter(has_text="Executed")).to_contain_text("success not verified")

        execution = await _report(stage)

        if way.javascript:
            # Another id is copied now: that waits until the reader asks for it.
            await page.get_by_role("button", name="Updated: show").click()
        else:
            await page.reload()
        await expect(became).to_have_text("Healed, and the check afterwards says so.")
        await expect(steps.filter(has_text="Ordered").locator(".badge")).to_have_text("completed")
        # Shown once: the report stands in the place of what the completion made.
        executed = steps.filter(has_text="Executed")
        await expect(executed).to_have_count(1)
        await expect(executed).to_contain_text("success verified")
        assert execution["execution_id"] in await executed.inner_html()
        await page.get_by_role("main").get_by_role("link", name="Plans").click()
        await expect(page.get_by_text("No plan waits.")).to_be_visible()
        await page.get_by_role("link", name="Show those decided on before").click()
        await expect(page.get_by_role("link", name=TYPE)).to_be_visible()


@WAYS
async def test_a_plan_is_rejected_with_the_reason_and_nothing_is_ordered(
    browser: Browser, stage: Stage, way: Way
) -> None:
    await planning.make_waiting(stage.database, stage.cast.appliance)
    async with _reader(browser, stage, way, stage.technician) as page:
        await page.goto("/partner/plans")
        await page.get_by_role("link", name=TYPE, exact=True).click()
        await page.get_by_role("link", name="Reject").click()
        await page.get_by_label("Why").fill("Not during the audit.")
        await page.get_by_role("button", name="Reject", exact=True).click()
        await expect(page.get_by_text("Rejected: nothing is run")).to_be_visible()
        await expect(page.get_by_text("Not during the audit.")).to_be_visible()
        assert await page.get_by_role("link", name="Reject").count() == 0
    told = await deliveries.check_in(stage.http, stage.cast.appliance, planning.NEWER)
    assert told["pending_orders"] == []


@WAYS
async def test_whoever_decides_too_late_is_told_so(
    browser: Browser, stage: Stage, way: Way
) -> None:
    plan_id = await planning.make_waiting(stage.database, stage.cast.appliance)
    late = await planning.make_waiting(
        stage.database, stage.cast.appliance, now=clock.now() - 5 * HOUR
    )
    async with _reader(browser, stage, way, stage.technician) as page:
        # Past its deadline, whether or not the loop has come by.
        await page.goto(f"/partner/plans/{late}")
        await expect(page.get_by_text("Nobody decided in time")).to_be_visible()
        assert await page.get_by_role("link", name="Approve").count() == 0
        await page.goto(f"/partner/plans/{plan_id}")
        await page.get_by_role("link", name="Approve").click()
        await expect(page.get_by_label("Notes")).to_be_visible()
        async with db.transaction(stage.database, LOOP) as connection:
            kept = await plan_approvals.keep(connection, clock.now() + 5 * HOUR)
        assert kept["approvals_expired"] == 2
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.get_by_text("Its deadline passed")).to_be_visible()
        # The form that cannot be sent any more leads to what became of the plan.
        await expect(page.get_by_text("Not possible now. It is expired.")).to_be_visible()
        assert await page.get_by_role("button", name="Approve").count() == 0
        await page.get_by_role("link", name="Look at the plan").click()
        await expect(page.locator("#plan .badge").first).to_have_text("expired")
        await page.goto("/partner/plans?status=expired")
        await expect(page.locator("#list tbody tr")).to_have_count(2)
    told = await deliveries.check_in(stage.http, stage.cast.appliance, planning.NEWER)
    assert told["pending_orders"] == []


@WAYS
async def test_clients_decide_where_coverage_is_full_and_are_told_why_not_elsewhere(
    browser: Browser, stage: Stage, way: Way
) -> None:
    own = await people.make_appliance(stage.database, stage.cast.neighbour)
    full = await planning.make_waiting(stage.database, own)
    standard = await planning.make_waiting(stage.database, stage.cast.appliance)
    admin, viewer = (stage.cast.people[f"client {each}"] for each in ("admin", "viewer"))
    async with _reader(browser, stage, way, admin) as page:
        await page.goto("/client/healing")
        await page.get_by_role("link", name="2 plans wait for a decision").click()
        await expect(page.locator("#list tbody tr")).to_have_count(2)
        await expect(page.get_by_role("link", name="Approve")).to_have_count(1)
        await expect(page.get_by_text("by your partner: the site has standard")).to_be_visible()
        for path in (f"/client/plans/{standard}", f"/client/plans/{standard}/approve"):
            await page.goto(path)
            await expect(page.get_by_text("Your partner decides on it")).to_be_visible()
            assert await page.get_by_role("button", name="Approve").count() == 0
        await page.goto(f"/client/plans/{full}")
        await page.get_by_role("link", name="Approve").click()
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.get_by_text("Approved:")).to_be_visible()
        await expect(page.get_by_text(f"Approved by {admin.email}")).to_be_visible()
    async with _reader(browser, stage, way, viewer) as page:
        waiting = await planning.make_waiting(stage.database, own)
        await page.goto(f"/client/plans/{waiting}")
        await expect(page.get_by_text("You may look, not decide: ask an admin")).to_be_visible()
        assert await page.get_by_role("link", name="Approve").count() == 0


async def test_where_appliances_share_a_key_the_approver_names_one(
    browser: Browser, stage: Stage
) -> None:
    plan_id = await planning.make_waiting(stage.database, stage.cast.appliance)
    other = await people.make_appliance(stage.database, stage.site)
    async with db.transaction(stage.database, stage.cast.appliance.scope) as connection:
        await connection.execute("UPDATE plans SET appliance_id = NULL WHERE id = $1", plan_id)
    async with browsing.reader(browser, stage.base_url, stage.owner) as (page, _):
        await page.goto(f"/partner/plans/{plan_id}/approve")
        await page.get_by_label("Which appliance shall run it").select_option(other.wire_id)
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.get_by_text("Approved: the appliance is ordered")).to_be_visible()
    told = await deliveries.check_in(stage.http, other, planning.NEWER)
    assert len(told["pending_orders"]) == 1


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "narrow"])
async def test_every_page_of_plans_is_sound_whatever_planners_and_people_wrote(
    browser: Browser, stage: Stage, phone: bool
) -> None:
    evil = browsing.EVIL
    own = await people.make_appliance(stage.database, stage.cast.neighbour)
    waiting, decided = [
        await planning.make_waiting(
            stage.database,
            own,
            incident_id=evil + "i" * 300,
            incident_type=(evil + "t" * 200)[:200],
            reasoning=evil + "r" * 5_000,
        )
        for _ in range(2)
    ]
    answer = await stage.http.post(
        f"/api/partners/me/plans/{decided}/reject",
        json={"reason": evil + "n" * 1_900},
        headers=stage.cast.partners[0].credential.headers,
    )
    assert answer.status_code == 200, answer.text
    pages = (
        "?status=all",
        f"/{waiting}",
        f"/{waiting}/approve",
        f"/{waiting}/reject",
        f"/{decided}",
        "?text=nothing-has-this",
        "?status=expired",
    )
    # Both kinds of people have the same templates: each is looked at in one width.
    person = stage.cast.people["client admin"] if phone else stage.technician
    root = f"/{person.role.partition(' ')[0]}/plans"
    async with browsing.reader(browser, stage.base_url, person, phone=phone) as (page, _):
        found = await browsing.unsound(page, [root + rest for rest in pages], phone=phone)
        assert found == {}
        await page.goto(f"{root}/{decided}")
        assert await browsing.obeyed(page) == []


async def test_plans_are_searched_filtered_and_paged_by_the_address(stage: Stage) -> None:
    made = [
        await planning.make_waiting(stage.database, stage.cast.appliance, incident_id=f"find-{n}")
        for n in range(3)
    ]
    headers = {"Cookie": f"flywheel_session={stage.viewer.token}"}

    async def shown(path: str) -> httpx.Response:
        answer = await stage.http.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer

    first = (await shown("/partner/plans?limit=2")).text
    # Those that wait longest have to be decided next.
    assert [str(id) in first for id in made] == [True, True, False]
    following = next(part for part in first.split('"') if "next=" in part)
    second = (await shown(following.replace("&amp;", "&"))).text
    assert [str(id) in second for id in made] == [False, False, True]
    found = (await shown("/partner/plans?text=FIND-1")).text
    assert [str(id) in found for id in made] == [False, True, False]
    # Nothing is offered to a viewer, and odd filters are none.
    assert "/approve" not in found
    assert str(made[0]) in (await shown("/partner/plans?status=odd&site=")).text
