"""The page of the loop's runs says what each step did, each count by its name.

Broken on purpose: with a run's counts left out of its record, and with numbers alone on the page,
these fail.
"""

import os

import pytest
from playwright.async_api import Browser, expect

from flywheel_server import loop
from flywheel_server.core import db
from tests import telemetry
from tests.portal import browsing, flywheel
from tests.portal.flywheel import LOOP
from tests.portal.stage import Stage

RUNS = "/operator/runs"


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "narrow"])
async def test_each_count_is_shown_by_its_name(browser: Browser, stage: Stage, phone: bool) -> None:
    await flywheel.turn_it(stage)
    await telemetry.send(stage.http, stage.site, telemetry.executions(3))
    async with db.transaction(stage.database, LOOP) as connection:
        for days, rows in ((0, 1_234), (100, 0)):
            # As an earlier release records a run: without names.
            await connection.execute(
                "INSERT INTO loop_runs (turn_id, holder, step, started_at, ended_at, rows_in, "
                "rows_out) SELECT uuidv7(), uuidv7(), 'earlier', t, t, $2, 5 "
                "FROM (SELECT now() - make_interval(days => $1) AS t)",
                days,
                rows,
            )
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
        await expect(page.locator('#state tr[data-key="generate_patterns"]')).to_contain_text(
            "3 facts read, 1 patterns changed"
        )
        await expect(page.locator('#state tr[data-key="housekeeping"]')).to_contain_text(
            "1 runs deleted"
        )
        await expect(page.locator('#state tr[data-key="follow_cluster"]')).to_contain_text(
            "nothing to do"
        )
        await expect(page.locator("#list")).to_contain_text("1 runs deleted")
        if folder := os.environ.get("FLYWHEEL_PICTURES"):
            await page.screenshot(path=f"{folder}/runs-{phone}.png", full_page=True)
        await page.goto(f"{RUNS}?text=earlier")
        await expect(page.locator("#list")).to_contain_text("1,234 rows read, 5 rows changed")
        assert await browsing.unsound(page, [RUNS], phone=phone) == {}
