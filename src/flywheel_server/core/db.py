"""The only place that opens connections: ``Database`` and ``transaction(database, scope)``.

Every connection starts with the role ``flywheel_app``, which may touch no table. A transaction
gets rights only from its scope, and loses them when it ends; forgetting the scope is an error.
"""

import asyncio
import contextlib
import contextvars
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
from structlog.typing import FilteringBoundLogger

from flywheel_server.core import database_refusals, database_urls, errors
from flywheel_server.core.database_condition import Condition
from flywheel_server.core.scope import PersonScope, Scope

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

# Doors answer 503 to these and to nothing else.
LOST = database_refusals.LOST
SCHEMA_MISSING = database_refusals.SCHEMA_MISSING
APP_ROLE = "flywheel_app"
WRITER_ROLE = "flywheel_writer"
ACQUIRE_SECONDS = 5.0
# Between two times that every connection is made again.
RENEW_SECONDS = 1.0
ROLLBACK_SECONDS = 2.0

# Another host may do.
_NEXT_HOST = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)

# The lines that the transaction under way logs once it commits: by whom, what, and its fields.
_Line = tuple[FilteringBoundLogger, str, dict[str, object]]
_lines: contextvars.ContextVar[list[_Line] | None] = contextvars.ContextVar("lines", default=None)
_announcements: contextvars.ContextVar[list[tuple[str, str]] | None] = contextvars.ContextVar(
    "announcements", default=None
)


# Seconds one statement of a person's request may take, at the most.
PEOPLE_SECONDS = 5.0

Subscriber = Callable[[str, str], None]


class Dialer:
    """Makes the connections to one target; where it is watched, notes whether they can be had."""

    def __init__(self, target: database_urls.Target, condition: Condition | None = None) -> None:
        self._target = target
        self._place = 0
        self.condition = condition

    async def __call__(
        self, _url: None = None, *, session: Mapping[str, str], **arguments: Any
    ) -> Connection:
        """Connect with these session settings. Raises what the driver does.

        Pools call this as they would call the driver, which knows no URL from us.
        """
        # Who a session belongs to may be named in the URL; the rest of ours is needed as it is.
        wanted = {**self._target.session, **session}
        if "application_name" in self._target.session:
            wanted["application_name"] = self._target.session["application_name"]
        try:
            connection = await self._first(server_settings=wanted, **arguments)
        except (*LOST, *database_refusals.REFUSED) as error:
            # Others still have connections then.
            if self.condition and not isinstance(error, asyncpg.TooManyConnectionsError):
                self.condition.cannot_connect(database_refusals.of_connecting(error).sentence)
            raise
        if self.condition:
            self.condition.connected()
        return connection

    async def _first(self, **arguments: Any) -> Connection:
        """Connect to the first host that takes us, beginning with the one that last did.

        The driver's own way through several hosts has one time limit for all of them together.
        """
        hosts = self._target.hosts
        failed: Exception = TimeoutError()
        for _ in hosts:
            host, port = hosts[self._place]
            try:
                connection: Connection = await asyncpg.connect(
                    host=host,
                    port=port,
                    timeout=self._target.seconds,
                    **self._target.arguments,
                    **arguments,
                )
            except _NEXT_HOST as error:
                failed = error
                self._place = (self._place + 1) % len(hosts)
            except asyncio.CancelledError:
                # Nobody waits any longer: the next attempt begins with the next host.
                self._place = (self._place + 1) % len(hosts)
                raise
            else:
                return connection
        raise failed


@dataclass(slots=True, kw_only=True)
class Database:
    """The pools of one process, and who wants to know what its transactions announced."""

    dial: Dialer
    pool: Pool
    # Its connections hold the writer's role for good, so that one statement is one transaction.
    writer: Pool
    condition: Condition
    # Seconds one statement of a person's request may take.
    people_timeout: float = PEOPLE_SECONDS
    subscribers: list[Subscriber] = field(default_factory=list)
    # When the pools were last told to connect again.
    renewed_at: float = float("-inf")

    async def refuses_writes(self, why: str) -> None:
        """Note why, and let every connection be made again: another server may be primary now."""
        self.condition.cannot_write(why)
        if time.monotonic() - self.renewed_at > RENEW_SECONDS:
            self.renewed_at = time.monotonic()
            for pool in (self.pool, self.writer):
                await pool.expire_connections()

    async def close(self) -> None:
        """Close both pools; connections that do not end within 2 s are cut."""
        await asyncio.gather(_close(self.pool), _close(self.writer))


async def open_database(
    url: str, *, pool_size: int = 10, writer_pool_size: int = 2, statement_timeout: float = 15.0
) -> Database:
    """Prepare the pools; connections are made when first needed, so the server need not be up."""
    condition = Condition()
    dial = Dialer(database_urls.parse(url), condition)
    return Database(
        dial=dial,
        condition=condition,
        pool=await _open_pool(dial, APP_ROLE, pool_size, statement_timeout),
        writer=await _open_pool(dial, WRITER_ROLE, writer_pool_size, statement_timeout),
        people_timeout=min(PEOPLE_SECONDS, statement_timeout),
    )


async def connect(
    where: str | Dialer, *, role: str = APP_ROLE, statement_timeout: float = 15.0
) -> Connection:
    """Open one connection outside any pool. Raises SetupError where waiting would not help.

    Raises DatabaseUnavailable when the database is not there at present.
    """
    dial = where if isinstance(where, Dialer) else Dialer(database_urls.parse(where))
    try:
        connection = await dial(session=session_settings(role, statement_timeout))
        try:
            await _init(connection, role)
        except BaseException:
            # Also when nobody waits for it any longer.
            connection.terminate()
            raise
    except (*LOST, *database_refusals.REFUSED) as error:
        raise _refused(error) from error
    return connection


@contextlib.asynccontextmanager
async def transaction(database: Database, scope: Scope) -> AsyncIterator[Connection]:
    """Run one transaction with the rights of ``scope``: commit on exit, roll back on an error.

    What it announced reaches this process's subscribers before this returns, and what
    ``log_on_commit`` was given is logged. Raises
    DatabaseUnavailable when the database is lost on the way.
    """
    announced: list[tuple[str, str]] = []
    lines: list[_Line] = []
    token, of_lines = _announcements.set(announced), _lines.set(lines)
    try:
        async with (
            acquire(database) as connection,
            scoped(connection, scope, database.people_timeout),
        ):
            yield connection
    finally:
        _announcements.reset(token)
        _lines.reset(of_lines)
    for logger, event, fields in lines:
        logger.info(event, **fields)
    for channel, payload in announced:
        for subscriber in database.subscribers:
            subscriber(channel, payload)


def log_on_commit(logger: FilteringBoundLogger, event: str, **fields: object) -> None:
    """Log a line at INFO once this transaction commits: no line tells of work that was undone."""
    lines = _lines.get()
    if lines is None:
        raise LookupError("there is no transaction that could commit")
    lines.append((logger, event, fields))


async def announce(connection: Connection, channel: str, payload: str) -> None:
    """Tell every server process of a change, once this transaction commits.

    ``channel`` is one of ``listener.CHANNELS``.
    """
    await connection.execute("SELECT pg_notify($1, $2)", channel, payload)
    announced = _announcements.get()
    if announced is not None:
        announced.append((channel, payload))


async def is_read_only(connection: Connection) -> bool:
    """Say whether this server takes no writes: a standby, or one that was set so."""
    return bool(
        await connection.fetchval(
            "SELECT current_setting('transaction_read_only')::boolean OR pg_is_in_recovery()"
        )
    )


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
    lines = _lines.get()
    kept = len(lines or ())
    try:
        yield
    except Exception:
        # Whatever it was; where somebody was cancelled, the whole transaction is undone.
        if lines is not None:
            del lines[kept:]
        await connection.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
        raise
    await connection.execute("RELEASE SAVEPOINT part")


@contextlib.asynccontextmanager
async def acquire(database: Database, pool: Pool | None = None) -> AsyncIterator[Connection]:
    """Borrow a connection without any rights, of ``pool`` if not of the one for requests.

    Raises DatabaseUnavailable, with the reason where it is known, when there is none or it is lost.
    """
    pool = pool or database.pool
    try:
        connection = await pool.acquire(timeout=ACQUIRE_SECONDS)
    except (*LOST, *database_refusals.REFUSED) as error:
        raise errors.DatabaseUnavailable(_refused(error).detail) from error
    try:
        yield connection
    except (*LOST, *database_refusals.OUTDATED) as error:
        why = database_refusals.of_statement(error)
        if isinstance(error, database_refusals.UNWRITABLE):
            await database.refuses_writes(why)
        raise errors.DatabaseUnavailable(why) from error
    except database_refusals.UNDONE as error:
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


async def _open_pool(dial: Dialer, role: str, size: int, statement_timeout: float) -> Pool:
    connect: Any = partial(dial, session=session_settings(role, statement_timeout))

    async def init(connection: Connection) -> None:
        await _init(connection, role)

    return await asyncpg.create_pool(
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=300,
        connect=connect,
        init=init,
        reset=_nothing_to_reset,
    )


async def _nothing_to_reset(_connection: Connection) -> None:
    """Hand a connection on as it is: all that we set ends with its transaction.

    `tests/laws/test_queries.py` sees to that. A transaction left open is ended all the same.
    """


def session_settings(role: str, statement_timeout: float) -> dict[str, str]:
    """Return what a session of ours begins with; seconds, 0 for no time limit."""
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


async def _init(connection: Connection, role: str) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind,
            encoder=_encode_json,
            decoder=msgspec.json.decode,
            schema="pg_catalog",
        )
    # A pooler between may have dropped what was asked for at log-in.
    if await connection.fetchval("SELECT current_setting('role')") != role:
        raise asyncpg.ConnectionRejectionError(database_refusals.POOLED)


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _refused(error: Exception) -> errors.FlywheelError:
    refusal = database_refusals.of_connecting(error)
    if refusal.lasting:
        return errors.SetupError(refusal.sentence)
    return errors.DatabaseUnavailable(refusal.sentence)
