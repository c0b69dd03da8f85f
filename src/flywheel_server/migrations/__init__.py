"""The schema's history: numbered Alembic revisions, their SQL beside them, and how to run them.

Expand, then contract: a revision must work under the previous release's server. Statements wait
five seconds for a lock at most, so that a migration never queues the whole fleet behind itself.
"""

import threading
from importlib import resources

from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"
# Alembic keeps its context in module globals: one run at a time in a process.
_ALEMBIC = threading.Lock()


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at ``url`` to ``revision``. Runs an event loop: call it in a thread."""
    with _ALEMBIC:
        command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database at ``url`` back to ``revision`` (``base``: to nothing)."""
    with _ALEMBIC:
        command.downgrade(_config(url), revision)


def head() -> str:
    """Return the revision that this release needs."""
    revision = ScriptDirectory.from_config(_config("")).get_current_head()
    if revision is None:
        raise LookupError("the package holds no migrations")
    return revision


def execute(name: str) -> None:
    """Run the SQL file ``versions/NAME`` inside the current revision's transaction."""
    op.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    op.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
    text = resources.files(__name__).joinpath("versions", name).read_text(encoding="utf-8")
    # The driver's own execute takes many statements at once; SQLAlchemy's takes one.
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise LookupError("the migration has no connection")
    connection.run_async(lambda driver: driver.execute(text))


def _config(url: str) -> Config:
    config = Config()
    # A percent sign in the path would be read as an interpolation.
    folder = str(resources.files(__name__)).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.attributes["url"] = url
    return config
