"""The commands of the loop: run one step, and prove that the counts follow the facts."""

import sys
from collections.abc import Sequence
from uuid import uuid4

import typer

from flywheel_server import loop
from flywheel_server.accounts.store import audit
from flywheel_server.core import clock, db, errors
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.folds.store import Recount
from flywheel_server.learning.actions import folds
from flywheel_server.loop import turns

_VERIFY = LoopScope(reason="a recount covers every site")


async def step(url: str, settings: Settings, name: str) -> None:
    """Run one step of the loop now. Raises SetupError for a name that is none, or when it fails."""
    wanted = tuple(each for each in loop.STEPS if each.name == name)
    if not wanted:
        raise errors.SetupError(f"no step is called {name}: choose of {', '.join(loop.NAMES)}")
    database = await db.open_database(url, pool_size=2, writer_pool_size=1)
    try:
        (run,) = await turns.run_turn(database, settings, wanted, turn_id=uuid4(), holder=uuid4())
    finally:
        await database.close()
    if run.error is not None:
        raise errors.SetupError(f"step {name} failed: {run.error}")
    typer.echo(f"{name}: {run.rows_in} in, {run.rows_out} out, {run.seconds:.3f} s")


async def verify_counts(url: str, *, rebuild: bool) -> None:
    """Compare every fold with a recount and check the audit chain; exit with 1 if anything differs.

    With ``rebuild`` the counts are made anew from the facts first.
    """
    database = await db.open_database(
        url, pool_size=2, writer_pool_size=1, statement_timeout=turns.STATEMENT_SECONDS
    )
    try:
        async with db.transaction(database, _VERIFY) as connection:
            if rebuild:
                typer.echo("rebuilding all counts from the facts …", err=True)
                await folds.rebuild(connection, clock.now())
            typer.echo("recounting the facts …", err=True)
            found = await folds.verify(connection)
            broken_at = await audit.first_break(connection)
    finally:
        await database.close()
    _tell(found)
    typer.echo(f"{'audit chain':<14} {'whole' if broken_at is None else f'BROKEN at {broken_at}'}")
    if broken_at is not None or any(each.differing for each in found):
        sys.exit(1)
    typer.echo("all counts equal a recount")


def _tell(found: Sequence[Recount]) -> None:
    for each in found:
        verdict = "equal" if not each.differing else f"{each.differing} DIFFER"
        typer.echo(f"{each.name:<14} {each.compared:>9} compared   {verdict}")
