"""Evidence on pages: what was checked, what is missing, what proves it, and the file of all of it.

Broken on purpose: where an export ends at the beginning of its last day, the newest bundle is not
in the file.
"""

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from flywheel_server.accounts.pages import filters
from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.evidence import archive_checks
from flywheel_server.evidence.store.evidence import Bundle
from tests import bundles, calendar_server
from tests.bundles import CHECK
from tests.calendar_server import Calendar
from tests.evidence.test_anchor_evidence import make_due, settings_of, turn
from tests.portal import browsing
from tests.portal.stage import Stage
from tests.portal.test_plan_pages import WAYS, Way

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOUR = dt.timedelta(hours=1)


@pytest_asyncio.fixture(loop_scope="session")
async def calendar() -> AsyncIterator[Calendar]:
    async with calendar_server.running() as started:
        yield started


async def _kept(stage: Stage, calendar: Calendar | None = None) -> list[Bundle]:
    """Let a site submit for two days: a gap, a clock that is ahead, and a batch that is proven."""
    agent = await bundles.agent_of(stage.database, stage.cast.appliance)
    now = clock.now()
    made = []
    for hours in (30, 28, 26, 12, 10):
        failing = [
            CHECK | {"check": "bitlocker_status", "status": "fail", "hostname": browsing.EVIL}
        ]
        ahead = {"checked_at": (now + 3 * HOUR).isoformat()} if hours == 12 else {}
        made.append(
            await bundles.submitted(
                stage.database,
                agent,
                now=now - hours * HOUR,
                checks=[CHECK, *(failing if hours == 26 else [])],
                **ahead,
            )
        )
    if calendar is not None:
        settings = settings_of(calendar, headers=calendar.url)
        await turn(stage.database, settings)
        calendar.mine(800_000)
        await make_due(stage.database)
        await turn(stage.database, settings)
    made.append(await bundles.submitted(stage.database, agent))
    return made


@WAYS
async def test_an_auditor_sees_how_checks_went_and_takes_a_file_that_holds_by_itself(
    browser: Browser, stage: Stage, way: Way, calendar: Calendar, tmp_path: Path
) -> None:
    made = await _kept(stage, calendar)
    person = stage.cast.people["client viewer"]
    async with browsing.reader(
        browser, stage.base_url, person, phone=way.phone, javascript=way.javascript
    ) as (page, _):
        await page.goto("/client/evidence")
        await page.get_by_role("link", name=f"Site {stage.site.slug}").click()
        await expect(page.get_by_text("Last 30 days: 6 bundles with")).to_be_visible()
        await expect(page.get_by_text("proven by a block").first).to_be_visible()
        await expect(page.locator("#gaps li").first).to_contain_text("10 hours")
        await expect(page.get_by_text("1 bundle with a clock ahead of ours")).to_be_visible()
        await page.get_by_role("link", name="1 bundle").click()
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        await page.goto(page.url.split("?")[0])
        await page.get_by_label("With a check that is").select_option("fail")
        await page.get_by_role("button", name="Filter").click()
        await page.get_by_role("link", name="place 3").click()
        await expect(page.locator("tbody tr")).to_have_count(2)
        await expect(page.get_by_text(browsing.EVIL)).to_be_visible()
        await page.get_by_label("Status").select_option("fail")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page.get_by_text("The signed text, exactly")).to_be_visible()
        await page.get_by_role("link", name="Export the evidence").click()
        # The last day is within: this is the whole of it.
        day = clock.now().date().isoformat()
        await page.get_by_label("Last day (UTC)").fill(day)
        async with page.expect_download() as waiting:
            await page.get_by_role("button", name="Download the evidence").click()
        file = tmp_path / "export.zip"
        await (await waiting.value).save_as(file)
        await page.get_by_text("How to check it").click()
        command = await page.locator("#export ~ details pre").inner_text()
    report = archive_checks.check(file, head=made[-1].chain_hash)
    assert (report.bundles, report.anchors) == (6, {"verified": 1})
    # The page says how to check it, with what only this server knows.
    _, _, _, _, head, _, key = command.split()
    assert head == made[-1].chain_hash
    archive_checks.check(file, head=head, server_key=key)


async def test_what_is_wrong_stands_at_the_top_and_in_the_list(
    browser: Browser, stage: Stage
) -> None:
    await _kept(stage)
    await turn(stage.database, settings_of(None))
    async with db.transaction(stage.database, LoopScope(reason="a test")) as connection:
        await connection.execute(
            "UPDATE evidence_progress SET broken_position = 2, broken_reason = 'it was changed',"
            " broken_at = now()"
        )
        await connection.execute(
            "UPDATE evidence_anchors SET state = 'failed', problem = 'no such block'"
        )
    async with browsing.reader(browser, stage.base_url, stage.viewer) as (page, _):
        await page.goto("/partner/evidence?state=broken")
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        await expect(page.get_by_text("broken at 2")).to_be_visible()
        await expect(page.get_by_text("1 failed", exact=True)).to_be_visible()
        await page.get_by_role("link", name=f"Site {stage.site.slug}").click()
        await expect(page.get_by_text("The chain does not hold at bundle 2.")).to_be_visible()
        await expect(page.get_by_text("no such block")).to_be_visible()
        await page.goto(f"{page.url}?from=2020-01-01&to=2020-01-02")
        await expect(page.get_by_text("No bundle fits these filters.")).to_be_visible()
        await page.goto(f"/partner/evidence/{stage.site.id}/export?from=2020-01-01&to=2020-01-02")
        await expect(page.get_by_text("No evidence was received in this span")).to_be_visible()
        await page.goto(f"/partner/evidence/{stage.site.id}/export?from=yesterday")
        await expect(page.get_by_text("Give days as 2026-02-24")).to_be_visible()
        await page.goto(f"/partner/evidence/{stage.site.id}?to=9999-12-31")
        await expect(page.get_by_text("Nothing is listed.")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "narrow"])
async def test_every_page_of_evidence_is_sound(
    browser: Browser, stage: Stage, phone: bool, calendar: Calendar
) -> None:
    made = await _kept(stage, calendar)
    person = stage.cast.people["client viewer"] if phone else stage.owner
    root = f"/{person.role.partition(' ')[0]}/evidence"
    paths = [
        root,
        f"{root}?text=nothing-has-this",
        f"{root}/{stage.site.id}?days=7",
        f"{root}/{stage.site.id}?stamp=failed",
        f"{root}/{stage.cast.neighbour.id}",
        f"{root}/{stage.site.id}/bundles/{made[2].bundle_id}",
        f"{root}/{stage.site.id}/bundles/{made[2].bundle_id}?result=none",
    ]
    async with browsing.reader(browser, stage.base_url, person, phone=phone) as (page, _):
        assert await browsing.unsound(page, paths, phone=phone) == {}
        await page.goto(paths[5])
        assert await browsing.obeyed(page) == []


async def test_ten_thousand_checks_come_in_pages(stage: Stage) -> None:
    agent = await bundles.agent_of(stage.database, stage.cast.appliance)
    checks = [{"check": f"c-{n}", "hostname": "h", "status": "pass"} for n in range(10_000)]
    bundle = await bundles.submitted(stage.database, agent, checks=checks)
    path = f"/partner/evidence/{stage.site.id}/bundles/{bundle.bundle_id}"
    headers = {"Cookie": f"flywheel_session={stage.viewer.token}"}

    first = (await stage.http.get(path, headers=headers)).text
    shown = filters.SHOWN
    assert f">c-{shown - 1}<" in first
    assert f">c-{shown}<" not in first
    assert len(first) < 100 * 1024
    following = next(part for part in first.split('"') if "next=" in part)
    second = (await stage.http.get(following, headers=headers)).text
    assert f">c-{shown}<" in second
    assert f">c-{2 * shown - 1}<" in second
    assert f">c-{shown - 1}<" not in second
    found = (await stage.http.get(f"{path}?text=C-9999", headers=headers)).text
    assert "c-9999<" in found
