"""Removes a ``postmaster.pid`` that would keep the embedded PostgreSQL from starting for good.

PostgreSQL itself forgives the number of a process that is gone, and nothing else: not an empty or
garbled file, as a full disk or a power cut leaves, nor a number that another program has now.
"""

from pathlib import Path

from flywheel_server.core import log

_log = log.get(__name__)
_PROCESSES = Path("/proc")


def forget_stale(data: Path, owner: int) -> None:
    """Remove the pid file of ``data``, whose PostgreSQL runs as ``owner``, unless that is running.

    The caller holds the lock under which it starts. Raises OSError when the file cannot be removed.
    """
    file = data / "postmaster.pid"
    try:
        words = file.read_bytes().split()
    except FileNotFoundError:
        return
    if words and words[0].isdigit():
        stale = not _runs_there(int(words[0]), data, owner)
    else:
        stale = not any(
            _runs_there(int(each.name), data, owner)
            for each in _PROCESSES.iterdir()
            if each.name.isdigit()
        )
    if stale:
        _log.warning("removed a stale postmaster.pid", file=str(file))
        file.unlink(missing_ok=True)


def _runs_there(pid: int, data: Path, owner: int) -> bool:
    """Say whether a process is a PostgreSQL at work in ``data``; yes where that cannot be seen."""
    place = _PROCESSES / str(pid)
    try:
        if (place / "comm").read_text().strip() != "postgres" or place.stat().st_uid != owner:
            return False
        return (place / "cwd").readlink() == data
    except PermissionError:
        return True
    except OSError:
        return False
