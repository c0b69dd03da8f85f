"""F56: charts of healing were computed over another window than their label said.

Broken on purpose by a fixed "last 30 days": the label no longer follows the query.
"""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast


@pytest.mark.parametrize("days", [1, 7, 90])
async def test_f56_the_label_is_made_from_the_querys_parameter(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, days: int
) -> None:
    pattern_id = await candidates.make_candidate(database, cast.site)
    learning = "/api/partners/me/learning"
    for path, role in (
        (f"{learning}/stats", "partner viewer"),
        (f"{learning}/execution-history", "partner viewer"),
        (f"{learning}/candidates/{pattern_id}", "partner viewer"),
        ("/api/client/healing-logs", "client viewer"),
    ):
        answer = await client.get(path, params={"days": days}, headers=cast.session(role))
        window: dict[str, Any] = answer.json()["window"]
        assert window["label"] == ("last day" if days == 1 else f"last {days} days")
        since, until = (dt.datetime.fromisoformat(window[name]) for name in ("since", "until"))
        assert until - since == dt.timedelta(days=days)
