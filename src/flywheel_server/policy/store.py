"""The learning policy and its history."""

import datetime as dt
from dataclasses import dataclass

from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.policy import model as policy

_SQL = load("policies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the policy: who set it, when and why."""

    version: int
    policy: policy.Policy
    reason: str
    changed_by: str
    changed_at: dt.datetime


async def current(connection: Connection) -> Version | None:
    """Return the policy in force, or None before the set-up."""
    row = await connection.fetchrow(*_SQL["current"]())
    return None if row is None else _version(dict(row))


async def in_force(connection: Connection) -> policy.Policy:
    """Return the policy in force. Raises Unavailable before the set-up."""
    values = await connection.fetchval(*_SQL["in_force"]())
    if values is None:
        raise errors.Unavailable("The database has no policy yet: run `flywheel-server migrate`.")
    return policy.from_values(values)


async def lock(connection: Connection) -> None:
    """Keep others from changing the policy until the end, so that no change undoes another."""
    await connection.execute(*_SQL["lock"]())


async def history(connection: Connection, before: int | None, limit: int) -> list[Version]:
    """Return the newest versions first, those below version ``before``."""
    rows = await connection.fetch(*_SQL["history"](before=before, limit=limit))
    return [_version(dict(row)) for row in rows]


async def append(
    connection: Connection, values: policy.Policy, reason: str, changed_by: str, now: dt.datetime
) -> Version:
    """Put a new version in force."""
    row = await connection.fetchrow(
        *_SQL["append"](
            values=policy.as_values(values), reason=reason, changed_by=changed_by, now=now
        )
    )
    if row is None:
        raise LookupError("INSERT … RETURNING gave no row")
    return _version(dict(row))


def _version(row: dict[str, object]) -> Version:
    values = row.pop("values")
    if not isinstance(values, dict):
        raise TypeError("a policy's values are an object")
    return Version(policy=policy.from_values(values), **row)  # type: ignore[arg-type]
