"""A PostgreSQL on 127.0.0.1 that asks for passwords, as a deployment has."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from flywheel_server import embedded
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
async def postgres(folder: Path) -> AsyncIterator[Postgres]:
    folder.mkdir(parents=True, exist_ok=True)
    rules = folder / "pg_hba.conf"
    rules.write_text(_HBA)
    rules.chmod(0o644)
    port = processes.free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "hba_file": str(rules),
        "fsync": "off",
    }
    async with embedded.running(folder, options) as address:
        connection = await asyncpg.connect(address.owner_url)
        await connection.execute(
            f"CREATE ROLE flywheel_owner LOGIN CREATEROLE PASSWORD '{OWNER_PASSWORD}'"
        )
        await connection.execute("CREATE DATABASE deployed OWNER flywheel_owner")
        await connection.close()
        yield Postgres(port=port)
