"""Brings a database to this release: schema, catalogue, partitions, policy, signing key."""

import asyncio

import asyncpg

from flywheel_server.core import (
    clock,
    database_refusals,
    db,
    errors,
    log,
    migrations,
    partitions,
    schema,
    signing,
)
from flywheel_server.core.locks import Lock
from flywheel_server.core.scope import AuthScope, LoopScope, OperatorScope
from flywheel_server.core.settings import Settings
from flywheel_server.learning.actions import policies
from flywheel_server.rules.actions import catalogue

_log = log.get(__name__)

_TURN_SECONDS = 300.0
_LOOP = LoopScope(reason="set-up: revision and partitions belong to no tenant")


async def check(url: str) -> None:
    """See whether the application can work on this database.

    Raises SetupError with the remedy where waiting would not help, else DatabaseUnavailable.
    """
    connection = await db.connect(url)
    try:
        async with db.scoped(connection, _LOOP):
            revision = await schema.revision(connection)
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError) as error:
        raise errors.SetupError(db.SCHEMA_MISSING) from error
    except db.LOST as error:
        raise errors.DatabaseUnavailable(database_refusals.of_connecting(error).sentence) from error
    finally:
        connection.terminate()
    if migrations.is_behind(revision):
        raise errors.SetupError(database_refusals.SCHEMA_OLD)


async def migrate(owner_url: str, settings: Settings) -> str:
    """Run the migrations, then load what every database needs; return the revision reached.

    Safe to run again, and while servers run. Raises SetupError with the remedy when refused.
    """
    await upgrade(owner_url, "head")
    # Two commands at once must not both find a database without a signing key or a policy.
    turn = await db.connect(owner_url, role="none", statement_timeout=_TURN_SECONDS)
    try:
        await turn.execute("SELECT pg_advisory_lock($1, $2)", Lock.SERVER, Lock.SETUP)
        await _login(turn, settings)
        await _load(owner_url)
    finally:
        await turn.close()
    return migrations.head()


async def upgrade(owner_url: str, revision: str) -> None:
    """Bring the schema alone to ``revision``. Errors as ``migrate``."""
    # Who cannot log in is told so, and not that the migration was refused.
    await (await db.connect(owner_url, role="none")).close()
    try:
        await asyncio.to_thread(migrations.upgrade, owner_url, revision)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        raise errors.SetupError(
            "the migration could not get a lock within its time and changed nothing: run it again"
        ) from error
    except db.LOST as error:
        raise errors.DatabaseUnavailable(database_refusals.of_connecting(error).sentence) from error
    except asyncpg.PostgresError as error:
        raise errors.SetupError(
            f"the migration was refused ({error.message or error}): FLYWHEEL_DATABASE_URL must "
            "name the owner of a PostgreSQL 18 database who may create roles"
        ) from error


async def ensure(owner_url: str, settings: Settings) -> None:
    """Migrate a database whose schema is older than this release's. Errors as ``migrate``."""
    connection = await db.connect(owner_url, role="none")
    try:
        revision = await schema.revision(connection)
    except asyncpg.UndefinedTableError:
        revision = None
    finally:
        await connection.close()
    if migrations.is_behind(revision):
        await migrate(owner_url, settings)


async def check_signing_key(app_url: str) -> None:
    """Encrypt a signing key that is kept in plain, where there is a secret.

    Raises SetupError for a wrong secret. A database that is not there yet is asked at first need.
    """
    database = await db.open_database(app_url, pool_size=1, writer_pool_size=1)
    try:
        async with db.transaction(database, AuthScope()) as connection:
            await signing.ensure(connection)
    except (errors.Unavailable, asyncpg.PostgresError) as error:
        _log.info("the signing key is looked at later", reason=type(error).__name__)
    finally:
        await database.close()


async def _load(owner_url: str) -> None:
    """Give the database what every one needs: signing key, catalogue, policy, partitions."""
    database = await db.open_database(owner_url, pool_size=2, writer_pool_size=1)
    try:
        now = clock.now()
        async with db.transaction(database, AuthScope()) as connection:
            await signing.ensure(connection)
        async with db.transaction(database, OperatorScope.system("set-up")) as connection:
            await catalogue.load(connection)
            await policies.ensure(connection, now)
        async with db.transaction(database, _LOOP) as connection:
            await partitions.ensure(connection, now)
    finally:
        await database.close()


async def _login(connection: db.Connection, settings: Settings) -> None:
    """Give the application's role a password, where one is set, so that it can log in itself."""
    if settings.app_password is None:
        return
    quoted = await connection.fetchval("SELECT quote_literal($1::text)", settings.app_password)
    await connection.execute(f"ALTER ROLE {db.APP_ROLE} PASSWORD {quoted}")
