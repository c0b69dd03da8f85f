"""The page of the loop's runs says what each step did, each count by its name.

Broken on purpose: with a step that has no names for its counts, and with numbers alone on the page,
these fail.
"""

import os

import pytest
from playwright.async_api import Browser, expect

from flywheel_server import loop
from flywheel_server.core.step import Step
from tests.portal import browsing, flywheel
from tests.portal.stage import Stage

RUNS = "/operator/runs"


def test_every_step_names_what_it_counts() -> None:
    given = Step(name="any", run=loop.STEPS[0].run).counts
    assert [name for name, counts in loop.COUNTS.items() if counts == given] == []
    assert list(loop.COUNTS) == loop.NAMES


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "narrow"])
async def test_each_count_is_shown_by_its_name(browser: Browser, stage: Stage, phone: bool) -> None:
    await flywheel.turn_it(stage)
    async with browsing.reader(browser, stage.base_url, flywheel.admin(stage), phone=phone) as (
        page,
        _,
    ):
        await page.goto(RUNS)
        await page.get_by_role("button", name="Run a turn now").click()
        await expect(page.locator("#notices")).to_contain_text("No step failed")
        await page.get_by_text("The newest run of each step").click()
        newest = page.locator("#state tbody tr")
        assert await newest.count() == len(loop.STEPS)
        for step in loop.STEPS:
            row = page.locator(f'#state tr[data-key="{step.name}"]')
            for name in step.counts:
                if name is not None:
                    await expect(row).to_contain_text(name)
        await expect(page.locator("#list")).to_contain_text("rules promoted")
        if folder := os.environ.get("FLYWHEEL_PICTURES"):
            await page.screenshot(path=f"{folder}/runs-{phone}.png", full_page=True)
        assert await browsing.unsound(page, [RUNS], phone=phone) == {}
