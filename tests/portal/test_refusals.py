"""What a page says when something was not done: words of its form, none of the API's.

Broken on purpose: without ``plainly`` in ``base.html``, and without a label, these fail.
"""

import re
from html import unescape
from pathlib import Path

import pytest

import flywheel_server
from flywheel_server.web.pages import refusals
from tests.cast import CastPerson
from tests.portal import stage as stages
from tests.portal.stage import Stage

PACKAGE = Path(flywheel_server.__file__).parent
OF_THE_API = re.compile(
    r"`|/api/|\b(GET|POST|PATCH|PUT|DELETE|JSON|NUL)\b|\b[a-z]+_[a-z_]+\b|String should"
)
LONG = "x" * 3_000
UNKNOWN = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
CANDIDATE = "/partner/learning/candidates/{candidate}"
ASKED = [
    (
        "partner owner",
        "/partner/people",
        {"email": "nobody", "role": "viewer"},
        "“E-mail address” takes an e-mail address such as person@example.com.",
    ),
    (
        "partner owner",
        "/partner/people",
        {"email": "", "role": "emperor"},
        "“E-mail address” is blank: give at least one visible character; “Role” takes one of",
    ),
    ("partner owner", "/partner/keys", {"label": LONG}, "“What it is for” takes at most 200 char"),
    (
        "partner owner",
        "/partner/webhooks",
        {"url": "http://a.b/c", "kinds": "rule.withdrawn"},
        "“Address” starts",
    ),
    ("partner technician", f"{CANDIDATE}/reject", {}, "“Why” is blank: give at least one"),
    (
        "partner technician",
        f"{CANDIDATE}/approve",
        {"custom_name": LONG},
        "“Your name for the rule” takes at most 200 characters.",
    ),
    (
        "client admin",
        "/client/candidates/{candidate}/approve",
        {},
        "forward this candidate to your partner.",
    ),
    (
        "client admin",
        "/account/password",
        {
            "current": "wrong",
            "new": "a long sentence of words",
            "again": "a long sentence of words",
        },
        "This is not your present password",
    ),
    (
        "operator admin",
        "/operator/tenants/sites",
        {"site_id": "?", "name": "A", "organization_id": UNKNOWN},
        "“Site id” takes letters, digits, dots, - and _",
    ),
    (
        "operator admin",
        "/operator/tenants/sites",
        {"site_id": "a-site", "name": "A", "organization_id": "?", "healing_tier": "none"},
        "“Organization” takes one of the choices; “Healing tier” takes one of the choices.",
    ),
    (
        "operator admin",
        "/operator/people",
        {"email": "ADMIN@example.com", "role": "operator viewer"},
        "exists already: look for it among the people.",
    ),
    ("operator admin", "/operator/runbooks", {"runbook_id": "?", "name": "X"}, "“Runbook” takes "),
    (
        "operator admin",
        "/operator/unresolved",
        {"alias": "what-else", "runbook_id": "RB-NONE-1"},
        "There is no such runbook or rule: choose one below.",
    ),
    (
        "operator admin",
        "/operator/rules/new",
        {"rule_id": "?", "name": "A", "incident_type": "a", "scope": "platform"},
        "“Id on appliances” takes 3 to 64 letters, digits, - and _",
    ),
]


@pytest.mark.asyncio(loop_scope="session")
async def test_what_was_not_done_is_said_in_the_words_of_the_form(stage: Stage) -> None:
    wrong = {}
    for role, path, form, words in ASKED:
        where = path.format(candidate=stage.waiting["WS-1"])
        said = await _said(stage, stage.cast.people[role], where, form)
        if words not in said or OF_THE_API.search(said):
            wrong[path, words] = said
    assert wrong == {}


@pytest.mark.asyncio(loop_scope="session")
async def test_a_form_of_another_session_comes_back_as_one_of_this(stage: Stage) -> None:
    headers = stages.plain(stage.owner) | {"X-CSRF-Token": "of another one"}
    answer = await stage.http.post("/partner/keys", data={"label": "x"}, headers=headers)
    assert answer.status_code == 403
    assert "belongs to another session" in answer.text
    assert 'name="label" maxlength="200" required value="x"' in answer.text
    assert "X-CSRF-Token" not in answer.text


def test_every_field_that_somebody_types_into_has_its_label() -> None:
    forms = [
        (file.name, form)
        for file in PACKAGE.rglob("*.html")
        for form in re.findall(r'<form method="post".*?</form>', file.read_text("utf-8"), re.DOTALL)
    ]
    assert forms
    typed = {
        (file, name)
        for file, form in forms
        for tag, name in re.findall(r'(<(?:input|textarea)[^>]*\bname="([^"{]+)"[^>]*>)', form)
        if not re.search(r'type="(hidden|checkbox|radio)"| hidden ', tag)
    }
    # What the page itself looks up, and says in its own words.
    own = {("new_rule.html", "of"), ("new_rule.html", "more")}
    assert {each for each in typed if each[1] not in refusals.LABELS} == own


async def _said(stage: Stage, person: CastPerson, path: str, form: dict[str, str]) -> str:
    headers = stages.plain(person)
    answer = await stage.http.post(path, data=form, headers=headers)
    stage.http.cookies.clear()
    assert answer.status_code in {403, 409, 422}, answer.text
    found = re.search(
        r'class="notice trouble" role="alert"[^>]*>(.*?)</p>|<section[^>]*data-problem(.*?)</p>',
        answer.text,
        re.DOTALL,
    )
    return " ".join(unescape(found[0]).split()) if found else "nothing"
