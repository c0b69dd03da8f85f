"""Writes the whole schema as one file to read: ``python -m tests.schema_file > schema.sql``.

The text is what PostgreSQL itself says of a database made by the migrations alone.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from flywheel_server.core import embedded, log, migrations

FILE = Path(__file__).parents[1] / "schema.sql"
_HEADER = """\
-- The whole schema, to read. Written by `make schema` from the migrations; do not edit.
-- Time partitions are made while the server runs, and are not shown.

"""
# What pg_dump says about itself and its session, not about the schema.
_NOISE = re.compile(r"(?m)^(\\(un)?restrict .*|SET .*;|SELECT pg_catalog\.set_config\(.*|--.*)$")


def render(url: str) -> str:
    """Return the schema of the database at ``url``, the same text on every machine."""
    done = subprocess.run(
        [
            str(embedded.binaries() / "pg_dump"),
            "--schema-only",
            "--no-owner",
            "--no-comments",
            "--exclude-table=alembic_version",
            f"--dbname={url}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    text = _NOISE.sub("", done.stdout)
    return _HEADER + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


async def _main() -> None:
    with tempfile.TemporaryDirectory(prefix="flywheel-schema-") as folder:
        async with embedded.running(Path(folder) / "data") as address:
            await asyncio.to_thread(migrations.upgrade, address.owner_url)
            sys.stdout.write(await asyncio.to_thread(render, address.owner_url))


if __name__ == "__main__":
    # Standard output is the file; an unconfigured log writes there, too.
    log.configure()
    asyncio.run(_main())
