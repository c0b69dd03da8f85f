"""F47: a caught database error poisoned the transaction, and a bulk lost what it had decided.

Broken on purpose by taking the savepoint out of ``bulk._one``: the whole request fails.
"""

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast
from tests.learning.test_partner_bulk import entries, post, verdicts


@pytest.fixture
async def broken(owner: db.Connection) -> None:
    """Have the database refuse decisions about one host."""
    await owner.execute(
        "CREATE FUNCTION refuse_host() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.hostname = 'WS-1' AND NEW.state = 'approved' THEN "
        "RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$"
    )
    await owner.execute(
        "CREATE TRIGGER refuse BEFORE UPDATE ON patterns FOR EACH ROW "
        "EXECUTE FUNCTION refuse_host()"
    )


@pytest.mark.usefixtures("broken")
async def test_f47_one_that_fails_takes_no_other_with_it(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    ids = [
        await candidates.make_candidate(database, cast.site, f"WS-{n}", incident_type=f"type_{n}")
        for n in range(3)
    ]

    answer = await post(client, cast, "bulk-approve", {"pattern_ids": ids})

    assert verdicts(answer) == ["approved", "failed", "approved"]
    assert "refused" not in answer.text.replace('"refused"', "")
    made = await candidates.rows(
        database, "SELECT incident_type FROM l1_rules WHERE source = 'promoted' ORDER BY 1"
    )
    assert [row["incident_type"] for row in made] == ["type_0", "type_2"]
    assert await entries(database) == [
        "candidate.approve",
        "candidate.approve",
        "candidates.bulk-approve",
    ]
