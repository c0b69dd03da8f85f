"""Writes exports of evidence: a ZIP that anybody can check without this server, as a stream.

Every member is hashed in the manifest, the manifest is signed. What is written here is checked by
``archive_checks``, and by hand as the README inside says.
"""

import datetime as dt
import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

FORMAT = "flywheel-evidence-export-v1"
README = "README.md"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
SERVER_KEY = "server_key.txt"
KEYS = "keys.json"
ANCHORS = "anchors.json"


def text_name(position: int) -> str:
    """Return the member that holds a bundle's signed text, byte for byte."""
    return f"bundles/{position:010d}.signed"


def link_name(position: int) -> str:
    """Return the member that holds a bundle's place in the chain and in its batch."""
    return f"bundles/{position:010d}.json"


def root_name(anchor_id: str) -> str:
    """Return the member that holds the root of a batch: 32 bytes, the file that is timestamped."""
    return f"anchors/{anchor_id}.root"


def proof_name(anchor_id: str) -> str:
    """Return the member that holds the OpenTimestamps proof of a root."""
    return f"anchors/{anchor_id}.root.ots"


def header_name(height: int) -> str:
    """Return the member that holds a Bitcoin block's header: 80 bytes."""
    return f"bitcoin/{height}.header"


def as_json(value: object) -> bytes:
    """Return a member's JSON: sorted, readable, one way to write it."""
    return (json.dumps(value, sort_keys=True, indent=1) + "\n").encode()


class _Sink:
    """What a ZIP is written into; it is read off while the ZIP grows."""

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, data: bytes, /) -> int:
        self.written += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def close(self) -> None:
        """Do nothing: what was written is still to be taken."""


@dataclass(slots=True, kw_only=True)
class Archive:
    """An export on its way: add members, take the bytes that are ready, close it."""

    made_at: dt.datetime
    _sink: _Sink = field(default_factory=_Sink)
    _members: dict[str, str] = field(default_factory=dict)
    _zip: zipfile.ZipFile = field(init=False)

    def __post_init__(self) -> None:
        """Open the ZIP."""
        self._zip = zipfile.ZipFile(self._sink, "w")

    def add(self, name: str, data: bytes) -> None:
        """Write a member; one that is there already stays as it is."""
        if name in self._members:
            return
        self._members[name] = hashlib.sha256(data).hexdigest()
        self._write(name, data)

    def close(self, manifest: Mapping[str, object], sign: Callable[[bytes], str]) -> None:
        """Write the manifest over every member, and its signature."""
        text = as_json({"format": FORMAT, "members": self._members, **manifest})
        self._write(MANIFEST, text)
        self._write(SIGNATURE, f"{sign(text)}\n".encode())
        self._zip.close()

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        data = bytes(self._sink.written)
        self._sink.written.clear()
        return data

    def _write(self, name: str, data: bytes) -> None:
        info = zipfile.ZipInfo(name, self.made_at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        self._zip.writestr(info, data)


README_TEXT = f"""# Evidence export

This archive holds compliance evidence as the appliances of one site signed it, and what proves that
nothing was changed, left out or put in later. `flywheel-server verify-evidence FILE.zip` checks all
of it without a network or a database; this page says how to do it by hand.

## What is inside

| member | what it is |
|---|---|
| `{MANIFEST}` | the span, the site, the ends of the chain, and the SHA-256 of every other member |
| `{SIGNATURE}` | Ed25519 signature over the bytes of the manifest, in hex, by the server's key |
| `{SERVER_KEY}` | the server's public key; compare it with the one that the operator published |
| `{KEYS}` | the public keys of the site's appliances |
| `bundles/N.signed` | the text of bundle N, exactly as it was signed |
| `bundles/N.json` | its signature, its place in the chain, and its path to the root of its batch |
| `{ANCHORS}` | the batches, and how far the timestamp of each is |
| `anchors/ID.root` | the Merkle root of a batch, 32 bytes |
| `anchors/ID.root.ots` | the OpenTimestamps proof of that file |
| `bitcoin/HEIGHT.header` | the header of the Bitcoin block in which a proof ends, 80 bytes |

## How to check it

1. The signature over `{MANIFEST}` holds for the server's key, and every member has the SHA-256 that
   the manifest names. No member is missing, none is more.
2. For every bundle, in the order of `position`, without a gap:
   - `bundle_hash` is the SHA-256 of the `.signed` member;
   - `signature` is an Ed25519 signature over that member by `public_key`, which `{KEYS}` lists;
   - `previous_hash` is the `chain_hash` of the bundle before it, 64 zeros for position 1;
   - `chain_hash` is the SHA-256 of these lines, joined by a line feed, without one at the end:
     `flywheel-evidence-v1`, previous_hash, site_id, position, bundle_id, bundle_hash, public_key,
     signature, received_at (UTC, like 2026-02-24T10:00:00.000000Z).
3. The last `chain_hash` is the head that the operator, or an earlier export, told you. Only a head
   from elsewhere shows that bundles at the very end are missing: give it with `--head`.
4. For a bundle with an `anchor`: begin with SHA-256 of a zero byte and the 32 bytes of its
   chain_hash. For each step of `path`, take the SHA-256 of a one byte, the left and the right
   neighbour; `L:` means that the neighbour given stands on the left. The end is the batch's root.
5. `ots verify anchors/ID.root.ots` checks a timestamp with any OpenTimestamps client. By hand: the
   operations of the proof lead from the SHA-256 of the root file to the merkle root of the block,
   bytes 36 to 67 of its header; bytes 68 to 71 are its time. Compare the header with a Bitcoin node
   that you trust: it is the one thing here that this archive cannot prove by itself.

A batch that is `pending` waits for its block, one that is `local` was never sent anywhere: the
chain and the signatures hold all the same, but nobody else vouches for the time.
"""
