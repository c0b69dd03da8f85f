"""F12: a missing check type gave a rule that matched every incident.

Broken on purpose by removing `l1_rules_never_catch_all` from the migration: the table test fails;
by dropping the check of `conditions_for` from `check_wire`: the operator's test fails; and by
`return ()` in `conditions_for`: the learnt rule's test fails.
"""

from dataclasses import replace

import asyncpg
import pytest

from flywheel_server.core import db, errors
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Condition
from flywheel_server.rules.store import rules as store
from tests.cast import STAGE
from tests.rules.test_agent_sync import learnt

ONLY_DRIFT = (Condition(field="drift_detected", operator="eq", value=True),)
ANY_TYPE = (Condition(field="check_type", operator="exists", value=True),)


def test_f12_evidence_without_a_check_type_makes_no_rule() -> None:
    with pytest.raises(errors.InvalidInput):
        learnt(incident_type="")
    assert {c.field: c.value for c in learnt("a").conditions} == {
        "check_type": "a",
        "drift_detected": True,
    }


@pytest.mark.parametrize("conditions", [(), ONLY_DRIFT, ANY_TYPE])
def test_f12_an_operator_cannot_write_one(conditions: tuple[Condition, ...]) -> None:
    with pytest.raises(errors.InvalidInput):
        rules.check_wire(replace(learnt(), conditions=conditions))


@pytest.mark.parametrize("conditions", [(), ONLY_DRIFT, ANY_TYPE])
async def test_f12_the_table_holds_none(
    database: db.Database, conditions: tuple[Condition, ...]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="l1_rules_never_catch_all"):
        async with db.transaction(database, STAGE) as connection:
            await store.insert(connection, replace(learnt(), conditions=conditions))
