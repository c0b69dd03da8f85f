"""Turns a broken constraint into an error of ours: the constraint's name is the rule's name.

A constraint that is not named by the caller is a fault of the server and stays what it is.
"""

import contextlib
from collections.abc import Iterator

import asyncpg

from flywheel_server.core import errors


@contextlib.contextmanager
def told(**refusals: errors.FlywheelError) -> Iterator[None]:
    """Raise ``refusals[NAME]`` when the constraint NAME is violated inside."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        refusal = refusals.get(str(getattr(error, "constraint_name", "")))
        if refusal is None:
            raise
        raise refusal from error
