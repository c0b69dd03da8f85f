"""Runs the schema's history in ``migrations/``: numbered revisions, their SQL beside them.

Expand, then contract: a revision must work under the previous release's server. Statements wait
five seconds for a lock at most, so that a migration never queues the whole fleet behind itself.
"""

import contextlib
import functools
import threading
from collections.abc import Iterator

import sqlalchemy
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from flywheel_server.core import bundled, errors

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"
# Alembic keeps its context in module globals: one run at a time in a process.
_ALEMBIC = threading.Lock()


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at ``url`` to ``revision``. Runs an event loop: call it in a thread.

    Raises SetupError where the database is newer than this release, else what the driver does.
    """
    with _ALEMBIC, _plain_errors():
        command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database at ``url`` back to ``revision`` (``base``: to nothing)."""
    with _ALEMBIC, _plain_errors():
        command.downgrade(_config(url), revision)


def head() -> str:
    """Return the revision that this release needs."""
    revision = ScriptDirectory.from_config(_config("")).get_current_head()
    if revision is None:
        raise LookupError("the package holds no migrations")
    return revision


@functools.cache
def known() -> tuple[str, ...]:
    """Return this release's revisions, oldest first."""
    scripts = ScriptDirectory.from_config(_config("")).walk_revisions()
    return tuple(reversed([script.revision for script in scripts]))


def is_behind(revision: str | None) -> bool:
    """Say whether a database at ``revision`` lacks something that this release needs.

    One that this release does not know is a later release's, under which this one works.
    """
    return revision is None or revision in known()[:-1]


def execute(name: str) -> None:
    """Run the SQL file ``versions/NAME`` inside the current revision's transaction."""
    op.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    op.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
    _run(op.get_bind(), text(f"versions/{name}"))


def let_backups_read(connection: sqlalchemy.Connection) -> None:
    """Give the role of backups every table that there is after an upgrade."""
    _run(connection, f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; {text('backup_role.sql')}")


def text(name: str) -> str:
    """Return the SQL file ``NAME`` of ``migrations/``."""
    return (bundled.folder("migrations") / name).read_text(encoding="utf-8")


def _run(bind: sqlalchemy.Connection, statements: str) -> None:
    # The driver's own execute takes many statements at once; SQLAlchemy's takes one.
    connection = bind.connection.dbapi_connection
    if connection is None:
        raise LookupError("the migration has no connection")
    connection.run_async(lambda driver: driver.execute(statements))


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise the driver's own errors, without SQLAlchemy's statement around them."""
    try:
        yield
    except CommandError as error:
        if "locate revision" not in str(error):
            raise
        raise errors.SetupError(
            "the database's schema is of a later release than this one: run that release's "
            "`flywheel-server`"
        ) from error
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        raise cause or error from error


def _config(url: str) -> Config:
    config = Config()
    # A percent sign in the path would be read as an interpolation.
    folder = str(bundled.folder("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.attributes["url"] = url
    return config
