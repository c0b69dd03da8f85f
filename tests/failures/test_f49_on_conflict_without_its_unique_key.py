"""F49: `ON CONFLICT` named columns that no unique key covered, and failed in production only.

PostgreSQL checks that when it plans, so each such statement is planned here. Broken on purpose by
dropping the key of `incidents` from the migration.
"""

from typing import Any

import pytest

from flywheel_server.core import sql

UPSERTS = sorted(
    (noun, name)
    for noun in sql.files()
    for name, statement in sql.load(noun).items()
    if "ON CONFLICT" in statement.text
)


def test_f49_there_are_upserts_to_look_at() -> None:
    assert len(UPSERTS) > 10


async def test_f49_every_upsert_has_its_unique_key(owner: Any) -> None:
    await owner.execute("SET plan_cache_mode = force_generic_plan")
    for noun, name in UPSERTS:
        text = sql.load(noun)[name].text.rstrip().rstrip(";")
        parameters = len((await owner.prepare(text)).get_parameters())
        values = ", ".join(["NULL"] * parameters)
        await owner.execute(f"PREPARE looked_at AS {text}")
        try:
            await owner.fetch(f"EXPLAIN EXECUTE looked_at{f'({values})' if values else ''}")
        finally:
            await owner.execute("DEALLOCATE looked_at")


async def test_f49_the_check_sees_a_missing_key(owner: Any) -> None:
    await owner.execute("ALTER TABLE incidents DROP CONSTRAINT incidents_key")
    with pytest.raises(Exception, match="no unique or exclusion constraint"):
        await test_f49_every_upsert_has_its_unique_key(owner)
