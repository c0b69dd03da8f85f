"""The only place that opens connections: ``Database`` and ``transaction(database, scope)``.

Every connection starts with the role ``flywheel_app``, which may touch no table. A transaction
gets rights only from its scope, and loses them when it ends; forgetting the scope is an error.
"""

import asyncio
import contextlib
import contextvars
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from flywheel_server import errors
from flywheel_server.domain.scope import PersonScope, Scope

if TYPE_CHECKING:
    Connection = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )
    Pool = asyncpg.Pool[asyncpg.Record]
    Record = asyncpg.Record
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool
    Record = asyncpg.Record

# What a lost or overloaded database raises; doors answer 503 to these and to nothing else.
LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)

SCHEMA_MISSING = (
    "the database has no schema of ours, or its user may not act as flywheel_app: run "
    "`flywheel-server migrate` with the owner's FLYWHEEL_DATABASE_URL"
)
APP_ROLE = "flywheel_app"
WRITER_ROLE = "flywheel_writer"
CONNECT_SECONDS = 5.0
ACQUIRE_SECONDS = 5.0
ROLLBACK_SECONDS = 2.0

_announcements: contextvars.ContextVar[list[tuple[str, str]] | None] = contextvars.ContextVar(
    "announcements", default=None
)


# Seconds one statement of a person's request may take, at the most.
PEOPLE_SECONDS = 5.0

Subscriber = Callable[[str, str], None]


@dataclass(slots=True, kw_only=True)
class Database:
    """The pools of one process, and who wants to know what its transactions announced."""

    url: str
    pool: Pool
    # Its connections hold the writer's role for good, so that one statement is one transaction.
    writer: Pool
    # Seconds one statement of a person's request may take.
    people_timeout: float = PEOPLE_SECONDS
    subscribers: list[Subscriber] = field(default_factory=list)

    async def close(self) -> None:
        """Close both pools; connections that do not end within 2 s are cut."""
        await asyncio.gather(_close(self.pool), _close(self.writer))


async def open_database(
    url: str, *, pool_size: int = 10, writer_pool_size: int = 2, statement_timeout: float = 15.0
) -> Database:
    """Prepare the pools; connections are made when first needed, so the server need not be up."""
    return Database(
        url=url,
        pool=await _open_pool(url, APP_ROLE, pool_size, statement_timeout),
        writer=await _open_pool(url, WRITER_ROLE, writer_pool_size, statement_timeout),
        people_timeout=min(PEOPLE_SECONDS, statement_timeout),
    )


async def connect(url: str, *, role: str = APP_ROLE, statement_timeout: float = 15.0) -> Connection:
    """Open one connection outside any pool, for LISTEN. Errors as ``open_pool``."""
    with _refusals_explained():
        connection: Connection = await asyncpg.connect(
            url, timeout=CONNECT_SECONDS, server_settings=_session(role, statement_timeout)
        )
    await _init(connection)
    return connection


@contextlib.asynccontextmanager
async def transaction(database: Database, scope: Scope) -> AsyncIterator[Connection]:
    """Run one transaction with the rights of ``scope``: commit on exit, roll back on an error.

    What it announced reaches this process's subscribers before this returns. Raises
    DatabaseUnavailable when the database is lost on the way.
    """
    announced: list[tuple[str, str]] = []
    token = _announcements.set(announced)
    try:
        async with (
            acquire(database.pool) as connection,
            scoped(connection, scope, database.people_timeout),
        ):
            yield connection
    finally:
        _announcements.reset(token)
    for channel, payload in announced:
        for subscriber in database.subscribers:
            subscriber(channel, payload)


async def announce(connection: Connection, channel: str, payload: str) -> None:
    """Tell every server process of a change, once this transaction commits.

    ``channel`` is one of ``listener.CHANNELS``.
    """
    await connection.execute("SELECT pg_notify($1, $2)", channel, payload)
    announced = _announcements.get()
    if announced is not None:
        announced.append((channel, payload))


@contextlib.asynccontextmanager
async def scoped(
    connection: Connection, scope: Scope, people_timeout: float = PEOPLE_SECONDS
) -> AsyncIterator[None]:
    """Run one transaction on a connection at hand with the rights of ``scope``."""
    try:
        # At once, by the simple protocol: a round trip for both.
        await connection.execute(f"BEGIN; {_rights(scope, people_timeout)}")
        yield
    except BaseException:
        # Cancelling included: no connection goes back to the pool within a transaction.
        await _seen_through(_undo(connection))
        raise
    await connection.execute("COMMIT")


@contextlib.asynccontextmanager
async def savepoint(connection: Connection) -> AsyncIterator[None]:
    """Undo what is done within if it fails, and only that: the transaction can go on."""
    await connection.execute("SAVEPOINT part")
    try:
        yield
    except Exception:
        # Whatever it was; where somebody was cancelled, the whole transaction is undone.
        await connection.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
        raise
    await connection.execute("RELEASE SAVEPOINT part")


@contextlib.asynccontextmanager
async def acquire(pool: Pool) -> AsyncIterator[Connection]:
    """Borrow a connection without any rights. Raises DatabaseUnavailable when there is none."""
    try:
        connection = await pool.acquire(timeout=ACQUIRE_SECONDS)
    except LOST as error:
        raise errors.DatabaseUnavailable from error
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
        # The role asked for at log-in does not exist yet, or may not be taken.
        raise errors.DatabaseUnavailable(SCHEMA_MISSING) from error
    try:
        yield connection
    except LOST as error:
        raise errors.DatabaseUnavailable from error
    except asyncpg.DeadlockDetectedError as error:
        # Nothing of it was written, and the other one went through: a repeat will, too.
        raise errors.Unavailable(
            "Two changes met and this one was undone: send it again."
        ) from error
    finally:
        with contextlib.suppress(*LOST, asyncpg.PostgresError):
            await asyncio.shield(pool.release(connection))


async def _undo(connection: Connection) -> None:
    """Roll back; a connection that cannot is cut, which the server sees within a second.

    A request to cancel is lost when it comes before the statement it is meant for is begun: the
    rollback then waits for that statement.
    """
    try:
        async with asyncio.timeout(ROLLBACK_SECONDS):
            await connection.execute("ROLLBACK")
    except (*LOST, asyncpg.PostgresError):
        # Too slow, or stopped while it began; or lost, and out of the pool already.
        with contextlib.suppress(asyncpg.InterfaceError):
            connection.terminate()


async def _seen_through(work: Coroutine[object, object, None]) -> None:
    """Await ``work`` to its end, however often the caller is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


def _rights(scope: Scope, people_timeout: float) -> str:
    """Return the statement that gives a transaction its role, its tenant and, for people, its time.

    The values are a role of our own and UUIDs, so they may stand in the text.
    """
    settings = [f"set_config('role', '{scope.role}', true)"]
    settings += [
        f"set_config('flywheel.{name}', '{value}', true)" for name, value in scope.tenant().items()
    ]
    # A page that takes longer is read by nobody any more, and keeps a connection from others. What
    # a command does has no person who waits.
    if isinstance(scope, PersonScope) and scope.actor_id.int:
        settings.append(f"set_config('statement_timeout', '{int(people_timeout * 1000)}', true)")
    return "SELECT " + ", ".join(settings)


async def _close(pool: Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), timeout=2)
    except TimeoutError:
        pool.terminate()


async def _open_pool(url: str, role: str, size: int, statement_timeout: float) -> Pool:
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        timeout=CONNECT_SECONDS,
        max_inactive_connection_lifetime=300,
        init=_init,
        reset=_nothing_to_reset,
        server_settings=_session(role, statement_timeout),
    )


async def _nothing_to_reset(_connection: Connection) -> None:
    """Hand a connection on as it is: all that we set ends with its transaction.

    `tests/laws/test_queries.py` sees to that. A transaction left open is ended all the same.
    """


def _session(role: str, statement_timeout: float) -> dict[str, str]:
    milliseconds = str(int(statement_timeout * 1000))
    return {
        "application_name": "flywheel-server",
        "role": role,
        "timezone": "UTC",
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": "30s",
        # A half-open connection must not keep its locks for two hours.
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
        # Nor must one that was cut while it waits for a lock, which is no time to notice it.
        "client_connection_check_interval": "1s",
        "jit": "off",
    }


async def _init(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind,
            encoder=_encode_json,
            decoder=msgspec.json.decode,
            schema="pg_catalog",
        )


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


@contextlib.contextmanager
def _refusals_explained() -> Iterator[None]:
    try:
        yield
    except (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidPasswordError,
    ) as error:
        raise errors.SetupError(
            "the database refuses the login of FLYWHEEL_DATABASE_URL: check its user and password"
        ) from error
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
        raise errors.SetupError(SCHEMA_MISSING) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise errors.SetupError(
            "the database named in FLYWHEEL_DATABASE_URL does not exist: create it first"
        ) from error
    except ssl.SSLError as error:
        raise errors.SetupError(
            "the TLS connection to FLYWHEEL_DATABASE_URL failed: check sslmode and certificates"
        ) from error
    except (*LOST,) as error:
        raise errors.DatabaseUnavailable(
            "the database of FLYWHEEL_DATABASE_URL cannot be reached"
        ) from error
