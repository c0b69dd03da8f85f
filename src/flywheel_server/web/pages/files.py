"""The stylesheet, the modules and the icon: read once, under addresses that hold their hash.

An address never gets another content, so browsers may keep it for a year.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources

from fastapi import APIRouter, Depends, Response

from flywheel_server.core import errors
from flywheel_server.web import traffic
from flywheel_server.web.access import PUBLIC

router = APIRouter(include_in_schema=False)

_TYPES = {
    "portal.css": "text/css; charset=utf-8",
    "portal.js": "text/javascript; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file, ready to be sent."""

    content: bytes
    media_type: str
    path: str


def _read(name: str, media_type: str) -> File:
    content = resources.files("flywheel_server.web").joinpath("static", name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return File(content=content, media_type=media_type, path=f"/static/{digest}/{name}")


_FILES = {name: _read(name, media_type) for name, media_type in _TYPES.items()}
_BY_PATH = {file.path: file for file in _FILES.values()}


def path(name: str) -> str:
    """Return the address of a file."""
    return _FILES[name].path


@router.get("/static/{digest}/{name}", dependencies=[*PUBLIC, Depends(traffic.FILES)])
async def static_file(digest: str, name: str) -> Response:
    """Return a file of exactly this hash."""
    file = _BY_PATH.get(f"/static/{digest}/{name}")
    if file is None:
        raise errors.NotFound("This file is of another release: load the page again.")
    return Response(
        file.content,
        media_type=file.media_type,
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )
