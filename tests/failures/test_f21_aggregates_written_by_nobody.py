"""F21: a page read an aggregate that nothing wrote.

Every table that a query reads is written by another. Broken on purpose by renaming the table that
`correct` in `executions/store/executions.sql` writes (the first test), and by setting no mark in
`fold_rules`.
"""

import re
from typing import Any

from flywheel_server.core import clock, db, sql
from flywheel_server.core.scope import LoopScope
from flywheel_server.folds import actions, store as stored

# Written by the migrations.
NOT_OURS = {"alembic_version"}
_READ = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_0-9]+)\b(?!\s*\()")
_WRITTEN = re.compile(r"\b(?:INSERT INTO|UPDATE)\s+([a-z_0-9]+)\b")


async def test_f21_every_table_that_is_read_has_a_writer(owner: Any) -> None:
    tables = {
        row["relname"]
        for row in await owner.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
    }
    texts = [each.text for noun in sql.files() for each in sql.load(noun).values()]
    read = {name for text in texts for name in _READ.findall(text)} & tables
    triggers = [
        row["prosrc"]
        for row in await owner.fetch(
            "SELECT prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
    ]
    written = {name for text in [*texts, *triggers] for name in _WRITTEN.findall(text)}

    assert read - written - NOT_OURS == set()


async def test_f21_every_fold_says_how_fresh_it_is(database: db.Database) -> None:
    scope = LoopScope(reason="the test folds by hand")
    now = clock.now()
    async with db.transaction(database, scope) as connection:
        await actions.patterns(connection, now)
        await actions.platform(connection, now)
        await actions.rules(connection, now)
        for fold in ("patterns", "platform", "rules"):
            mark = await stored.mark(connection, fold)
            assert mark is not None
            assert mark.folded_at == now
