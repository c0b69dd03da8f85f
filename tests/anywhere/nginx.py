"""A real nginx in front of a server, as Debian installs it; `tests/proxies.sh` gets it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import programs

PROGRAM = Path("/usr/sbin/nginx")
_MISSING = (
    f"{PROGRAM} is missing: on Debian, as root: apt-get install --no-install-recommends nginx"
)

needed = pytest.mark.skipif(not PROGRAM.exists(), reason=_MISSING)

# With nginx's own defaults: HTTP/1.0 or 1.1 to the server, `Host` of the address there, no
# X-Forwarded headers.
DEFAULTS = ""
COMPRESSING = "gzip on; gzip_proxied any; gzip_min_length 1; gzip_types application/json text/css;"
FORWARDING = (
    "proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto https;"
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
)


@contextlib.asynccontextmanager
async def before(server: programs.Server, folder: Path, directives: str) -> AsyncIterator[int]:
    """Start nginx before a server; yield its port."""
    port = programs.free_port()
    config = folder / f"nginx-{port}.conf"
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"daemon off;\nuser root;\nworker_processes 1;\npid {folder}/nginx-{port}.pid;\n"
        f"error_log {folder}/nginx.log;\nevents {{ worker_connections 256; }}\n"
        f"http {{\naccess_log off;\n{temporary}server {{ listen 127.0.0.1:{port};\n"
        f"location / {{ proxy_pass {server.base_url}; {directives} }}\n}}\n}}\n",
        "utf-8",
    )
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), "-c", str(config), "-e", str(folder / "nginx.log")
    )
    try:
        await _listens(process, port, folder)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, (folder / "nginx.log").read_text("utf-8")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)
