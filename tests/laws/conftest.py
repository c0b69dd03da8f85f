"""Databases in the states that laws look at."""

import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from flywheel_server.core import embedded

_FILL = (Path(__file__).parent / "filled.sql").read_text(encoding="utf-8")
_numbers = itertools.count(1)


@pytest.fixture
async def empty_url(cluster: embedded.Address) -> AsyncIterator[str]:
    """Make a database with nothing in it and say where, as its owner."""
    name = f"empty_{os.getpid()}_{next(_numbers)}"
    connection = await asyncpg.connect(cluster.owner_url.replace("/flywheel?", "/postgres?"))
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
        yield cluster.owner_url.replace("/flywheel?", f"/{name}?")
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest.fixture
async def filled(address: embedded.Address) -> embedded.Address:
    """Put at least one row into every table of a migrated database."""
    connection = await asyncpg.connect(address.owner_url)
    try:
        await connection.execute(_FILL)
    finally:
        await connection.close()
    return address
