"""What errors of the database mean: which of them say that it cannot be used now, and why.

The one table for this. A door answers 503 to ``LOST`` and to nothing else; a command that starts
ends with ``Refusal.sentence`` where waiting would not help. No sentence holds a value of the URL.
"""

import os
import socket
import ssl
from dataclasses import dataclass

import asyncpg

SCHEMA_MISSING = (
    "the database has no schema of ours, or its user may not act as flywheel_app: run "
    "`flywheel-server migrate` with the owner's FLYWHEEL_DATABASE_URL"
)
SCHEMA_OLD = (
    "the database's schema is not this release's: run `flywheel-server migrate` with the owner's "
    "FLYWHEEL_DATABASE_URL"
)
READ_ONLY = (
    "the database is read-only, as after a failover: reads go on, writes wait for its primary"
)
DISK_FULL = "the database has no room on its disk: make room, and writes go on by themselves"
POOLED = (
    "FLYWHEEL_DATABASE_URL leads to a connection pooler that does not pass on session settings: "
    "give the database's own address, for this server keeps pools of its own"
)
UNREACHABLE = "the database of FLYWHEEL_DATABASE_URL cannot be reached"

SCHEMA = (SCHEMA_MISSING, SCHEMA_OLD)

# It stopped, lost the connection, or takes no statement now. Never a statement's own fault.
LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    # Shutting down, starting up, gone, or the statement took too long.
    asyncpg.exceptions.OperatorInterventionError,
    # Connections, memory, disk.
    asyncpg.InsufficientResourcesError,
    # Its own files cannot be read or written.
    asyncpg.exceptions.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.exceptions.TransactionTimeoutError,
    # How the driver tells of a connection that ended while it was used.
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# What a database that lost its disk or its place as primary answers to writes.
UNWRITABLE = (
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)
# How a connection is refused; within a transaction some of these mean something else.
REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidParameterValueError,
    asyncpg.UndefinedObjectError,
    asyncpg.CantChangeRuntimeParamError,
)


# Two transactions met and this one was undone, or a standby's replay was in its way.
UNDONE = (asyncpg.exceptions.TransactionRollbackError,)
# The schema is older than the server, or changed while a statement was prepared.
OUTDATED = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
    asyncpg.InvalidCachedStatementError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the database cannot be used, and whether it may become usable without any change."""

    sentence: str
    lasting: bool = False


def of_connecting(error: Exception) -> Refusal:
    """Say why no connection can be had."""
    if isinstance(error, asyncpg.PostgresError) and (found := _said_by_server(error)):
        return Refusal(sentence=found, lasting=True)
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return Refusal(sentence=f"FLYWHEEL_DATABASE_URL cannot be used: {error}", lasting=True)
    if isinstance(error, ssl.SSLError):
        return Refusal(
            sentence="the TLS connection to FLYWHEEL_DATABASE_URL failed "
            f"({error.reason or 'no reason given'}): check sslmode and certificates",
            lasting=True,
        )
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):
        return Refusal(
            sentence="the database of FLYWHEEL_DATABASE_URL does not speak TLS, which its sslmode "
            "requires: switch TLS on there, or give another sslmode",
            lasting=True,
        )
    return Refusal(sentence=of_statement(error) or f"{UNREACHABLE} ({_how(error)})")


def of_statement(error: Exception) -> str:
    """Say why a statement was not run, as far as it is the database's state; else nothing."""
    return next((why for kinds, why in _STATES if isinstance(error, kinds)), "")


def _said_by_server(error: asyncpg.PostgresError) -> str | None:
    """Return the sentence for what a server answers to a log-in, where waiting does not help."""
    text = error.message or str(error)
    if "startup parameter" in text or text == POOLED:
        return POOLED
    return next((say(text) for kinds, say in _LOGINS if isinstance(error, kinds)), None)


def _login(text: str) -> str:
    if "pg_hba.conf" in text:
        return (
            "the database has no rule in pg_hba.conf that lets FLYWHEEL_DATABASE_URL in: add one, "
            "or give sslmode=require where it wants TLS"
        )
    return "the database refuses the login of FLYWHEEL_DATABASE_URL: check its user and password"


def _parameter(text: str) -> str:
    if text.startswith("role ") or '"role"' in text:
        return SCHEMA_MISSING
    return f"FLYWHEEL_DATABASE_URL has a parameter that cannot be set ({text}): correct it"


def _privilege(text: str) -> str:
    if "database" in text:
        return (
            "the user of FLYWHEEL_DATABASE_URL may not connect to this database: grant it CONNECT, "
            "or use another"
        )
    return SCHEMA_MISSING


def _how(error: Exception) -> str:
    """Say how a connection failed, in words that hold no address."""
    if isinstance(error, socket.gaierror):
        return "its host name is not known"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return "the connection was refused" if isinstance(error, OSError) else "the connection ended"


_STATES = (
    (
        (
            asyncpg.ReadOnlySQLTransactionError,
            asyncpg.exceptions.TargetServerAttributeNotMatched,
        ),
        READ_ONLY,
    ),
    (asyncpg.DiskFullError, DISK_FULL),
    (
        asyncpg.TooManyConnectionsError,
        (
            "the database has no connection left: raise its max_connections, or lower "
            "FLYWHEEL_POOL_SIZE"
        ),
    ),
    (asyncpg.CannotConnectNowError, "the database is starting or stopping"),
    (
        asyncpg.InvalidCachedStatementError,
        "the database's schema was changed meanwhile: send it again",
    ),
    (OUTDATED, SCHEMA_OLD),
)
_LOGINS = (
    (
        asyncpg.InvalidCatalogNameError,
        lambda _: "the database named in FLYWHEEL_DATABASE_URL does not exist: create it first",
    ),
    (asyncpg.InvalidAuthorizationSpecificationError, _login),
    (
        asyncpg.UndefinedObjectError,
        lambda text: (
            "FLYWHEEL_DATABASE_URL has a parameter that the database does not know "
            f"({text}): correct or remove it"
        ),
    ),
    ((asyncpg.InvalidParameterValueError, asyncpg.CantChangeRuntimeParamError), _parameter),
    (asyncpg.InsufficientPrivilegeError, _privilege),
)
