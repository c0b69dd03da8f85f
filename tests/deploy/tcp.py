"""A PostgreSQL on 127.0.0.1 that asks for passwords, as a deployment has."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import asyncpg

from flywheel_server.core import embedded
from tests.deploy import processes

OWNER_PASSWORD = "owner-of-the-schema"
APP_PASSWORD = "application-of-the-tests"
_HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """Where it listens, and for whom."""

    port: int

    @property
    def owner_url(self) -> str:
        """The owner of the database, who may create roles and is no superuser."""
        return f"postgresql://flywheel_owner:{OWNER_PASSWORD}@127.0.0.1:{self.port}/deployed"

    @property
    def app_url(self) -> str:
        return f"postgresql://flywheel_app:{APP_PASSWORD}@127.0.0.1:{self.port}/deployed"


@contextlib.asynccontextmanager
async def postgres(
    folder: Path, more: Mapping[str, str] = MappingProxyType({}), port: int | None = None
) -> AsyncIterator[Postgres]:
    """Start it with these settings beside its own; with a port, again on what is in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = folder / "pg_hba.conf"
    rules.write_text(_HBA)
    rules.chmod(0o644)
    again, port = port is not None, port or processes.free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "hba_file": str(rules),
        "fsync": "off",
        **more,
    }
    async with embedded.running(folder, options) as address:
        if not again:
            await _make_owner(address)
        yield Postgres(port=port)


async def _make_owner(address: embedded.Address) -> None:
    connection = await asyncpg.connect(address.owner_url)
    await connection.execute(
        f"CREATE ROLE flywheel_owner LOGIN CREATEROLE PASSWORD '{OWNER_PASSWORD}'"
    )
    await connection.execute("CREATE DATABASE deployed OWNER flywheel_owner")
    await connection.close()
