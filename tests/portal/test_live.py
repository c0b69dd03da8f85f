"""What changes elsewhere comes into an open page without changing what its reader is about to do.

Broken on purpose: with parts replaced whole, the focus is another row's, the choice is lost and the
buttons move; with vanished rows taken out, the rows below move up.
"""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

import flywheel_server
from flywheel_server.orders.model import orders
from tests import candidates, ordering
from tests.portal import browsing, stage as stages
from tests.portal.stage import Stage

# Until the page, too, has heard of something that came after it was made.
_HEARD = """() => new Promise((heard) => {
  new EventSource(document.body.dataset.live).addEventListener("changed", heard);
}).then(() => true)"""
_FIRST_ROW = r'<tbody role="rowgroup">\s*{% for .*?(<tr [^>]*>)'
PACKAGE = Path(flywheel_server.__file__).parent


@pytest.mark.asyncio(loop_scope="session")
async def test_a_list_keeps_its_rows_under_the_readers_hands(
    browser: Browser, stage: Stage
) -> None:
    async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
        await page.goto("/partner/learning")
        row = page.locator("tr", has_text="WS-3")
        button = row.get_by_role("link", name="Approve")
        await page.locator("select[name=status]").select_option("Rejected")
        await page.get_by_label("Search type").fill("half a wo")
        await row.locator("input[name=id]").check()
        await button.focus()
        places = await _places(page)
        await candidates.make_candidates(stage.database, [stage.site], ["NEW-1", "NEW-2"])
        show = page.get_by_role("button", name="2 new: show")
        await expect(show).to_be_visible()
        await stages.reject(stage, "WS-2")
        gone = page.locator("tr", has_text="not in this list any more")
        await expect(gone).to_contain_text("WS-2")
        # A browser scrolls by whole pixels.
        assert await _places(page) == pytest.approx(places, abs=1)
        await expect(button).to_be_focused()
        await expect(row.locator("input[name=id]")).to_be_checked()
        assert await page.locator("tr", has_text="NEW-1").count() == 0
        assert await browsing.violations(page) == []
        await show.click()
        await expect(page.locator("tr", has_text="NEW-2")).to_be_visible()
        await expect(gone).to_have_count(0)
        await expect(show).to_be_hidden()
        await expect(row.locator("input[name=id]")).to_be_checked()
        await expect(page.locator("select[name=status]")).to_have_value("rejected")
        await expect(page.get_by_label("Search type")).to_have_value("half a wo")


@pytest.mark.asyncio(loop_scope="session")
async def test_what_is_chosen_stays_and_a_button_never_becomes_another(
    browser: Browser, stage: Stage
) -> None:
    mode = f"/api/sites/{stage.site.slug}/appliances/{stage.cast.appliance.id}/l2-mode"
    async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
        await page.goto(f"/partner/fleet/{stage.site.id}")
        await page.get_by_label("L2 mode of vm").select_option("disabled")
        await page.get_by_label("What to do").select_option("run_drift")
        answer = await stage.http.patch(
            mode, json={"l2_mode": "manual"}, headers=stages.plain(stage.owner)
        )
        assert answer.status_code == 200, answer.text
        order = orders.draft("sync_rules", {})
        await ordering.issue(stage.database, stage.cast.appliance, order, order_id="heal::live")
        # What would move the button waits, and what is chosen stays even then.
        await page.get_by_role("button", name="1 new: show").click()
        await expect(page.locator("#orders-section")).to_contain_text("heal::live")
        await expect(page.locator(".mode")).to_contain_text("should be manual")
        await expect(page.get_by_label("L2 mode of vm")).to_have_value("disabled")
        await expect(page.get_by_label("What to do")).to_have_value("run_drift")
        # Decided by somebody else: the button goes on being the same one, and says so.
        await page.goto("/partner/learning?status=all")
        row = page.locator("tr", has_text="WS-4")
        await row.get_by_role("link", name="Reject").focus()
        await stages.approve(stage, "WS-4")
        await expect(row).to_contain_text("changed meanwhile")
        await expect(row.get_by_role("link", name="Reject")).to_be_focused()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_dialog_stays_as_it_is_while_the_page_behind_it_changes(
    browser: Browser, stage: Stage
) -> None:
    async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
        await page.goto("/partner/learning")
        await page.locator("tr", has_text="WS-1").get_by_role("link", name="Approve").click()
        await page.get_by_label("Notes").fill("Half a sent")
        async with asyncio.TaskGroup() as group:
            group.create_task(page.evaluate(_HEARD))
            await stages.reject(stage, "WS-2")
        await expect(page.get_by_label("Notes")).to_have_value("Half a sent")
        await page.keyboard.press("Escape")
        await expect(page.locator("tr", has_text="not in this list any more")).to_be_visible()


def test_every_row_of_a_list_that_is_kept_up_to_date_has_its_key() -> None:
    rows = {
        f"{file.relative_to(PACKAGE)}: {row}"
        for file in PACKAGE.rglob("*.html")
        for row in re.findall(_FIRST_ROW, file.read_text("utf-8"), re.DOTALL)
    }
    assert rows
    # What is counted of one object stands in the same order always.
    assert {row for row in rows if "data-key" not in row and "pattern.html" not in row} == set()


async def _places(page: Page) -> list[float]:
    """Return how far from the window's top each button of a list is."""
    found = await page.locator("td.actions a").evaluate_all(
        "each => each.map((one) => one.getBoundingClientRect().top)"
    )
    return [float(each) for each in found]
