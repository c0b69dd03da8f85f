"""F71: "dropped at the next sync", said of agents that keep the file forever.

Broken on purpose by ``withdraws=True`` for the Python agent in ``core/agents.py``.
"""

import re
from pathlib import Path

import httpx
import pytest

from flywheel_server.core import agents, db
from flywheel_server.rules.model import delivery_words
from tests import deliveries as walk
from tests.cast import Cast
from tests.field.test_delivery_withdrawal import FILES, deliver
from tests.rules.test_agent_sync import add, learnt

SOURCES = Path(delivery_words.__file__).parents[1]
PROMISE = re.compile(r"drops? it (with|at) (its|their) next sync", re.IGNORECASE)


@pytest.mark.parametrize("version", FILES)
async def test_f71_switching_off_says_what_stays_and_how_it_is_removed(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, version: str
) -> None:
    rule = await add(database, learnt(scope="site", scope_id=cast.site.id))
    await deliver(client, cast.appliance, version)

    answer = await client.patch(
        f"/api/partners/me/learning/promoted-rules/{rule.rule_id}/status",
        json={"enabled": False, "reason": "Wrong."},
        headers=cast.partners[0].credential.headers,
    )

    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["enabled"], said["delivery_is_final"]) == (False, True)
    (note,) = said["delivery"]
    assert (note["appliances"], note["agent"]) == (1, agents.of(version).name)
    assert "stays on the appliance and goes on firing" in note["at_switching_off"]
    assert FILES[version].format(rule_id=rule.rule_id) in note["remedy"]
    told = await client.get(f"/api/admin/rules/{rule.id}/deliveries", headers=cast.viewer.headers)
    assert not any(PROMISE.search(each["state"]) for each in told.json()["items"])


def test_f71_only_agents_that_drop_rules_are_said_to() -> None:
    for agent in (*(each for _, each in agents.VERSIONS), agents.UNKNOWN):
        words = delivery_words.WORDS[agent.name]
        assert agent.withdraws is ("drops it at its next sync" in words.at_switching_off)
        assert agent.withdraws is (words.file is None)


def test_f71_no_page_and_no_route_promises_it_for_every_agent() -> None:
    """The sentences stand in one place, by version, and where a rule is no file at all."""
    allowed = {"delivery_words.py", "deliveries.py", "rules.py", "operator_rules.py"}
    found = {
        path.name
        for kind in ("*.py", "*.html")
        for path in SOURCES.rglob(kind)
        if PROMISE.search(path.read_text("utf-8"))
    }
    assert found <= allowed
    assert walk.PYTHON in FILES
