"""The file of a backup: a ZIP of one entry for each table, and a manifest at its end.

Written beside its place and moved there when it is whole; read with every digest checked.
"""

import contextlib
import datetime as dt
import hashlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from flywheel_server.core import errors

FORMAT = 1
_MANIFEST = "manifest.json"
_PIECE_BYTES = 262_144


class TablePart(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds of one table."""

    name: str
    columns: tuple[str, ...]
    rows: int
    size_bytes: int
    sha256: str

    @property
    def entry(self) -> str:
        """The name of its entry in the ZIP."""
        return f"tables/{self.name}.copy"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is of, and what a restore of it must come to."""

    format: int
    made_at: dt.datetime
    revision: str
    tables: tuple[TablePart, ...]
    partitions: tuple[tuple[str, dt.date, dt.date], ...]
    sequences: dict[str, int]
    heads: dict[str, str | int | None]


class Writer:
    """Writes one backup; nothing stands in its place before it is whole."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextlib.contextmanager
    def table(self, name: str) -> Iterator["Entry"]:
        """Open the entry of one table."""
        with self._archive.open(f"tables/{name}.copy", "w", force_zip64=True) as stream:
            yield Entry(stream)

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, which ends the file."""
        self._archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))


class Entry:
    """One table on its way into the file: counted and digested as it goes by."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    async def take(self, piece: bytes) -> None:
        """Add a piece."""
        self._stream.write(piece)
        self._digest.update(piece)
        self.size_bytes += len(piece)

    @property
    def sha256(self) -> str:
        """The digest of all that was taken."""
        return self._digest.hexdigest()


@contextlib.contextmanager
def writing(file: Path) -> Iterator[Writer]:
    """Write ``file``, readable by its owner alone. Raises SetupError when it cannot be written."""
    partial = file.with_name(f"{file.name}.partial")
    with _usable(file):
        try:
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as output:
                os.fchmod(handle, 0o600)
                with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
                    yield Writer(archive)
                output.flush()
                os.fsync(handle)
            partial.replace(file)
            _settle(file.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


class Reader:
    """Reads one backup."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def pieces(self, part: TablePart) -> Iterator[bytes]:
        """Yield a table piece by piece. Raises SetupError at its end when it is damaged."""
        digest = hashlib.sha256()
        try:
            with self._archive.open(part.entry) as stream:
                while piece := stream.read(_PIECE_BYTES):
                    digest.update(piece)
                    yield piece
        except (KeyError, zipfile.BadZipFile, EOFError, OSError) as error:
            raise _damaged(f"the table {part.name} cannot be read") from error
        if digest.hexdigest() != part.sha256:
            raise _damaged(f"the table {part.name} has another digest than its manifest says")


@contextlib.contextmanager
def reading(file: Path) -> Iterator[Reader]:
    """Open a backup. Raises SetupError for what is none, is damaged, or of another format."""
    with _usable(file), contextlib.ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
            text = archive.read(_MANIFEST)
        except (zipfile.BadZipFile, KeyError, EOFError) as error:
            raise _damaged("it is no backup of this server, or is cut off") from error
        yield Reader(archive, _manifest(text))


def _manifest(text: bytes) -> Manifest:
    try:
        form = msgspec.json.decode(text, type=dict[str, object]).get("format")
        if form != FORMAT:
            raise errors.SetupError(
                f"the backup has the format {form}, this release reads {FORMAT}: restore it with "
                "the release that made it"
            )
        return msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise _damaged("its manifest cannot be read") from error


def _damaged(why: str) -> errors.SetupError:
    return errors.SetupError(f"the backup cannot be used: {why}")


@contextlib.contextmanager
def _usable(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise errors.SetupError(f"{file} cannot be used ({error.strerror or error})") from error


def _settle(folder: Path) -> None:
    """Write the folder's own entry to the disk, so that the new name outlasts a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
