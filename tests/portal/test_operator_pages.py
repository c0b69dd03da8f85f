"""Operators' pages about the flywheel itself: every button as an admin, none as a viewer.

Broken on purpose: with the action of the form for a turn misspelt, and with ``viewer.may_change``
left out of the template of rules, these fail.
"""

import contextlib
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests import deliveries
from tests.portal import browsing, flywheel, stage as stages
from tests.portal.stage import Stage
from tests.portal.test_forms import WAYS, Way

pytestmark = pytest.mark.asyncio(loop_scope="session")


@contextlib.asynccontextmanager
async def _admin(browser: Browser, stage: Stage, way: Way) -> AsyncIterator[Page]:
    async with browsing.reader(
        browser,
        stage.base_url,
        flywheel.admin(stage),
        phone=way.phone,
        javascript=way.javascript,
    ) as (page, watch):
        watch.expected = {422}
        yield page


@WAYS
async def test_the_overview_leads_to_what_needs_a_person_and_a_turn_is_run(
    browser: Browser, stage: Stage, way: Way
) -> None:
    await flywheel.turn_it(stage)
    await flywheel.stop_it(stage)
    async with _admin(browser, stage, way) as page:
        await page.goto("/")
        await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        await expect(page.locator(".alarm")).to_have_count(4)
        # Twelve attempts by the rule, of which four failed; four times six and three by L2.
        await expect(page.locator("#cards")).to_contain_text("12 of 39 attempts made by rules")
        await expect(page.locator("#cards")).to_contain_text("35 of 39 attempts healed")
        for step, count in (("Patterns", 5), ("Eligible", 0), ("Approved", 1), ("Running", 1)):
            card = page.locator(".funnel li", has_text=step).first
            await expect(card.locator("strong")).to_have_text(str(count))
        await page.get_by_label("Figures of the").select_option("last day")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("#cards")).to_contain_text("L1 share, today")
        await page.get_by_role("link", name=stage.cast.appliance.wire_id).click()
        await expect(page.locator("h1")).to_contain_text(f"Site {stage.site.slug}")
        await page.goto("/operator")
        await page.get_by_role("link", name="Look at the errors").click()
        await expect(page.get_by_text("The loop is silent.")).to_be_visible()
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        await expect(page.locator("#list .fault")).to_contain_text("no such column")
        await page.get_by_role("button", name="Run a turn now").click()
        await expect(page.get_by_text("No step failed.")).to_be_visible()
        await page.get_by_label("Step").select_option("mark eligible")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.locator("#list tbody tr").first).to_contain_text("done")
        assert "step=mark_eligible" in page.url


@WAYS
async def test_candidates_of_any_tenant_are_decided(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _admin(browser, stage, way) as page:
        await page.goto("/operator/candidates?text=ws-1")
        await page.locator("tr", has_text="WS-1").get_by_role("link", name="Approve").click()
        await page.get_by_label("Your name for the rule").fill("Spooler back on")
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.get_by_text("Approved: the rule")).to_be_visible()
        await page.locator("tr", has_text="WS-2").get_by_role("link").first.click()
        await page.get_by_role("link", name="Reject").click()
        await page.get_by_label("Why").fill("Handled elsewhere.")
        await page.get_by_role("button", name="Reject", exact=True).click()
        await expect(page.get_by_text("Rejected: no rule is made")).to_be_visible()
        await page.get_by_label("Status").select_option("All")
        await page.get_by_role("button", name="Filter").click()
        states = await page.locator("#list .badge").all_inner_texts()
        assert {"approved", "rejected"} <= set(states)


@WAYS
async def test_a_rule_is_written_switched_and_watched(
    browser: Browser, stage: Stage, way: Way
) -> None:
    wheel = await flywheel.turn_it(stage)
    async with _admin(browser, stage, way) as page:
        await page.goto("/operator/rules/health")
        await (
            page.get_by_role("link", name="Spooler back on")
            .or_(page.locator("#list a.title"))
            .first.click()
        )
        await expect(page.get_by_text("8 of 12 (67 %) since")).to_be_visible()
        assert page.url.endswith(str(wheel.rule))
        for word in ("off", "on"):
            await page.get_by_label("Why").fill("Restarts what must stay stopped.")
            await page.get_by_role("button", name=f"Switch {word}").click()
            await expect(page.get_by_text(f"is switched {word}")).to_be_visible()
        await page.goto(f"/operator/rules/new?scope=site&of={stage.site.slug}")
        await page.get_by_role("textbox", name="Name").fill("Firewall <b>on</b>")
        await page.get_by_label("Id on appliances").fill("L1-CUSTOM-FIREWALL")
        await page.get_by_label("Incident type").fill("firewall_own")
        await page.get_by_label("Runbook").select_option("RB-WIN-SEC-001")
        await page.get_by_text("More conditions, precedence and pauses").click()
        await page.get_by_label("More conditions").fill("severity")
        await page.get_by_role("button", name="Make the rule").click()
        # Said beside the field, which is open again, with what was typed.
        await expect(page.locator("#wrong-more")).to_contain_text("Write each condition as")
        await expect(page.locator("#wrong-more")).to_be_visible()
        await expect(page.get_by_label("More conditions")).to_have_value("severity")
        await expect(page.get_by_role("textbox", name="Name")).to_have_value("Firewall <b>on</b>")
        await page.get_by_label("More conditions").fill("severity in high, critical")
        await page.get_by_role("button", name="Make the rule").click()
        await expect(page.get_by_text("plain ASCII")).to_be_visible()
        await page.get_by_role("textbox", name="Name").fill("Firewall on")
        await page.get_by_role("button", name="Make the rule").click()
        await expect(page.get_by_text("L1-CUSTOM-FIREWALL is made and on")).to_be_visible()
        await expect(page.locator("h1")).to_have_text("Firewall on")
        await expect(page.locator("pre")).to_contain_text('"critical"')
        await page.goto("/operator/rules?text=firewall_own&source=custom")
        await expect(page.locator("#list tbody tr")).to_have_count(1)


@WAYS
async def test_a_site_is_set_and_its_appliance_ordered(
    browser: Browser, stage: Stage, way: Way
) -> None:
    appliance = stage.cast.appliance
    async with _admin(browser, stage, way) as page:
        await page.goto(f"/operator/fleet?text={stage.site.slug}")
        await page.get_by_role("link", name=f"Site {stage.site.slug}").click()
        await page.get_by_label("Healing tier").select_option("full_coverage")
        await page.get_by_role("button", name="Set the tier").click()
        await expect(page.get_by_text("has the tier full coverage")).to_be_visible()
        await page.get_by_label("Order the appliance").select_option(str(appliance.id))
        await page.get_by_label("What to do").select_option("Restart its agent")
        await page.get_by_role("button", name="Issue the order").click()
        await expect(page.locator("#orders-section tbody tr")).to_contain_text("restart agent")
        await page.get_by_role("link", name="Take back").click()
        await page.get_by_role("button", name="Take back the order").click()
        await expect(page.get_by_text("The order is taken back.")).to_be_visible()
        await page.get_by_label("L2 mode of vm").select_option("Off")
        await page.get_by_role("button", name="Set the L2 mode").click()
        await expect(page.locator(".mode .badge")).to_have_text("pending")
        await deliveries.check_in(stage.http, appliance, "0.4.2", active_l2_mode="disabled")
        await page.reload()
        await expect(page.locator(".mode .badge")).to_have_text("applied")


async def test_those_closest_to_a_rule_come_first_and_say_how_far_it_is(
    browser: Browser, stage: Stage
) -> None:
    wheel = await flywheel.turn_it(stage)
    await flywheel.stop_it(stage)
    async with browsing.reader(browser, stage.base_url, flywheel.viewer(stage)) as (page, _):
        await page.goto("/operator/learning?limit=1")
        await expect(page.locator("#list tbody tr")).to_contain_text("1 of 5 organizations")
        await expect(page.locator("#list tbody tr")).to_contain_text("24 executions, 20 needed")
        await page.get_by_role("link", name="Next page").click()
        await expect(page.locator("#list tbody tr")).to_contain_text("cannot become a rule")
        await page.get_by_label("Standing").select_option("On the way")
        await page.get_by_role("button", name="Filter").click()
        await page.locator("#list a.title").click()
        assert page.url.endswith(str(wheel.pair))
        await expect(page.get_by_text("24 of 24 (100 %)").first).to_be_visible()


async def test_viewers_see_everything_and_are_offered_no_change(
    browser: Browser, stage: Stage
) -> None:
    wheel = await flywheel.turn_it(stage)
    async with browsing.reader(browser, stage.base_url, flywheel.viewer(stage)) as (page, watch):
        watch.expected = {403}
        for here in flywheel.paths(stage, wheel):
            answer = await page.goto(here)
            assert answer is not None
            if here.endswith(("/approve", "/reject", "/new")):
                assert answer.status == 403, here
                continue
            assert answer.status == 200, here
            buttons = await page.get_by_role("main").get_by_role("button").all_inner_texts()
            assert {text.split()[0] for text in buttons} <= {"Filter", "Search", "Show", "Copy"}
            for word in ("Approve", "Reject", "Switch", "Write"):
                assert await page.get_by_role("link", name=word).count() == 0, (here, word)


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "narrow"])
async def test_every_page_of_the_flywheel_is_sound(
    browser: Browser, stage: Stage, phone: bool
) -> None:
    wheel = await flywheel.turn_it(stage)
    quiet = ["/operator/overview", "/operator/runs?failed=yes"]
    async with browsing.reader(browser, stage.base_url, flywheel.admin(stage), phone=phone) as (
        page,
        _,
    ):
        found = await browsing.unsound(page, quiet, phone=phone)
        await flywheel.stop_it(stage)
        # A candidate's pages are those of partners.
        paths = [path for path in flywheel.paths(stage, wheel) if "/candidates/" not in path]
        found |= await browsing.unsound(page, paths, phone=phone)
    assert found == {}


async def test_what_others_wrote_is_text_on_every_page(browser: Browser, stage: Stage) -> None:
    evil = browsing.EVIL
    await stages.reject(stage, "WS-3", evil + "q" * 1_900)
    wheel = await flywheel.turn_it(stage)
    await flywheel.stop_it(stage, error=evil + "e" * 1_500)
    switched = await stage.http.post(
        f"/api/admin/rules/{wheel.rule}/disable",
        json={"reason": evil + "r" * 1_900},
        headers=stage.cast.admin.headers,
    )
    assert switched.status_code == 200, switched.text
    await stage.http.patch(
        f"/api/admin/sites/{stage.site.slug}",
        json={"name": (evil + "n" * 200)[:200]},
        headers=stage.cast.admin.headers,
    )
    paths = [*flywheel.paths(stage, wheel), f"/operator/learning?text={'%3Cb%3E' * 20}"]
    for phone in (False, True):
        async with browsing.reader(browser, stage.base_url, flywheel.admin(stage), phone=phone) as (
            page,
            _,
        ):
            for path in paths:
                await page.goto(path)
                assert await browsing.obeyed(page) == [], path
                assert await browsing.overflow(page) <= 0, path
