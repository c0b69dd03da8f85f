"""F17: auto-disable looked at the first 48 h only, swallowed its error: 0 % stayed on for months.

Made to fail by catching the error in `withdraw_all` without telling of it, and by folding only the
attempts of the first day.
"""

import datetime as dt
from typing import Any

from flywheel_server.core import clock, db
from flywheel_server.core.settings import Settings
from flywheel_server.rules.store import rules
from tests import attempts
from tests.cast import Cast

Owner = Any


async def test_f17_a_rule_that_breaks_after_months_is_withdrawn_as_soon_as_a_new_one(
    database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    await owner.execute("UPDATE l1_rules SET created_at = now() - interval '9 months'")
    long_ago = clock.now() - dt.timedelta(days=28)
    await attempts.record(owner, cast.site, {rule.rule_id: [True] * 1_000}, began_at=long_ago)
    await attempts.watch(database, settings)
    await attempts.record(owner, cast.site, {rule.rule_id: [False] * 12})

    await attempts.watch(database, settings)

    assert not await _enabled(database, rule.id)
    assert (await attempts.reached_after(owner, [rule]))[rule.id] <= 1_010


async def test_f17_a_rule_that_cannot_be_withdrawn_is_an_alarm_and_keeps_no_other_on(
    database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    stuck, other = await attempts.make_rules(database, cast.site, 2)
    await owner.execute(
        "CREATE FUNCTION stick() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'it sticks'; END $$"
    )
    await owner.execute(
        "CREATE TRIGGER stick BEFORE UPDATE OF enabled ON l1_rules FOR EACH ROW"
        f" WHEN (OLD.rule_id = '{stuck.rule_id}') EXECUTE FUNCTION stick()"
    )
    await attempts.record(
        owner, cast.site, {each.rule_id: [False] * 10 + [True] * 50 for each in (stuck, other)}
    )

    for _ in range(2):
        run = await attempts.watch(database, settings)

        assert run.error is not None
        assert stuck.rule_id in run.error
        assert "it sticks" in run.error
        assert await _enabled(database, stuck.id)
        assert not await _enabled(database, other.id)

    await owner.execute("DROP TRIGGER stick ON l1_rules")
    run = await attempts.watch(database, settings)
    assert run.error is None
    assert not await _enabled(database, stuck.id)


async def _enabled(database: db.Database, rule: Any) -> bool:
    async with db.transaction(database, attempts.LOOP) as connection:
        found = await rules.get(connection, rule)
    return found is not None and found.enabled
