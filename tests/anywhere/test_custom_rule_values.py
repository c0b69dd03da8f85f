"""Custom rules hold only what both engines read alike; passwords are the same however composed.

Broken on purpose: without ``_check_values``, and without ``_composed`` in passwords, these fail.
"""

import time
import unicodedata
from collections.abc import Iterator
from typing import Any

import argon2
import httpx
import pytest

from flywheel_server.accounts.actions.passwords import Passwords
from flywheel_server.accounts.store import people
from flywheel_server.core import db, expressions
from flywheel_server.core.scope import AuthScope
from tests.cast import Cast

RULES = "/api/admin/rules"
TYPE = {"field": "check_type", "operator": "eq", "value": "firewall_status"}


def _rule(number: int, operator: str, value: Any) -> dict[str, Any]:
    return {
        "rule_id": f"L1-VALUES-{number:03}",
        "scope": "platform",
        "incident_type": "firewall_status",
        "runbook_id": "RB-WIN-SEC-001",
        "name": "Values",
        "conditions": [TYPE, {"field": "details.free", "operator": operator, "value": value}],
    }


UNFIT = [
    ("gt", "5"), ("gt", True), ("gt", [5]), ("gt", None), ("lt", "0.5"), ("lt", {"a": 1}),
    ("in", "high"), ("in", []), ("in", 5), ("in", [["a"]]), ("not_in", None), ("not_in", [None]),
    ("not_in", {"a": 1}), ("exists", "true"), ("exists", 1), ("exists", None), ("regex", 5),
    ("regex", ""), ("regex", ["a"]), ("regex", None), ("contains", 5), ("contains", ""),
    ("eq", None), ("eq", ["a"]), ("ne", {"a": 1}),
]  # fmt: skip
FIT = [
    ("gt", 5), ("lt", -5), ("lt", 0), ("in", ["high", "critical"]), ("in", [1, True, "a"]),
    ("not_in", ["low"]), ("exists", True), ("exists", False), ("regex", "^win(dows)?$"),
    ("contains", "err"), ("eq", "x"), ("eq", 5), ("ne", False),
]  # fmt: skip


async def test_a_value_that_does_not_fit_its_operator_is_422_with_the_reason(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for number, (operator, value) in enumerate(UNFIT):
        body = _rule(number, operator, value)
        answer = await client.post(RULES, json=body, headers=cast.admin.headers)
        assert answer.status_code == 422, (operator, value)
        assert f"{operator} takes" in answer.json()["detail"], (operator, value)
        assert "details.free" in answer.json()["fields"]["conditions"]
    for number, (operator, value) in enumerate(FIT):
        body = _rule(number, operator, value)
        answer = await client.post(RULES, json=body, headers=cast.admin.headers)
        assert answer.status_code == 201, (operator, value, answer.text)


ONE_LANGUAGE = {
    # RE2's language has no look-around, no references back, no possessive or atomic groups.
    "a(?=b)": "RE2", "a(?!b)": "RE2", r"(?<=a)b": "RE2", r"(a)\1": "RE2", "a++": "RE2",
    "(?>a)b": "RE2", r"a\Z": "RE2", "(?x)a b": "RE2", "a{1001}": "RE2", "(a{1000}){1000}": "RE2",
    "(?(1)a|b)": "RE2", r"[\b]": "RE2", "[": "RE2", "(a": "RE2", "a**": "RE2", "*": "RE2",
    # Python's has other classes.
    r"\pL+": "Python", r"a\z": "Python", r"\Qa.b\E": "Python", "[[:alpha:]]": "Python",
    "a(?i)b": "Python", r"\x{41}": "Python", r"\C": "Python", "(?U)a+": "Python",
    "(" * 400 + ")" * 400: "",
    # Both take it, and read it in different ways.
    "a{,3}": "different ways", r"\\{,3}": "different ways",
}  # fmt: skip
BOTH = [
    "^(spooler|w32time)$", r"\d{1,3}(\.\d{1,3}){3}", "(?i)error|fail", r"\bC:\\Windows\b", "[^a-z]",
    "a{2,}", r"a\{,3\}", "(?:ab)+?", r"\A[\w.-]+", "(?s:a.b)", r"\t\x41", "a{1000}",
]  # fmt: skip


@pytest.mark.parametrize("expression", ONE_LANGUAGE)
def test_an_expression_of_one_language_alone_is_refused_with_the_reason(expression: str) -> None:
    said = expressions.objection(expression)
    # How deep Python's compiler goes differs from release to release.
    if ONE_LANGUAGE[expression]:
        assert ONE_LANGUAGE[expression] in (said or "")


@pytest.mark.parametrize("expression", BOTH)
def test_an_expression_of_both_languages_is_taken(expression: str) -> None:
    assert expressions.objection(expression) is None


@pytest.mark.parametrize(
    "hostile",
    ["(" * 1_000, "a{999}" * 150, "(a|" * 330, r"\\" * 500 + "{,", "[" * 1_000, "x*" * 500],
)
def test_a_hostile_expression_costs_no_time(
    hostile: str, capfd: pytest.CaptureFixture[str]
) -> None:
    began = time.process_time()
    expressions.objection(hostile)
    assert time.process_time() - began < 2
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("details.name regex a(?=b)", "RE2"),
        ("details.name regex [[:alpha:]]", "Python"),
        ("details.free gt 0.5", "gt takes a whole number"),
        ("details.free exists maybe", "exists takes true or false"),
    ],
)
async def test_the_page_says_why_and_keeps_what_was_typed(
    client: httpx.AsyncClient, cast: Cast, more: str, words: str
) -> None:
    person = cast.people["operator admin"]
    form = {
        "rule_id": "L1-VALUES-PAGE",
        "scope": "platform",
        "incident_type": "firewall_status",
        "runbook_id": "RB-WIN-SEC-001",
        "name": "Values",
        "more": more,
    }
    answer = await client.post("/operator/rules/new", data=form, headers=person.headers)
    assert answer.status_code == 422
    assert words in answer.text
    assert more.replace("(?=b)", "") in answer.text.replace("(?=b)", "")
    form["more"] = "details.name regex ^[0-9]+$\ndetails.code contains 42"
    made = await client.post("/operator/rules/new", data=form, headers=person.headers)
    assert made.status_code == 303, made.text


# ---- passwords

COMPOSED, DECOMPOSED = "caf\u00e9 au lait d'\u00e9t\u00e9", "cafe\u0301 au lait d'e\u0301te\u0301"
MIXED = "cafe\u0301 au lait d'\u00e9t\u00e9"


@pytest.fixture
def hashing() -> Iterator[Passwords]:
    opened = Passwords()
    yield opened
    opened.close()


@pytest.mark.parametrize("chosen", [COMPOSED, DECOMPOSED, MIXED, "\ufb01ne passwords only"])
async def test_a_password_is_the_same_however_a_keyboard_sends_its_accents(
    hashing: Passwords, chosen: str
) -> None:
    hashed = await hashing.hash(chosen)
    for form in ("NFC", "NFD"):
        assert await hashing.fits(hashed, unicodedata.normalize(form, chosen))
    assert not await hashing.fits(hashed, chosen + "\u0301")
    assert not await hashing.fits(None, chosen)
    # No two characters become one that people tell apart.
    if chosen.startswith("\ufb01"):
        assert not await hashing.fits(hashed, unicodedata.normalize("NFKC", chosen))


@pytest.mark.parametrize(
    ("kept", "typed"),
    [
        (DECOMPOSED, DECOMPOSED),
        (DECOMPOSED, COMPOSED),
        (COMPOSED, DECOMPOSED),
        (MIXED, MIXED),
        ("odd \ud800 e\u0301 password", "odd \ud800 e\u0301 password"),
    ],
)
async def test_a_hash_from_before_still_fits(hashing: Passwords, kept: str, typed: str) -> None:
    """Hashed as a keyboard sent it, as earlier releases did."""
    before = argon2.PasswordHasher().hash(kept.encode("utf-8", "surrogatepass"))
    assert await hashing.fits(before, typed)
    assert not await hashing.fits(before, typed + "x")


async def test_somebody_signs_in_from_another_keyboard(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    person = cast.people["partner viewer"]
    hashed = argon2.PasswordHasher().hash(DECOMPOSED.encode())
    async with db.transaction(database, AuthScope()) as connection:
        await people.set_password_hash(connection, person.id, hashed)
    for password, status in ((COMPOSED, 200), (DECOMPOSED, 200), (COMPOSED + "!", 401)):
        answer = await client.post(
            "/api/auth/sign-in", json={"email": person.email, "password": password}
        )
        assert answer.status_code == status, answer.text
