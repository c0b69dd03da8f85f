"""How soon the real step withdraws what fails, and how seldom what works: rules by the hundred.

The chances come from seeds, so the figures are the same in every run.
"""

import random
import statistics
from typing import Any

import pytest

from flywheel_server.core import db
from flywheel_server.core.settings import Settings
from tests import attempts
from tests.cast import Cast

Owner = Any


def _chances(seed: int, rate: float, count: int) -> list[bool]:
    drawn = random.Random(seed)
    return [drawn.random() < rate for _ in range(count)]


@pytest.mark.parametrize(("rate", "attempted", "most"), [(0.3, 100, 15), (0.6, 400, 50)])
async def test_a_rule_that_is_bad_from_the_start_is_withdrawn_soon(
    database: db.Database,
    cast: Cast,
    owner: Owner,
    settings: Settings,
    rate: float,
    attempted: int,
    most: int,
) -> None:
    made = await attempts.make_rules(database, cast.site, 101)
    outcomes = {rule.rule_id: _chances(seed, rate, attempted) for seed, rule in enumerate(made)}
    await attempts.record(owner, cast.site, outcomes, with_keys=False)

    run = await attempts.watch(database, settings)

    assert run.error is None
    after = await attempts.reached_after(owner, made)
    assert len(after) == len(made)
    assert statistics.median(after.values()) <= most


async def test_a_rule_that_turns_bad_after_a_long_good_run_is_withdrawn_soon(
    database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    made = await attempts.make_rules(database, cast.site, 31)
    good = {rule.rule_id: _chances(seed, 0.97, 3_000) for seed, rule in enumerate(made)}
    await attempts.record(owner, cast.site, good, with_keys=False)
    await attempts.watch(database, settings)
    assert await attempts.reached_after(owner, made) == {}

    bad = {rule.rule_id: _chances(-1 - seed, 0.5, 200) for seed, rule in enumerate(made)}
    await attempts.record(owner, cast.site, bad, with_keys=False)
    await attempts.watch(database, settings)

    after = await attempts.reached_after(owner, made)
    assert len(after) == len(made)
    assert statistics.median(after.values()) - 3_000 <= 25


@pytest.mark.parametrize(("rate", "most"), [(0.9, 5), (0.97, 0)])
async def test_a_rule_that_works_is_left_alone_however_often_one_looks(
    database: db.Database, cast: Cast, owner: Owner, settings: Settings, rate: float, most: int
) -> None:
    made = await attempts.make_rules(database, cast.site, 200)
    chances = {rule.rule_id: _chances(seed, rate, 2_000) for seed, rule in enumerate(made)}
    for start in range(0, 2_000, 500):
        part = {name: each[start : start + 500] for name, each in chances.items()}
        await attempts.record(owner, cast.site, part, with_keys=False)
        run = await attempts.watch(database, settings)
        assert run.error is None

    assert len(await attempts.reached_after(owner, made)) <= most
