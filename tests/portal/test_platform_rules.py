"""Declining a platform rule on a page, and taking it back: by a partner, and by a client.

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
