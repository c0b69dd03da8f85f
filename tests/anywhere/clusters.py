"""Databases in clusters of their own, owned by somebody who is no superuser, and what they hold."""

import json
from pathlib import Path
from typing import Any

import asyncpg

from tests.deploy import tcp

# Made again from the facts, or about one process's work: a restore need not bring them back.
REBUILT = {
    "dropped_counts",
    "fold_marks",
    "level_days",
    "loop_leases",
    "loop_runs",
    "patterns",
    "platform_pattern_sites",
    "platform_patterns",
    "rule_counts",
}
_ROWS = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname
"""


def superuser_url(folder: Path, postgres: tcp.Postgres, database: str = "deployed") -> str:
    """Return the URL by which a test, and nothing else, sees everything."""
    return f"postgresql://postgres@/{database}?host={folder}/run&port={postgres.port}"


async def contents(url: str) -> dict[str, list[str]]:
    """Return every row of every table as text, in an order of its own."""
    connection = await asyncpg.connect(url)
    try:
        found: dict[str, list[str]] = {}
        for row in await connection.fetch(_ROWS):
            name = row["relname"]
            rows = await connection.fetch(f'SELECT to_jsonb(t) AS row FROM "{name}" t')
            found[name] = sorted(_plain(json.loads(each["row"])) for each in rows)
        return found
    finally:
        await connection.close()


def _plain(row: dict[str, Any]) -> str:
    # Transaction ids mean nothing in another cluster.
    row.pop("xid", None)
    return json.dumps(row, sort_keys=True)
