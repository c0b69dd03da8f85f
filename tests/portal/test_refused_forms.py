"""A form that was refused comes back as it was typed, with the reason beside its field.

Broken on purpose: with the refusal as a message after a redirect, each field is empty; without the
cookie of the new session, who has signed in again gets the form to sign in.
"""

import os
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from playwright.async_api import Browser, expect

from flywheel_server.accounts.actions import people as inviting
from flywheel_server.core import clock, db, people as rules
from flywheel_server.core.settings import Settings
from flywheel_server.web import credentials
from flywheel_server.web.pages import refilling
from tests import cast as people
from tests.cast import CastPerson
from tests.journeys.conftest import listening
from tests.portal import browsing, stage as stages
from tests.portal.stage import Stage
from tests.portal.test_forms import WAYS, Way

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "A name that nobody can read, " * 9
FORMS = [
    ("partner owner", "/partner/keys", {"label": LONG}, "label"),
    ("partner owner", "/partner/people", {"email": "no <address>", "role": "owner"}, "email"),
    (
        "partner owner",
        "/partner/webhooks",
        {"url": "http://10.0.0.1/x", "label": "ours & theirs", "kinds": "plan.waiting"},
        "url",
    ),
    (
        "partner technician",
        "/partner/learning/candidates/{candidate}/approve",
        {"custom_name": LONG, "notes": "Seen it\n<work> & heal."},
        "custom_name",
    ),
    ("client admin", "/client/candidates/{candidate}/forward", {"notes": "y" * 2_001}, "notes"),
    ("operator admin", "/operator/runbooks", {"runbook_id": "?", "name": "Print"}, "runbook_id"),
    (
        "operator admin",
        "/operator/tenants/sites",
        {"site_id": "no good", "name": "Kept", "organization_id": "{organization}"},
        "site_id",
    ),
    (
        "operator admin",
        "/operator/rules/new",
        {"rule_id": "L1-MINE-1", "name": "Mine", "incident_type": "a", "more": "two words"},
        "more",
    ),
    (
        "operator admin",
        "/operator/policy",
        {"site_min_occurrences": "lots"},
        "site_min_occurrences",
    ),
]


async def test_every_form_comes_back_with_what_was_typed_and_why(stage: Stage) -> None:
    names = {
        "candidate": stage.waiting["WS-1"],
        "organization": str(stage.cast.partners[0].organizations[0].id),
    }
    wrong: dict[str, object] = {}
    for role, path, form, field in FORMS:
        where = path.format(**names)
        sent = {name: value.format(**names) for name, value in form.items()}
        headers = stages.plain(stage.cast.people[role])
        answer = await stage.http.post(where, data=sent, headers=headers)
        stage.http.cookies.clear()
        found = Fields(answer.text)
        kept = {name: value for name, value in sent.items() if value not in found.values(name)}
        about = found.attributes.get(field, {})
        said = f'role="alert" id="wrong-{field}"' in answer.text
        if answer.status_code != 422 or kept or not said or about.get("aria-invalid") != "true":
            wrong[where] = (answer.status_code, kept, said, about)
        elif f"wrong-{field}" not in (about.get("aria-describedby") or ""):
            wrong[where] = about
    assert wrong == {}


async def test_no_secret_comes_back(stage: Stage) -> None:
    secret = "not my password at all"
    form = {"current": secret, "new": "another sentence", "again": "another sentence"}
    headers = stages.plain(stage.owner)
    for sent in (form, form | {"again": "a different one"}):
        answer = await stage.http.post("/account/password", data=sent, headers=headers)
        stage.http.cookies.clear()
        assert answer.status_code == 422
        assert secret not in answer.text
        assert "another sentence" not in answer.text
        assert 'id="wrong-' in answer.text


async def test_a_bulk_keeps_its_selection_and_its_notes(stage: Stage) -> None:
    ids = [stage.waiting[host] for host in ("WS-1", "WS-3")]
    address = f"/partner/learning/bulk?do=approve&id={ids[0]}&id={ids[1]}"
    headers = stages.plain(stage.technician)
    sent: dict[str, str | list[str]] = {
        "do": "approve",
        "key": "k" * 32,
        "id": ids,
        "notes": "z" * 2_001,
        "from": address,
    }
    answer = await stage.http.post("/partner/learning/bulk", data=sent, headers=headers)
    assert answer.status_code == 422
    found = Fields(answer.text)
    assert found.values("notes") == ["z" * 2_001]
    assert found.values("id") == ids
    # It was not ticked: it is not, either.
    assert found.values("deploy_immediately") == []
    many = "&".join(f"id={each}" for each in [*ids, *(f"{n:016x}" for n in range(60))])
    answer = await stage.http.get(f"/partner/learning/bulk?do=reject&{many}", headers=headers)
    listed = await stage.http.get(answer.headers["Location"], headers=headers)
    assert sorted(Fields(listed.text).values("id")) == sorted(ids)


async def test_what_is_decided_already_shows_what_was_typed(stage: Stage) -> None:
    await stages.reject(stage, "WS-1")
    path = f"/partner/learning/candidates/{stage.waiting['WS-1']}/approve"
    headers = stages.plain(stage.technician)
    answer = await stage.http.post(path, data={"notes": "Took me <an hour>."}, headers=headers)
    assert answer.status_code == 409
    assert "What you had typed" in answer.text
    assert "Took me &lt;an hour&gt;." in answer.text


async def test_an_ended_session_keeps_what_was_typed_but_no_secret(stage: Stage) -> None:
    ended = {"Cookie": f"{credentials.PLAIN_COOKIE}=of-an-ended-session"}
    sent = {"label": "ticket <system>", "password": "hunter2 hunter2", "csrf_token": "t0ken"}
    asked = await stage.http.post("/partner/keys", data=sent, headers=ended)
    assert asked.status_code == 401
    (kept,) = Fields(asked.text).values("kept")
    assert "hunter2" not in asked.text
    assert "t0ken" not in asked.text
    found = refilling.from_text(kept or "")
    assert found is not None
    assert found.values["label"] == ["ticket <system>"]
    foreign = await stage.http.post(
        "/partner/keys", data=sent, headers=ended | {"Sec-Fetch-Site": "cross-site"}
    )
    assert "ticket" not in foreign.text


@WAYS
async def test_who_signs_in_again_goes_on_with_what_was_typed(
    browser: Browser, stage: Stage, way: Way
) -> None:
    email, password = "back@partner.example.com", "a long sentence of words"
    person = await _with_password(stage, email, password)
    async with browsing.reader(
        browser, stage.base_url, person, phone=way.phone, javascript=way.javascript
    ) as (page, watch):
        watch.expected = {401}
        await page.goto("/partner/learning")
        for host in ("WS-1", "WS-4"):
            await page.locator("tr", has_text=host).locator("input[name=id]").check()
        await page.get_by_role("button", name="Reject selected").click()
        await page.get_by_label("Why").fill("Not <these> & not now.")
        await stage.http.post("/account/sessions/end", headers=stages.plain(person))
        await page.get_by_role("button", name="Reject 2").click()
        await expect(page.get_by_text("Your session has ended.")).to_be_visible()
        if way.javascript:
            # Nothing runs in a page without it, axe neither.
            assert await browsing.violations(page) == []
        await page.get_by_label("E-mail address").fill(email)
        await page.get_by_label("Password").fill("not it")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_text("Not done.")).to_be_visible()
        await page.get_by_label("Password").fill(password)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_text("What you had typed is still here")).to_be_visible()
        await expect(page.get_by_label("Why")).to_have_value("Not <these> & not now.")
        assert await browsing.overflow(page) <= 0
        await page.get_by_role("button", name="Reject 2").click()
        await expect(page.get_by_role("heading", name="2 of 2 decided")).to_be_visible()


@WAYS
async def test_who_signs_in_by_a_mailed_link_goes_on_with_what_was_typed(
    browser: Browser, stage: Stage, way: Way
) -> None:
    email = "link@partner.example.com"
    person = await _with_password(stage, email, "a long sentence of words")
    # Nobody listens there: the link is made as the mail's would be.
    settings = Settings(loop=False, smtp_url="smtp://127.0.0.1:9", mail_from="flywheel@example.com")
    async with (
        listening(settings, stage.app_url) as base_url,
        browsing.reader(browser, base_url, person, phone=way.phone, javascript=way.javascript) as (
            page,
            watch,
        ),
    ):
        watch.expected = {401, 422}
        await page.goto(f"/partner/learning/candidates/{stage.waiting['WS-1']}/reject")
        await page.get_by_label("Why").fill("Not <this> & not now.")
        await stage.http.post("/account/sessions/end", headers=stages.plain(person))
        await page.get_by_role("button", name="Reject").click()
        mailed = page.get_by_role("button", name="Mail me a one-time link instead")
        # Without an address nothing is mailed, and nothing lost.
        await mailed.click()
        await expect(page.get_by_text("Not done.")).to_be_visible()
        await page.get_by_label("E-mail address").fill(email)
        await mailed.click()
        await expect(page.locator("#notices")).to_contain_text("Open it in this browser")
        assert await browsing.overflow(page) <= 0
        await page.goto(await _link(stage, email))
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_text("What you had typed is still here")).to_be_visible()
        await expect(page.get_by_label("Why")).to_have_value("Not <this> & not now.")
        names = {each["name"] for each in await page.context.cookies()}
        assert "flywheel_kept" not in names
        await page.get_by_role("button", name="Reject").click()
        await expect(page.get_by_text("Rejected: no rule is made")).to_be_visible()


@pytest.mark.parametrize(
    ("whose", "kept", "found"),
    [
        ("own", "Not now.", True),
        ("another's", "Not now.", False),
        ("own", os.urandom(6_000).hex(), False),
        ("nobody's", "%%%", False),
        ("nobody's", "eJwLSS0uUUjOz0lVKMlILVIEACY+BOc=", False),
    ],
)
async def test_what_was_typed_is_kept_for_one_address_alone(
    stage: Stage, whose: str, kept: str, found: bool
) -> None:
    email = "link@partner.example.com"
    await _with_password(stage, email, "a long sentence of words")
    form = refilling.typed("/partner/keys", [("label", kept)])
    asked = await stage.http.post(
        "/sign-in/link",
        data={
            "email": email if whose == "own" else stage.owner.email,
            "next": "/partner/learning",
            "kept": form.as_text(),
        },
    )
    assert asked.status_code == 200
    # The page that asked still has it.
    assert Fields(asked.text).values("kept") == [form.as_text()]
    if whose == "nobody's":
        stage.http.cookies.set("flywheel_kept", kept, path="/sign-in")
    token = (await _link(stage, email)).partition("token=")[2]
    answer = await stage.http.post("/sign-in/link", data={"token": token})
    stage.http.cookies.clear()
    assert ("What you had typed" in answer.text) is found
    assert answer.status_code == (200 if found else 303), answer.text[:300]


async def _link(stage: Stage, email: str) -> str:
    """Make the link that a mail would have."""
    async with db.transaction(stage.database, people.STAGE) as connection:
        user_id = await connection.fetchval("SELECT id FROM users WHERE email = $1", email)
        link = await inviting.make_link(connection, people.STAGE, user_id, "sign_in", clock.now())
    return rules.link_url("", link.kind, link.token)


@pytest.mark.parametrize(
    "kept", ["", "[]", '{"values": 1}', '{"action": 1, "values": {"a": "b"}}', "{" * 100_000]
)
async def test_what_is_kept_by_nobody_of_ours_is_nothing(kept: str) -> None:
    found = refilling.from_text(kept)
    assert found is None or all(isinstance(each, str) for each in found.values)


async def _with_password(stage: Stage, email: str, password: str) -> CastPerson:
    """Invite a technician who then has a password and a session."""
    invited = await stage.http.post(
        "/partner/people",
        data={"email": email, "role": "technician"},
        headers=stages.plain(stage.owner),
    )
    (token,) = set(re.findall(r"invitation\?token=([\w-]+)", invited.text))
    accepted = await stage.http.post(
        "/api/auth/accept-invitation", json={"token": token, "password": password}
    )
    assert accepted.status_code == 200, accepted.text
    stage.http.cookies.clear()
    return await people.sign_in(stage.database, email)


class Fields(HTMLParser):
    """The fields of a page's forms, as a browser would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._found: list[tuple[str, str]] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self._select = ""
        self.feed(page)
        self._found += [
            (name, unescape(text))
            for name, text in re.findall(
                r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL
            )
        ]

    def values(self, name: str) -> list[str]:
        return [value for each, value in self._found if each == name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self._found.append((self._select, given.get("value") or ""))
        elif tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self._found.append((name, given.get("value") or ""))
        if tag in {"input", "select", "textarea"}:
            self.attributes[name] = self.attributes.get(name, {}) | given
