"""F44: unsigned was accepted when the signature was missing; an old text vouched for another.

Broken on purpose: with `if body.agent_signature and not hold(…)`, the first test fails; without
``differing``, the second.
"""

import httpx
import pytest

from flywheel_server.core import db
from tests import bundles
from tests.bundles import Agent
from tests.cast import Cast


@pytest.fixture
async def agent(database: db.Database, cast: Cast) -> Agent:
    return await bundles.agent_of(database, cast.appliance)


@pytest.mark.parametrize(
    "gone",
    [
        ("agent_signature",),
        ("signed_data",),
        ("agent_signature", "signed_data"),
        ("agent_signature", "signed_data", "agent_public_key"),
    ],
)
@pytest.mark.parametrize("left", [None, "", "absent"])
async def test_f44_evidence_without_a_signature_is_no_evidence(
    client: httpx.AsyncClient,
    database: db.Database,
    agent: Agent,
    gone: tuple[str, ...],
    left: str | None,
) -> None:
    body = agent.go_body() | dict.fromkeys(gone, left)
    if left == "absent":
        body = {name: value for name, value in body.items() if name not in gone}

    answer = await agent.submit(client, body)

    assert answer.status_code == 401, answer.text
    assert await bundles.chain(database, agent.site) == []


async def test_f44_an_old_signed_text_does_not_vouch_for_other_content(
    client: httpx.AsyncClient, database: db.Database, agent: Agent
) -> None:
    old = agent.go_body()
    assert (await agent.submit(client, old)).status_code == 200
    new = agent.content(summary={"pass": 99})
    signed = {name: old[name] for name in ("signed_data", "agent_signature", "agent_public_key")}

    answer = await agent.submit(client, new | signed)

    assert answer.status_code == 422, answer.text
    assert len(await bundles.chain(database, agent.site)) == 1


async def test_f44_without_a_registered_key_nothing_is_good_enough(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    agent = Agent(cast.neighbour)

    for body in (agent.go_body(), agent.python_body()):
        kept = await agent.submit(client, body)
        assert (kept.status_code, kept.json()["ots_status"]) == (200, "waiting")
        forged = body | {"agent_signature": "0" * 128}
        if "agent_public_key" in body:
            assert (await agent.submit(client, forged)).status_code == 401
    assert await bundles.chain(database, cast.neighbour) == []
