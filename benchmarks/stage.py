"""What measures stand on: a database with tenants, and server processes on it, all our own."""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx

from flywheel_server.commands import setup
from flywheel_server.core import embedded
from flywheel_server.core.settings import Settings

SITES = 2_000
ORGANIZATIONS = 500
PARTNERS = 100
_START_SECONDS = 60.0

# Keys with a known text; the server keeps only their digests, as for every key.
_TENANTS = f"""
INSERT INTO partners (name) SELECT 'Partner ' || n FROM generate_series(1, {PARTNERS}) n;
INSERT INTO organizations (partner_id, name)
SELECT p.id, 'Organization ' || n
FROM generate_series(1, {ORGANIZATIONS}) n
JOIN partners p ON p.name = 'Partner ' || (1 + n % {PARTNERS});
INSERT INTO sites (organization_id, slug, name, healing_tier)
SELECT o.id, 'site-' || n, 'Site ' || n, 'full_coverage'
FROM generate_series(1, {SITES}) n
JOIN organizations o ON o.name = 'Organization ' || (1 + n % {ORGANIZATIONS});
INSERT INTO api_keys (site_id, label, digest)
SELECT s.id, 'benchmark', sha256(convert_to('key-of-' || s.slug, 'UTF8')) FROM sites s;
ANALYZE;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site and its key."""

    id: UUID
    slug: str

    @property
    def key(self) -> str:
        return f"key-of-{self.slug}"


@dataclass(slots=True, kw_only=True)
class Stage:
    """A database that runs, and what is in it."""

    folder: Path
    address: embedded.Address
    quick: bool
    sites: list[Site] = field(default_factory=list)

    def rounds(self, full: int) -> int:
        return min(full, 2) if self.quick else full

    def seconds(self, full: float) -> float:
        return min(full, 2.0) if self.quick else full

    def count(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def url(self, name: str, *, owner: bool = False) -> str:
        """Return where another database of the same cluster is."""
        plain = self.address.owner_url if owner else self.address.app_url
        return plain.replace("/flywheel?", f"/{name}?")

    @contextlib.asynccontextmanager
    async def owner(self, name: str = "flywheel") -> AsyncIterator["asyncpg.Connection"]:
        """Borrow the owner's hands."""
        connection = await asyncpg.connect(self.url(name, owner=True))
        try:
            yield connection
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def copy(self, name: str) -> AsyncIterator[str]:
        """Make a copy of the database with its tenants; yield its name, drop it at the end."""
        async with self.owner("postgres") as connection:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE flywheel")
            try:
                yield name
            finally:
                await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextlib.asynccontextmanager
async def opened(folder: Path, *, quick: bool) -> AsyncIterator[Stage]:
    """Start a PostgreSQL of our own, migrate it and fill in the tenants."""
    async with embedded.running(folder / "database") as address:
        await setup.migrate(address.owner_url, Settings())
        stage = Stage(folder=folder, address=address, quick=quick)
        async with stage.owner() as connection:
            await connection.execute(_TENANTS)
            rows = await connection.fetch("SELECT s.id, s.slug FROM sites s ORDER BY s.id")
        stage.sites = [Site(id=row["id"], slug=row["slug"]) for row in rows]
        yield stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A process that answers HTTP."""

    process: asyncio.subprocess.Process
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def resident_mib(self) -> float:
        """Return how much memory the process holds now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise LookupError("this system does not tell the memory of a process")

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


@contextlib.asynccontextmanager
async def serving(
    stage: Stage, database: str = "flywheel", **settings: str
) -> AsyncIterator[Server]:
    """Run `flywheel-server serve` on a database, as in production: one process, the loop inside."""
    given = {"FLYWHEEL_DATABASE_URL": stage.url(database), "FLYWHEEL_LOG_LEVEL": "WARNING"}
    given |= {f"FLYWHEEL_{name.upper()}": value for name, value in settings.items()}
    async with process(stage, ["flywheel_server", "serve"], given) as server:
        yield server


@contextlib.asynccontextmanager
async def baseline(stage: Stage, name: str, *arguments: str, **env: str) -> AsyncIterator[Server]:
    """Run one of ``benchmarks.baselines``."""
    async with process(stage, ["benchmarks.baselines", name, *arguments], env) as server:
        yield server


@contextlib.asynccontextmanager
async def process(stage: Stage, module: list[str], env: dict[str, str]) -> AsyncIterator[Server]:
    """Run a module as a process that listens on FLYWHEEL_PORT; wait until it answers."""
    port = free_port()
    kept = {name: text for name, text in os.environ.items() if not name.startswith("FLYWHEEL_")}
    with (stage.folder / f"process-{port}.log").open("wb") as output:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *module,
            env=kept | env | {"FLYWHEEL_PORT": str(port)},
            stdout=output, stderr=output,
        )  # fmt: skip
    server = Server(process=started, port=port)
    try:
        await _answers(server, stage.folder / f"process-{port}.log")
        yield server
    finally:
        await server.stop()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


async def _answers(server: Server, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        while time.monotonic() < deadline and server.process.returncode is None:
            with contextlib.suppress(httpx.TransportError):
                await client.get("/health")
                return
            await asyncio.sleep(0.05)
    raise RuntimeError(f"a process did not start: {log.read_text()[-2_000:]}")
