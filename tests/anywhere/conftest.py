"""A PostgreSQL as a provider hosts one: TCP, TLS, passwords, and an owner who is no superuser."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flywheel_server.commands import setup
from flywheel_server.core.settings import Settings
from tests.anywhere import tls
from tests.conftest import MEMORY
from tests.deploy import tcp


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """Where it is, plainly and over TLS, with the certificate that it shows and another one."""

    postgres: tcp.Postgres
    tls: tcp.Postgres
    certificate: Path
    other_certificate: Path
    folder: Path


@pytest.fixture(scope="session")
def hosted() -> Iterator[Hosted]:
    """Start it once for a worker's tests; the database `deployed` is migrated."""
    where = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    with (
        asyncio.Runner() as runner,
        tempfile.TemporaryDirectory(prefix="fw-hosted-", dir=where) as name,
    ):
        folder = Path(name)
        stack = contextlib.AsyncExitStack()
        shown, secret = tls.certificate(folder, "server")
        other, _ = tls.certificate(folder, "other")
        postgres = runner.run(stack.enter_async_context(tcp.postgres(folder / "data")))
        try:
            settings = Settings(app_password=tcp.APP_PASSWORD)
            runner.run(setup.migrate(postgres.owner_url, settings))
            with tls.before(postgres.port, shown, secret) as port:
                yield Hosted(
                    postgres=postgres,
                    tls=tcp.Postgres(port=port),
                    certificate=shown,
                    other_certificate=other,
                    folder=folder,
                )
        finally:
            runner.run(stack.aclose())
