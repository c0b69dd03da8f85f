"""A used link says so before its form, lists and the policy say what is in force, and nothing is
offered that cannot work.

Broken on purpose: with the link's page as it was, its form is shown; with the words fixed in the
templates, another policy is not told.
"""

import re
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from flywheel_server.__main__ import cli
from flywheel_server.core import db, errors
from tests import candidates
from tests.cast import Cast

POLICY = "/api/admin/flywheel/policy"
WHY = "Tried out."


async def test_f73_a_used_link_says_so_before_the_form(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    invited = await client.post(
        "/api/partners/me/users",
        json={"email": "new@partner.example.com", "role": "viewer"},
        headers=cast.session("partner owner"),
    )
    (token,) = re.findall(r"token=([\w-]+)", invited.json()["invitation_link"])
    page = f"/invitation?token={token}"
    before = (await client.get(page)).text
    assert 'name="password"' in before
    assert "new@partner.example.com" in before
    assert 'autocomplete="username"' in before
    accepted = await client.post(
        "/api/auth/accept-invitation", json={"token": token, "password": "a long sentence of words"}
    )
    assert accepted.status_code == 200, accepted.text
    client.cookies.clear()
    for path in (page, "/invitation?token=never-made", "/sign-in/link?token=never-made"):
        after = (await client.get(path)).text
        assert "does not work any more" in after, path
        assert 'name="password"' not in after, path
        assert 'name="token"' not in after, path


async def test_f73_no_mail_is_offered_without_a_mail_server(client: httpx.AsyncClient) -> None:
    assert "/sign-in/link" not in (await client.get("/sign-in")).text
    assert "This server sends no mail" in (await client.get("/sign-in/link")).text


async def test_f73_partners_are_offered_their_own_events_alone(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for role, root, offered in (
        ("partner owner", "partner", False),
        ("operator admin", "operator", True),
    ):
        page = await client.get(f"/{root}/webhooks", headers=cast.session(role))
        assert ('value="loop.silent"' in page.text) is offered
        assert 'value="rule.withdrawn"' in page.text


async def test_f73_empty_lists_tell_the_policy_in_force(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    changed = {"site_min_occurrences": 17, "site_min_success_rate": 0.96, "site_max_age_days": 11}
    answer = await client.put(POLICY, json={**changed, "reason": WHY}, headers=cast.admin.headers)
    assert answer.status_code == 200, answer.text
    for role, path in (
        ("partner viewer", "/partner/learning"),
        ("client viewer", "/client/candidates"),
        ("operator viewer", "/operator/candidates"),
    ):
        text = (await client.get(path, headers=cast.session(role))).text
        for said in ("17 attempts", "96 %", "11 days"):
            assert said in text, (path, said)
        assert "five times" not in text


async def test_f73_a_policy_that_contradicts_itself_is_refused_or_explained(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for name, value in (
        ("withdrawal_success_rate", 0.95),
        ("site_min_success_rate", 0.6),
        ("platform_min_success_rate", 0.7),
    ):
        body: dict[str, object] = {name: value, "reason": WHY}
        answer = await client.put(POLICY, json=body, headers=cast.admin.headers)
        assert answer.status_code == 422, name
        assert "withdrawn by the same evidence" in answer.text
    explained: tuple[tuple[dict[str, object], str], ...] = (
        ({"site_min_successes": 9}, "has no effect"),
        ({"visible_min_occurrences": 50}, "are hidden from them"),
        ({"max_organization_share": 0.1}, "more organizations are needed"),
        ({"require_verified": True, "learn_from_chaos": True}, "counts against its pattern"),
    )
    for values, said in explained:
        body = {**values, "reason": WHY}
        answer = await client.put(POLICY, json=body, headers=cast.admin.headers)
        assert answer.status_code == 200, answer.text
        page = await client.get("/operator/policy", headers=cast.session("operator admin"))
        assert said in page.text


@pytest.mark.parametrize("role", ["partner owner", "operator admin", "client admin"])
async def test_f73_the_audit_is_one_sentence_an_entry(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, role: str
) -> None:
    id = await candidates.make_candidate(database, cast.site)
    key = cast.partners[0].credential.headers
    path = f"/api/partners/me/learning/candidates/{id}/reject"
    assert (await client.post(path, json={"reason": "No."}, headers=key)).status_code == 200
    root = role.partition(" ")[0]
    for query in ("", "?text=candidate+was+rejected"):
        text = (await client.get(f"/{root}/audit{query}", headers=cast.session(role))).text
        listed = text[text.index('<ol class="audit">') :]
        shown = " ".join(
            re.sub(r"<details.*?</details>|<[^>]+>", "", listed, flags=re.DOTALL).split()
        )
        assert re.search(r"UTC: A candidate was rejected by [^.]+ at [^.]+\.", shown), shown
        assert "<dl" in listed
        assert "<dl" not in re.sub(r"<details.*?</details>", "", listed, flags=re.DOTALL)


def test_f73_what_is_no_export_says_nothing_of_the_evidence(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no archive")
    empty = tmp_path / "empty.zip"
    empty.write_bytes(b"")
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(b"PK\x03\x04 and no more")
    for path in (tmp_path / "nothing.zip", tmp_path, text, empty):
        result = CliRunner().invoke(cli, ["verify-evidence", str(path)])
        assert result.exit_code == 2, (path, result.output)
        assert "hold" not in result.output
    result = CliRunner().invoke(cli, ["verify-evidence", str(damaged), "--head", "not-a-hash"])
    assert result.exit_code == 2
    result = CliRunner().invoke(cli, ["verify-evidence", str(damaged)])
    assert isinstance(result.exception, errors.SetupError)
    assert "does NOT hold" in str(result.exception)
