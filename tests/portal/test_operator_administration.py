"""Every button of operators' administration: with our module and wide, without it and narrow.

Broken on purpose: with the alias made for another id than the row's, and with the policy's form
sending what did not change, these fail.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from flywheel_server.core import db
from flywheel_server.core.scope import LoopScope
from tests import bundles
from tests.cast import CastPerson
from tests.evidence.test_anchor_evidence import settings_of, turn
from tests.portal import administration, browsing
from tests.portal.administration import LIKE_A_RULE, LIKE_A_RUNBOOK
from tests.portal.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
    browser: Browser, stage: Stage, way: Way, person: CastPerson | None = None
) -> AsyncIterator[Page]:
    async with browsing.reader(
        browser,
        stage.base_url,
        person or administration.admin(stage),
        phone=way.phone,
        javascript=way.javascript,
    ) as (page, _):
        yield page


@WAYS
async def test_an_unknown_id_is_said_to_be_a_known_one_and_counts_at_once(
    browser: Browser, stage: Stage, way: Way
) -> None:
    await administration.unresolved(stage)
    async with _reader(browser, stage, way) as page:
        await page.goto("/operator/unresolved")
        await expect(page.get_by_text("11 executions teach nothing now")).to_be_visible()
        row = page.locator("tr", has_text=LIKE_A_RUNBOOK)
        await row.get_by_role("link", name="RB-WIN-SVC-003").click()
        await expect(page.get_by_text("An alias is permanent")).to_be_visible()
        await page.get_by_role("button", name="Add the alias").click()
        await expect(page.get_by_text("6 executions kept under it count from now")).to_be_visible()
        await expect(row).to_have_count(0)
        # Whatever is not suggested is looked for.
        row = page.locator("tr", has_text=LIKE_A_RULE)
        await row.get_by_role("link", name="Another").click()
        await page.get_by_label("Search rule names and ids").fill("no such rule")
        await page.get_by_role("button", name="Search", exact=True).last.click()
        await expect(page.get_by_text("Nothing known has this in its name or id.")).to_be_visible()
        await page.get_by_label("Search rule names and ids").fill("smb1")
        await page.get_by_role("button", name="Search", exact=True).last.click()
        await page.get_by_role("link", name="L1-WIN-SEC-SMB1").click()
        await page.get_by_role("button", name="Add the alias").click()
        await expect(page.locator("#notices")).to_contain_text(
            f"{LIKE_A_RULE} stands for L1-WIN-SEC-SMB1"
        )
        await page.get_by_role("link", name="Aliases so far").click()
        await expect(page.locator("#list tbody tr")).to_have_count(2)
        await page.get_by_label("Search alias").fill("svc-003")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.locator("#list tbody tr")).to_contain_text("RB-WIN-SVC-003")


@WAYS
async def test_a_runbook_is_registered_and_the_policy_changed_with_the_reason(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _reader(browser, stage, way) as page:
        await page.goto("/operator/runbooks")
        for _ in range(2):
            await page.get_by_label("Id", exact=True).fill("RB-WIN-PRINT-901")
            await page.get_by_label("What it does").fill("Clear the print queue")
            await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_text("Not done.")).to_be_visible()
        await page.get_by_label("Search id, name or form").fill("print queue")
        await page.get_by_role("button", name="Filter").click()
        (row,) = await page.locator("#list tbody tr").all()
        await expect(row).to_contain_text("added by an operator")
        await row.locator("summary").click()
        await expect(row).to_contain_text("run_windows_runbook:RB-WIN-PRINT-901")

        await page.get_by_role("link", name="Policy").click()
        await page.get_by_label("Why").fill("Only to look.")
        await page.get_by_role("button", name="Change the policy").click()
        await expect(page.get_by_text("Nothing differs from what is in force")).to_be_visible()
        await page.locator("[name=platform_min_organizations]").fill("6")
        await page.locator("[name=site_min_success_rate]").fill("92.5")
        await page.locator("[name=require_verified]").select_option("yes")
        await page.get_by_label("Why").fill("Nine organizations <b>now</b>.")
        await page.get_by_role("button", name="Change the policy").click()
        await expect(page.get_by_text("Version 2 of the policy is in force")).to_be_visible()
        newest = page.locator(".history > li").first
        for text in ("5 organizations → 6 organizations", "90 % → 92.5 %", "no → yes"):
            await expect(newest).to_contain_text(text)
        await expect(newest).to_contain_text("Nine organizations <b>now</b>.")
        assert await page.locator("[name=site_min_success_rate]").input_value() == "92.5"


@WAYS
async def test_a_partner_comes_with_organization_site_and_keys(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _reader(browser, stage, way) as page:
        await page.goto("/operator/tenants")
        await page.get_by_label("Name", exact=True).fill("East IT")
        await page.get_by_role("button", name="Add the partner").click()
        await page.get_by_role("link", name="East IT").click()
        await page.get_by_role("link", name="Add its first one").click()
        await page.get_by_label("Name", exact=True).fill("Harbour Dental")
        await page.get_by_role("button", name="Add the organization").click()
        await page.get_by_role("link", name="Harbour Dental").click()
        await page.get_by_role("link", name="Opt out").click()
        await expect(page.get_by_text("leave what all learn with the next turn")).to_be_visible()
        for button, badge in (("Opt out", "opted out"), ("Contribute again", "contributes")):
            await page.get_by_role("button", name=button).click()
            await expect(page.locator("#sharing-section .badge")).to_have_text(badge)
        await page.get_by_label("Name", exact=True).fill("Harbour Dental Care")
        await page.get_by_role("button", name="Rename").click()
        await expect(page.get_by_role("heading", name="Harbour Dental Care")).to_be_visible()
        await page.get_by_role("link", name="Add its first one").click()
        for slug in (stage.site.slug, "harbour-dental-main"):
            await page.locator("[name=organization_id]").select_option("Harbour Dental Care")
            await page.get_by_label("Name", exact=True).fill("Main practice")
            await page.locator("[name=site_id]").fill(slug)
            await page.get_by_role("button", name="Add the site").click()
        await expect(page.get_by_text("issue a key for its appliances below")).to_be_visible()
        await page.get_by_label("What the new key is for").fill("<i>rack 2</i>")
        await page.get_by_role("button", name="Issue a key").click()
        key = await page.locator(".secret code").inner_text()
        await page.get_by_role("link", name="Revoke").click()
        await page.get_by_role("button", name="Revoke the key").click()
        await expect(page.get_by_text("The key is revoked")).to_be_visible()
        assert await page.locator(".secret").count() == 0
        await page.get_by_label("Healing tier").select_option("full_coverage")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(".badge").first).to_have_text("full coverage")
        await page.get_by_role("link", name="East IT").click()
        await page.get_by_label("What the new key is for").fill("tickets")
        await page.get_by_role("button", name="Issue a key").click()
        assert (await page.locator(".secret code").inner_text()).startswith("flywheel_")
    headers = {"Authorization": f"Bearer {key}"}
    answer = await stage.http.get("/api/agent/l1-rules", headers=headers)
    assert answer.status_code == 401


@WAYS
async def test_somebody_is_invited_gets_another_role_and_is_stopped(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _reader(browser, stage, way) as page:
        await page.goto("/operator/people")
        await page.get_by_label("E-mail address", exact=True).fill("new@partner.example.com")
        await page.get_by_label("Role").last.select_option("partner technician")
        await page.get_by_role("button", name="Invite").click()
        await expect(page.locator("#wrong-partner_id")).to_have_text(
            "Choose the partner that they work for."
        )
        await page.get_by_label("Partner, for its people").select_option("North IT")
        await page.get_by_role("button", name="Invite").click()
        assert "/invitation?token=" in await page.locator(".secret code").inner_text()
        await page.goto("/operator/people?text=NEW@&state=enabled")
        await page.get_by_role("link", name="new@partner.example.com").click()
        await page.get_by_label("Their role").select_option("owner")
        await page.get_by_role("button", name="Change the role").click()
        await expect(page.get_by_text("is partner owner now")).to_be_visible()
        for button, path in (("Invite anew", "/invitation?"), ("Make a link", "/sign-in/link?")):
            await page.get_by_role("button", name=button).click()
            assert path in await page.locator(".secret code").inner_text()
        await page.get_by_role("link", name="Disable").click()
        await page.get_by_role("button", name="Disable").click()
        await expect(page.get_by_text("sessions, links and tokens stopped")).to_be_visible()
        await page.get_by_role("button", name="Enable").click()
        await expect(page.get_by_text("may sign in again.")).to_be_visible()
        technician = stage.cast.people["partner technician"]
        await page.goto(f"/operator/people/{technician.id}")
        await page.get_by_role("button", name="Sign out everywhere").click()
        await expect(page.get_by_text("signed out everywhere (1 session ended)")).to_be_visible()
        answer = await stage.http.get("/api/auth/session", headers=technician.headers)
        assert answer.status_code == 401
        # Oneself stays an admin, for there is no other.
        await page.goto(f"/operator/people/{administration.admin(stage).id}")
        assert await page.get_by_role("link", name="Disable").count() == 0
        await page.get_by_label("Their role").select_option("viewer")
        await page.get_by_role("button", name="Change the role").click()
        await expect(page.get_by_text("This is the last admin")).to_be_visible()
        await page.get_by_role("link", name="what they did").click()
        entry = page.locator("#list li", has_text="Somebody got another role").first
        await entry.locator("summary").click()
        await expect(entry.get_by_text("user.role")).to_be_visible()
        await expect(entry.locator("dd")).to_be_visible()
        await expect(entry.locator("dd")).to_have_text("before: technician → after: owner")


async def test_keys_are_decided_plans_read_and_the_audit_holds(
    browser: Browser, stage: Stage
) -> None:
    filled = await administration.fill(stage)
    async with _reader(browser, stage, Way(javascript=True, phone=False)) as page:
        await page.goto("/operator/evidence")
        for verb, said in (("Approve", "The key counts from now on"), ("Refuse", "is refused")):
            await page.get_by_role("link", name=f"{verb} the key").first.click()
            await expect(page.locator("dialog[open]")).to_have_count(1)
            await page.get_by_label("Why").fill("Set up anew.")
            await page.get_by_role("button", name=f"{verb} the key").click()
            await expect(page.locator(".notice")).to_contain_text(said)
        await expect(page.get_by_text("No key waits.")).to_be_visible()
        await page.get_by_role("link", name="All timestamps").click()
        await expect(page.get_by_text("No timestamps yet.")).to_be_visible()

        await page.get_by_role("link", name="Plans").click()
        await page.get_by_text("Why 1 request was escalated").click()
        await page.get_by_role("link", name="nothing is known to heal it").click()
        await page.get_by_role("link", name="unheard_of").click()
        await expect(page.get_by_text("told to call a person").first).to_be_visible()
        await page.goto(f"/operator/plans/{filled.plan}")
        await expect(page.get_by_text("RB-WIN-SVC-001").first).to_be_visible()
        await expect(page.get_by_text("What planners were let know").first).to_be_visible()

        await page.goto("/operator/audit")
        await page.get_by_label("Search who").fill("evidence_key.")
        await page.get_by_label("Partner, organization or site").fill(stage.site.slug)
        await page.get_by_label("When").select_option("7")
        await page.get_by_role("button", name="Filter").click()
        entries = page.locator("#list li")
        await expect(entries).to_have_count(2)
        await entries.first.locator("summary").click()
        await expect(entries.first.get_by_text("Set up anew.")).to_be_visible()
        await entries.first.get_by_role("link", name="all entries").click()
        await expect(entries).to_have_count(1)
        await page.get_by_role("button", name="Check the chain").click()
        await expect(page.get_by_text("It holds.")).to_be_visible()


async def test_a_broken_chain_needs_a_person_and_a_failed_timestamp_is_asked_for_again(
    browser: Browser, stage: Stage
) -> None:
    agent = await bundles.agent_of(stage.database, stage.cast.appliance)
    await bundles.submitted(stage.database, agent)
    await turn(stage.database, settings_of(None))
    async with db.transaction(stage.database, LoopScope(reason="a test")) as connection:
        await connection.execute(
            "UPDATE evidence_progress SET broken_position = 1, broken_reason = 'it was changed',"
            " broken_at = now()"
        )
        await connection.execute(
            "UPDATE evidence_anchors SET state = 'failed', problem = 'no such block'"
        )
    async with _reader(browser, stage, Way(javascript=False, phone=True)) as page:
        await page.goto("/operator/evidence")
        alarms = page.locator("#alarms-section li")
        await expect(alarms).to_have_count(2)
        await expect(alarms.first).to_contain_text("is broken at position 1: it was changed")
        await page.goto("/operator/evidence/anchors?state=failed")
        await expect(page.get_by_text("no such block")).to_be_visible()
        await page.get_by_text("Try again").first.click()
        await page.get_by_label("Why").fill("The calendar is back.")
        await page.get_by_role("button", name="Try again").click()
        # This server has no calendar to ask; with one, tests/evidence/test_evidence_anchors.py
        # goes on.
        await expect(page.get_by_text("No calendar is set to ask")).to_be_visible()


@pytest.mark.parametrize("root", ["/operator", "/partner"])
async def test_a_webhook_is_added_tested_paused_changed_and_deleted(
    browser: Browser, stage: Stage, root: str
) -> None:
    person = administration.admin(stage) if root == "/operator" else stage.owner
    way = Way(javascript=root == "/operator", phone=root == "/partner")
    async with _reader(browser, stage, way, person) as page:
        await page.goto(f"{root}/webhooks")
        for address in ("https://127.0.0.1/hook", "https://1.1.1.1/hook"):
            await page.get_by_label("Address").fill(address)
            await page.get_by_label("What it is for").fill("<b>chat</b>")
            await page.get_by_role("button", name="Add the webhook").click()
        assert (await page.locator(".secret code").inner_text()).startswith("whsec_")
        await page.get_by_role("link", name="Look at it and send a test").click()
        assert await page.locator(".secret").count() == 0
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.locator("#list tbody tr")).to_contain_text("on the way")
        for button, badge in (("Pause", "paused"), ("Switch on", "on")):
            await page.get_by_role("button", name=button).click()
            await expect(page.locator("h1 + p .badge")).to_have_text(badge)
        await page.get_by_label("A rule was made").check()
        await page.get_by_label("A rule was withdrawn").uncheck()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_label("A rule was made")).to_be_checked()
        await expect(page.get_by_label("A rule was withdrawn")).not_to_be_checked()
        await page.get_by_role("link", name="Delete the webhook").click()
        await page.get_by_role("button", name="Delete the webhook").click()
        await expect(page.get_by_text("No webhooks yet.")).to_be_visible()


async def test_viewers_see_everything_and_are_offered_no_change(stage: Stage) -> None:
    filled = await administration.fill(stage)
    admin = administration.admin(stage)
    viewer = administration.viewer(stage)
    for path in administration.paths(stage, filled):
        answer = await stage.http.get(path, headers={"Cookie": f"flywheel_session={viewer.token}"})
        # What asks for a change is for admins alone.
        asking = ("/unresolved/alias?", "/unresolved/set-aside?", "/evidence/keys/")
        asks = any(each in path for each in asking)
        assert answer.status_code == (403 if asks else 200), path
        forms = answer.text.count('method="post"')
        assert forms == answer.text.count('action="/sign-out"'), path
        size = len(
            (await stage.http.get(path, headers={"Cookie": f"flywheel_session={admin.token}"})).text
        )
        assert size < 100 * 1024, path


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "narrow"])
async def test_every_page_of_administration_is_sound(
    browser: Browser, stage: Stage, phone: bool
) -> None:
    filled = await administration.fill(stage)
    # Half of them on each, one of each kind: what differs by width is looked at below, on all.
    paths = administration.paths(stage, filled)
    looked_at = [each for each in paths if "nothing-has-this" not in each][phone::2]
    async with browsing.reader(
        browser, stage.base_url, administration.admin(stage), phone=phone
    ) as (page, _):
        found = await browsing.unsound(page, looked_at, phone=phone)
    assert found == {}


async def test_what_operators_read_from_outside_is_text_everywhere(
    browser: Browser, stage: Stage
) -> None:
    await administration.hostile(stage, browsing.EVIL)
    filled = await administration.fill(stage)
    async with browsing.reader(
        browser, stage.base_url, administration.admin(stage), phone=True
    ) as (page, _):
        for path in (*administration.paths(stage, filled), "/operator/audit"):
            await page.goto(path)
            assert await browsing.obeyed(page) == [], path
            assert await browsing.overflow(page) <= 0, path
