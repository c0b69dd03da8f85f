"""The commands ``operator create``, ``token`` and ``disable``: how the first person gets in.

A token is printed alone on the last line, once; whoever may open the database may make operators.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

import asyncpg
import typer

from flywheel_server.accounts.actions import accounts, keys
from flywheel_server.core import addresses, clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorRole, OperatorScope

Work = Callable[[str], Awaitable[None]]
Runner = Callable[[Work], None]

_ACTOR = OperatorScope.system("the command line")
Email = Annotated[str, typer.Option(help="The operator's e-mail address.", show_default=False)]
Role = Annotated[OperatorRole, typer.Option(help="Viewers look but change nothing.")]


def commands(run: Runner) -> typer.Typer:
    """Return the commands; ``run`` opens the database and gives its URL to what it is given."""
    cli = typer.Typer(no_args_is_help=True, help="The people of the platform, and their tokens.")

    @cli.command()
    def create(email: Email, role: Role = "admin") -> None:
        """Add an operator and print a bearer token on the last line."""
        address = _checked(email)
        run(lambda url: _create(url, address, role))

    @cli.command()
    def token(email: Email) -> None:
        """Issue another bearer token and print it on the last line; earlier ones stay valid."""
        # Not refused: who is there already may have an address that is no longer taken.
        address = addresses.canonical(email.strip())
        run(lambda url: _issue(url, address))

    @cli.command()
    def disable(email: Email) -> None:
        """Stop an operator and all of their tokens, at once."""
        address = addresses.canonical(email.strip())
        run(lambda url: _disable(url, address))

    return cli


async def _create(url: str, email: str, role: OperatorRole) -> None:
    async with _transaction(url) as connection:
        now = clock.now()
        operator = await accounts.create_operator(connection, _ACTOR, email, role, now)
        issued = await keys.issue_for_operator(connection, _ACTOR, operator, now)
    typer.echo(f"{email} is an operator ({role}). The token is shown this once:")
    typer.echo(issued.key)


async def _issue(url: str, email: str) -> None:
    async with _transaction(url) as connection:
        operator = await accounts.find_operator(connection, email)
        issued = await keys.issue_for_operator(connection, _ACTOR, operator, clock.now())
    typer.echo(f"Another token of {operator.email} ({operator.role}). It is shown this once:")
    typer.echo(issued.key)


async def _disable(url: str, email: str) -> None:
    async with _transaction(url) as connection:
        operator = await accounts.disable_operator(connection, _ACTOR, email, clock.now())
    typer.echo(f"{operator.email} is disabled: none of their tokens is accepted any more.")


@contextlib.asynccontextmanager
async def _transaction(url: str) -> AsyncIterator[Connection]:
    database = await db.open_database(url, pool_size=1, writer_pool_size=1)
    try:
        async with db.transaction(database, _ACTOR) as connection:
            yield connection
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError) as error:
        raise errors.SetupError(db.SCHEMA_MISSING) from error
    finally:
        await database.close()


def _checked(email: str) -> str:
    """Return the address as it is kept. Raises InvalidInput for what is none."""
    try:
        return addresses.normal(email)
    except ValueError as error:
        raise errors.InvalidInput(
            "--email takes an e-mail address such as ops@example.com."
        ) from error
