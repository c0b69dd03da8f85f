"""Checks an export of evidence with nothing but the file: the first thing wrong is named.

The file comes from anybody: sizes are bounded, nothing of it is trusted before its hash is.
"""

import contextlib
import datetime as dt
import hashlib
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from flywheel_server.core import signatures
from flywheel_server.evidence import archives, timestamps
from flywheel_server.evidence.model import evidence
from flywheel_server.evidence.model.evidence import Link
from flywheel_server.evidence.timestamps import DamagedProof, Proof

_MOST_MEMBER_BYTES = 64 * 1024 * 1024
_KEY = re.compile(r"[0-9a-f]{64}\n")
_SEAL = re.compile(r"[0-9a-f]{128}\n")


class Broken(Exception):
    """The export does not hold; the text says where, and what is wrong there."""

    def __init__(self, place: str, wrong: str) -> None:
        super().__init__(f"{place}: {wrong}")
        self.place = place


@dataclass(slots=True, kw_only=True)
class Report:
    """What an export that holds contains."""

    site: str
    first: int
    last: int
    head: str
    bundles: int = 0
    # Batches by state, and the blocks that they end in: height, hash, time.
    anchors: dict[str, int] = field(default_factory=dict)
    blocks: list[tuple[int, str, dt.datetime]] = field(default_factory=list)


def check(path: Path, *, head: str | None = None, server_key: str | None = None) -> Report:
    """Check an export. Raises Broken with the first place that does not hold.

    ``head`` is the chain hash that the last bundle must have, ``server_key`` the server's public
    key as known from elsewhere.
    """
    try:
        with zipfile.ZipFile(path) as opened:
            return _Check(opened).run(head, server_key)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise Broken(path.name, f"is no ZIP archive, or a damaged one ({error})") from error
    except OSError as error:
        raise Broken(path.name, f"cannot be read ({error.strerror})") from error


class _Check:
    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._zip = opened
        # How often each is there.
        self._names = Counter(opened.namelist())

    def run(self, head: str | None, server_key: str | None) -> Report:
        manifest = self._manifest(server_key)
        with _shaped(archives.MANIFEST):
            members: dict[str, str] = dict(manifest["members"])
            chain = manifest["chain"]
            report = Report(
                site=str(manifest["site"]["site_id"]),
                first=int(chain["first_position"]),
                last=int(chain["last_position"]),
                head=str(chain["last_hash"]),
            )
            site_id = UUID(manifest["site"]["id"])
            before = str(chain["previous_hash"])
        self._members(members)
        roots = self._anchors(report)
        with _shaped(archives.KEYS):
            keys = {str(key["public_key"]) for key in self._json(archives.KEYS)}
        last = self._chain(report, site_id, before, keys, roots)
        if last != report.head:
            raise Broken(archives.MANIFEST, "names another last hash than the last bundle has")
        if head is not None and last != head:
            raise Broken(
                archives.link_name(report.last),
                f"is the last bundle here, with the hash {last}, and not the head you know: "
                "bundles behind it are missing",
            )
        return report

    def _manifest(self, server_key: str | None) -> Any:
        """Return the manifest once its signature holds."""
        twice = [name for name, count in self._names.items() if count > 1]
        if twice:
            raise Broken(min(twice), "is there twice")
        text = self._read(archives.MANIFEST)
        seal = self._read(archives.SIGNATURE).decode("ascii", "replace")
        own_key = self._read(archives.SERVER_KEY)
        text_of_key = own_key.decode("ascii", "replace")
        key = text_of_key.strip() if _KEY.fullmatch(text_of_key) else ""
        if server_key is not None and key != server_key:
            raise Broken(archives.SERVER_KEY, "is not the server's key that you know")
        if not _SEAL.fullmatch(seal) or not signatures.hold(key, seal.strip(), text):
            raise Broken(*_culprit(text, own_key))
        with _shaped(archives.MANIFEST):
            manifest = json.loads(text)
            if manifest["format"] != archives.FORMAT:
                raise Broken(archives.MANIFEST, "is of a format that this release does not know")
        return manifest

    def _members(self, members: dict[str, str]) -> None:
        """Check that there is what the manifest names, unchanged, and nothing else."""
        for name, hash in members.items():
            if hashlib.sha256(self._read(name)).hexdigest() != hash:
                raise Broken(name, "was changed: it has another hash than the manifest names")
        unknown = set(self._names) - set(members) - {archives.MANIFEST, archives.SIGNATURE}
        if unknown:
            raise Broken(min(unknown), "is not in the manifest: it was put in later")

    def _chain(
        self, report: Report, site_id: UUID, before: str, keys: set[str], roots: dict[str, bytes]
    ) -> str:
        if report.first == 1 and before != evidence.GENESIS:
            raise Broken(archives.link_name(1), "is said to follow another bundle")
        for position in range(report.first, report.last + 1):
            name = archives.link_name(position)
            with _shaped(name):
                found = self._json(name)
                link = _link(found, site_id)
                anchor, path = found["anchor"], list(found["path"] or ())
            text = self._read(archives.text_name(position))
            if link.position != position:
                raise Broken(name, f"stands for position {link.position}")
            _hold(name, link, text, before, keys)
            before = evidence.chain_hash(link)
            if found["chain_hash"] != before:
                raise Broken(name, "has another chain_hash than its content")
            if anchor is not None:
                _lead(name, before, path, roots.get(str(anchor)))
            report.bundles += 1
        return before

    def _anchors(self, report: Report) -> dict[str, bytes]:
        """Check every batch's timestamp as far as it goes; return the roots."""
        roots = {}
        with _shaped(archives.ANCHORS):
            listed = [
                (str(each["id"]), str(each["state"]), each["block_height"])
                for each in self._json(archives.ANCHORS)
            ]
        for id, state, height in listed:
            roots[id] = self._read(archives.root_name(id))
            report.anchors[state] = report.anchors.get(state, 0) + 1
            if archives.proof_name(id) in self._names:
                self._proof(report, id, state, height, roots[id])
            elif state in {"anchored", "verified"}:
                raise Broken(archives.proof_name(id), "is missing")
        return roots

    def _proof(self, report: Report, id: str, state: str, height: int | None, root: bytes) -> None:
        name = archives.proof_name(id)
        try:
            proof = Proof.read(self._read(name))
            if proof.digest != evidence.stamped_digest(root):
                raise Broken(name, "is the proof of something else than the root")
            claims = [claim for claim in proof.attested() if claim.height == height]
            if state in {"anchored", "verified"} and not claims:
                raise Broken(name, f"does not lead to block {height}")
            if state != "verified" or height is None:
                return
            header = self._read(archives.header_name(height))
            times = [timestamps.block_time(claim, header) for claim in claims]
        except DamagedProof as error:
            raise Broken(name, f"cannot be read ({error})") from error
        time = next((each for each in times if each is not None), None)
        if time is None:
            raise Broken(name, f"does not lead to the merkle root of block {height}")
        block = (height, timestamps.block_hash(header), time)
        if block not in report.blocks:
            report.blocks.append(block)

    def _read(self, name: str) -> bytes:
        try:
            info = self._zip.getinfo(name)
        except KeyError as error:
            raise Broken(name, "is missing") from error
        if info.file_size > _MOST_MEMBER_BYTES:
            raise Broken(name, "is larger than any real member")
        try:
            with self._zip.open(info) as member:
                data = member.read(_MOST_MEMBER_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise Broken(name, f"is damaged ({error})") from error
        except RuntimeError as error:
            raise Broken(name, "is encrypted") from error
        return data

    def _json(self, name: str) -> Any:
        return json.loads(self._read(name))


def _culprit(text: bytes, own_key: bytes) -> tuple[str, str]:
    """Say which of the three was changed, when the manifest's signature does not hold."""
    try:
        hash = json.loads(text)["members"][archives.SERVER_KEY]
    except (ValueError, KeyError, TypeError, RecursionError):
        hash = None
    if hash is not None and hash != hashlib.sha256(own_key).hexdigest():
        return archives.SERVER_KEY, "was changed: it has another hash than the manifest names"
    return archives.MANIFEST, f"was changed, or {archives.SIGNATURE}: the signature does not hold"


def _link(found: Any, site_id: UUID) -> Link:
    return Link(
        site_id=site_id,
        position=int(found["position"]),
        previous_hash=str(found["previous_hash"]),
        bundle_id=str(found["bundle_id"]),
        bundle_hash=str(found["bundle_hash"]),
        public_key=str(found["public_key"]),
        signature=str(found["signature"]),
        received_at=dt.datetime.fromisoformat(found["received_at"]),
    )


def _hold(name: str, link: Link, text: bytes, before: str, keys: set[str]) -> None:
    """Raise Broken unless a bundle holds behind the one before it."""
    if link.previous_hash != before:
        raise Broken(name, "does not follow the bundle before it")
    if evidence.bundle_hash(text) != link.bundle_hash:
        raise Broken(name, "has another bundle_hash than the text beside it")
    if link.public_key not in keys:
        raise Broken(name, f"is signed by a key that {archives.KEYS} does not list")
    if not signatures.hold(link.public_key, link.signature, text):
        raise Broken(name, "has a signature that does not hold")


def _lead(name: str, chain_hash: str, path: list[str], root: bytes | None) -> None:
    """Raise Broken unless a bundle's path leads to the root of its batch."""
    if root is None:
        raise Broken(name, f"names a batch that {archives.ANCHORS} does not list")
    with _shaped(name):
        if evidence.root_of(chain_hash, path) != root:
            raise Broken(name, "has a path that does not lead to the root of its batch")


@contextlib.contextmanager
def _shaped(name: str) -> Iterator[None]:
    """Say of a member that it is not what its format asks for."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Broken(name, f"is not of this format ({error})") from error
