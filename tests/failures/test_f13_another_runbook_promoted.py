"""F13: another runbook was promoted than the one that earned it; a Windows action for Linux.

Broken on purpose by taking the runbook from the incident type's built-in rule: the id differs; and
by one action for every platform: the second case differs.
"""

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast


@pytest.mark.parametrize(
    ("runbook_id", "action"),
    [("RB-WIN-SVC-003", "run_windows_runbook"), ("LIN-SVC-003", "run_linux_runbook")],
)
async def test_f13_the_rule_runs_the_runbook_that_earned_it(
    client: httpx.AsyncClient, cast: Cast, runbook_id: str, action: str
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.site, runbook_id=runbook_id)

    answer = await client.post(
        f"/api/admin/candidates/{pattern_id}/approve", headers=cast.admin.headers
    )

    rule = answer.json()["rule"]
    assert rule["action"] == action
    assert rule["action_params"]["runbook_id"] == runbook_id


async def test_f13_two_runbooks_for_one_type_earn_two_candidates(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first = await candidates.make_candidate(database, cast.site)
    second = await candidates.make_candidate(database, cast.site, runbook_id="RB-WIN-SVC-004")
    approve = "/api/admin/candidates/{}/approve"

    one = await client.post(approve.format(first), headers=cast.admin.headers)
    other = await client.post(approve.format(second), headers=cast.admin.headers)

    assert one.json()["rule"]["action_params"]["runbook_id"] == "RB-WIN-SVC-003"
    # Approved by the facts of the moment: the type is covered by now.
    assert other.status_code == 409
    assert f"Already covered by {one.json()['rule_id']}" in other.json()["detail"]
