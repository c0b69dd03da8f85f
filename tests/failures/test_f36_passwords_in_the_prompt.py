"""F36: passwords went into the LLM prompt. Nothing but scrubbed, allowed fields leaves the gateway.

Broken on purpose: with ``raw_data`` as the input's details the secret is found. On the allow-list
alone it would not be: its value is taken out of every text.
"""

import logging

import pytest

from flywheel_server.core import db, embedded
from tests import planning
from tests.candidates import rows
from tests.cast import Cast
from tests.planning import Behaviour

SECRET = "Winter-2026-Harbour!"
RAW = {
    "winrm_password": SECRET,
    "ssh_private_key": f"-----BEGIN KEY-----\n{SECRET}\n-----END KEY-----",
    "credentials": {"username": "svc-backup", "value": SECRET, "list": [SECRET]},
    "actual": f"logon as svc-backup with {SECRET} failed",
    "expected": [f"password={SECRET}", "compliant"],
    "status": {"message": SECRET},
    "command_output": f"net use /user:svc-backup {SECRET}",
}


@pytest.mark.parametrize("fails", [False, True])
async def test_a_secret_reaches_neither_provider_nor_table_nor_log(
    address: embedded.Address,
    database: db.Database,
    cast: Cast,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    fails: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = Behaviour(body=b"{") if fails else planning.chosen()
    async with (
        planning.provider(lambda _asked: answer) as fake,
        planning.application(address.app_url, planning.settings(fake, log_level="DEBUG")) as client,
    ):
        told = await planning.ask(client, cast.site, raw=RAW)
        again = await planning.ask(client, cast.site, raw=RAW)

    assert len(fake.texts) >= 1
    written = repr(await planning.decisions(database))
    logged = "".join(capsys.readouterr()) + caplog.text
    for place in (*fake.texts, written, logged, repr(told), repr(again)):
        assert SECRET not in place
        assert "svc-backup" not in place
        assert "Harbour!" not in place
    assert "compliant" in fake.texts[0]


async def test_a_secret_reaches_neither_whoever_approves_nor_the_partners_webhook(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance, mode="manual")
    async with (
        planning.provider(lambda _asked: planning.chosen()) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        await planning.ask(client, cast.site, raw=RAW)
        listed = await client.get("/api/partners/me/plans", headers=cast.session("partner viewer"))
    (plan,) = listed.json()["items"]
    events = await rows(database, "SELECT data FROM events WHERE kind = 'plan.waiting'")

    assert len(events) == 1
    assert plan["status"] == "waiting"
    for place in (repr(plan), repr(events)):
        assert SECRET not in place
        assert "svc-backup" not in place


async def test_a_secret_that_a_provider_says_is_not_kept_as_it_says_it(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    said = planning.chosen(reasoning=f"The password={SECRET} of pat@harbour.example is old.")
    async with (
        planning.provider(lambda _asked: said) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        told = await planning.ask(client, cast.site)
    assert SECRET not in repr((told, await planning.decisions(database)))
    assert "pat@" not in repr((told, await planning.decisions(database)))
