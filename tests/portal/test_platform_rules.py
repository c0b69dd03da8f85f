"""Platform rules and alarms about rules, on the pages of whom they concern.

Declining one and taking that back, by a partner and by a client; giving one back that was taken
from a tenant; answering what waits for a person.

Broken on purpose: with the client's link shown whatever its coverage, and with a decline that is
posted to where it is taken back, these fail.
"""

import os

import pytest
from playwright.async_api import Browser, Page, expect

from tests import candidates
from tests.portal import browsing
from tests.portal.stage import Stage
from tests.portal.test_forms import WAYS, Way

pytestmark = pytest.mark.asyncio(loop_scope="session")

PARTNER = "/partner/learning/platform-rules"
CLIENT = "/client/rules?source=platform"
REASON = "We restart it <b>ourselves</b>."


async def _picture(page: Page, name: str) -> None:
    folder = os.environ.get("FLYWHEEL_PICTURES")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)


async def _decline_and_take_back(page: Page, address: str, way: Way) -> None:
    await page.goto(address)
    list_of = page.locator("#list")
    await list_of.get_by_role("link", name="Decline").click()
    await expect(page.get_by_role("heading", name="for all of your sites?")).to_be_visible()
    await page.get_by_label("Why").fill(REASON)
    await _picture(page, f"ask{address.replace('/', '-')}-{way.phone}")
    await page.get_by_role("button", name="Decline it").click()
    await expect(page.locator("#notices")).to_contain_text("is declined")
    await page.goto(address)
    await expect(list_of).to_contain_text(REASON)
    await expect(list_of).to_contain_text("declined")
    await _picture(page, f"declined{address.replace('/', '-')}-{way.phone}")
    if way.javascript:
        assert await browsing.unsound(page, [address], phone=way.phone) == {}
    await list_of.get_by_role("link", name="Take it back").click()
    await page.get_by_role("button", name="Take it back").click()
    await expect(page.locator("#notices")).to_contain_text("your sites get it again")
    await page.goto(address)
    await expect(list_of).not_to_contain_text(REASON)


@WAYS
async def test_a_partner_declines_a_platform_rule_and_takes_that_back(
    browser: Browser, stage: Stage, way: Way
) -> None:
    await candidates.make_platform_rule(stage.database)
    async with browsing.reader(
        browser, stage.base_url, stage.technician, phone=way.phone, javascript=way.javascript
    ) as (page, _):
        await page.goto("/partner/learning")
        await page.get_by_role("link", name="Platform rules").click()
        await _decline_and_take_back(page, PARTNER, way)
    async with browsing.reader(browser, stage.base_url, stage.viewer) as (page, _):
        await page.goto(PARTNER)
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        await expect(page.get_by_role("link", name="Decline")).to_have_count(0)


@WAYS
async def test_a_client_declines_where_it_decides_at_every_site(
    browser: Browser, stage: Stage, way: Way
) -> None:
    await candidates.make_platform_rule(stage.database)
    admin = stage.cast.people["client admin"]
    async with browsing.reader(
        browser, stage.base_url, admin, phone=way.phone, javascript=way.javascript
    ) as (page, watch):
        await page.goto(CLIENT)
        await expect(page.locator(".lead")).to_contain_text("ask your IT partner")
        await expect(page.get_by_role("link", name="Decline")).to_have_count(0)
        await candidates.rows(
            stage.database,
            "UPDATE sites SET healing_tier = 'full_coverage' WHERE organization_id = $1"
            " RETURNING id",
            stage.site.organization_id,
        )
        await _decline_and_take_back(page, CLIENT, way)
        watch.expected |= {422}
        await page.goto(CLIENT)
        await page.get_by_role("link", name="Decline").click()
        # What is refused comes back with its reason.
        await page.get_by_label("Why").fill(" ")
        await page.get_by_role("button", name="Decline it").click()
        await expect(page.locator("[role=alert], .fault").first).to_be_visible()


@WAYS
async def test_an_operator_gives_a_rule_back_to_a_tenant(
    browser: Browser, stage: Stage, way: Way
) -> None:
    await candidates.make_quarantine(stage.database, stage.site)
    admin = stage.cast.people["operator admin"]
    async with browsing.reader(
        browser, stage.base_url, admin, phone=way.phone, javascript=way.javascript
    ) as (page, _):
        await page.goto("/operator/overview")
        await expect(page.get_by_text("Rules were taken from tenants")).to_be_visible()
        await page.goto("/operator/rules")
        await page.get_by_role("link", name="Kept from tenants").click()
        row = page.locator("#list tbody tr")
        await expect(row).to_contain_text("North IT client 1")
        await expect(row).to_contain_text("an operator gives it back")
        await _picture(page, f"kept-{way.phone}")
        if way.javascript:
            kept = "/operator/rules/exclusions"
            assert await browsing.unsound(page, [kept], phone=way.phone) == {}
        await row.locator("a.title").click()
        await expect(page.get_by_role("heading", name="Kept from 1 tenant")).to_be_visible()
        await page.locator("summary", has_text="Say that you have looked").click()
        await page.get_by_label("Why it may stay as it is").fill("Their proxy is old.")
        await _picture(page, f"operator-rule-{way.phone}")
        await page.get_by_role("button", name="I have looked").click()
        await expect(page.get_by_text("Their proxy is old.")).to_be_visible()
        await page.get_by_role("link", name="Give it back").click()
        await page.locator("textarea[rows='3']").fill("Their proxy is mended.")
        await page.get_by_role("button", name="Give it back").click()
        await expect(page.locator("#notices")).to_contain_text("is served to this tenant again")
        await expect(page.locator("#list")).to_contain_text("Every tenant gets every platform rule")


@WAYS
@pytest.mark.parametrize("role", ["partner technician", "client admin"])
async def test_a_rule_whose_evidence_is_gone_is_kept_with_a_reason(
    browser: Browser, stage: Stage, way: Way, role: str
) -> None:
    await candidates.make_alarm(stage.database, stage.cast.neighbour)
    async with browsing.reader(
        browser, stage.base_url, stage.cast.people[role], phone=way.phone, javascript=way.javascript
    ) as (page, _):
        if role.startswith("partner"):
            await page.goto("/partner/fleet")
            await page.get_by_role("link", name="Its evidence is gone.").click()
        else:
            await page.goto("/client/rules")
        alarm = page.locator(".notice", has_text="Its evidence is gone.")
        await alarm.locator("summary").click()
        await alarm.get_by_label("Why it may stay as it is").fill("It heals well.")
        await _picture(page, f"alarm-{role}-{way.phone}")
        await alarm.get_by_role("button", name="Keep it").click()
        await expect(page.locator("#notices")).to_contain_text("It is noted")
        await expect(page.get_by_text("It heals well.")).to_be_visible()
        if way.javascript:
            assert await browsing.unsound(page, [page.url], phone=way.phone) == {}
