"""Evidence: what was signed, how bundles are chained, and the tree that leads to a timestamp.

The signed text is kept byte for byte; whatever is read out of it is read from a copy. An auditor
repeats everything here with a few lines of code: the README of an export says how.
"""

import datetime as dt
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from flywheel_server.core import errors, free_text

AnchorState = Literal["local", "pending", "anchored", "verified", "failed"]

GENESIS = "0" * 64
MOST_BYTES = 4 * 1024 * 1024
MOST_CHECKS = 10_000
# Beyond this a timestamp that is still waiting for its block is an alarm.
LATE_AFTER = dt.timedelta(hours=48)
SIGNED_FIELDS = ("site_id", "checked_at", "checks", "summary")
_SIGNATURE = re.compile("[0-9a-f]{128}")
_MOST_STATUSES = 20
_MOST_STATUS_LENGTH = 50
_SOONEST = dt.timedelta(minutes=1)
_LATEST = dt.timedelta(hours=1)
_MOST_DOUBLINGS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One bundle's place in its site's chain: everything that its chain hash covers."""

    site_id: UUID
    position: int
    previous_hash: str
    bundle_id: str
    bundle_hash: str
    public_key: str
    signature: str
    received_at: dt.datetime


def parse(text: str) -> Any:
    """Return a JSON value that everyone reads alike. Raises Malformed.

    A member given twice is refused: one reader could take the one thing for signed and another
    reader the other. NaN and infinities say nothing, as null does.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_members, parse_constant=lambda _: None, parse_float=_figure
        )
    except (ValueError, RecursionError) as error:
        raise errors.Malformed(
            "The body, or `signed_data` in it, is not a JSON document that everyone reads alike: "
            "send each member once."
        ) from error


def canonical(value: object) -> str:
    """Return a text that is equal for equal JSON values, however they were written."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def differing(signed: object, body: Mapping[str, Any]) -> list[str]:
    """Return which members of a body say something else than the signed text."""
    if not isinstance(signed, dict):
        return ["signed_data"]
    return [
        name for name in SIGNED_FIELDS if canonical(signed.get(name)) != canonical(body.get(name))
    ]


def results(checks: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many checks had each status; odd ones count together, as ``other``."""
    counted: dict[str, int] = {}
    for check in checks:
        status = check.get("status")
        known = (
            isinstance(status, str)
            and 0 < len(status) <= _MOST_STATUS_LENGTH
            and free_text.fit(status)
        )
        name = str(status) if known else "other"
        if name not in counted and len(counted) >= _MOST_STATUSES:
            name = "other"
        counted[name] = counted.get(name, 0) + 1
    return counted


def is_signature(text: str) -> bool:
    """Say whether a text has the form of a signature, whatever it signs."""
    return _SIGNATURE.fullmatch(text) is not None


def bundle_hash(signed_data: bytes) -> str:
    """Return the SHA-256 of the signed text, in hex."""
    return hashlib.sha256(signed_data).hexdigest()


def bundle_id(site_id: UUID, public_key: str, hash: str) -> str:
    """Return the id of a bundle that its appliance gave none: the same for the same bundle."""
    return hashlib.sha256(f"{site_id}:{public_key}:{hash}".encode()).hexdigest()[:32]


def chain_hash(link: Link) -> str:
    """Return the SHA-256 over a link and the one before it, in hex."""
    text = "\n".join(
        (
            "flywheel-evidence-v1",
            link.previous_hash,
            str(link.site_id),
            str(link.position),
            link.bundle_id,
            link.bundle_hash,
            link.public_key,
            link.signature,
            moment(link.received_at),
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()


def moment(when: dt.datetime) -> str:
    """Return a moment as the chain writes it: UTC, with microseconds."""
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def key_statement(site_slug: str, public_key: str) -> bytes:
    """Return what an appliance signs with its old key to bring in a new one."""
    return f"flywheel-evidence-key-v1:{site_slug}:{public_key}".encode()


def merkle_tree(chain_hashes: Sequence[str]) -> tuple[bytes, list[list[str]]]:
    """Return the root over these chain hashes, and for each the path that leads there.

    A step of a path is ``L:hex`` or ``R:hex``: the neighbour and the side on which it stands. A
    node without a neighbour moves up as it is. Leaves and nodes are hashed apart, so that neither
    can be taken for the other.
    """
    if not chain_hashes:
        raise ValueError("a tree has at least one leaf")
    level = [_leaf(each) for each in chain_hashes]
    paths: list[list[str]] = [[] for _ in level]
    under = [[index] for index in range(len(level))]
    while len(level) > 1:
        pairs = range(0, len(level) - 1, 2)
        for left in pairs:
            for index in under[left]:
                paths[index].append(f"R:{level[left + 1].hex()}")
            for index in under[left + 1]:
                paths[index].append(f"L:{level[left].hex()}")
        odd = len(level) % 2
        under = [under[left] + under[left + 1] for left in pairs] + under[len(level) - odd :]
        level = [_node(level[left], level[left + 1]) for left in pairs] + level[len(level) - odd :]
    return level[0], paths


def root_of(chain_hash: str, path: Sequence[str]) -> bytes:
    """Return where a path leads. Raises ValueError for one that is none."""
    node = _leaf(chain_hash)
    for step in path:
        side, _, text = step.partition(":")
        other = bytes.fromhex(text)
        if side not in {"L", "R"} or len(other) != hashlib.sha256().digest_size:
            raise ValueError("a path goes left or right, by a hash")
        node = _node(other, node) if side == "L" else _node(node, other)
    return node


def stamped_digest(root: bytes) -> bytes:
    """Return what the calendars get of a root: the digest of the file that holds it."""
    return hashlib.sha256(root).digest()


def wait(attempts: int) -> dt.timedelta:
    """Return how long to leave a timestamp alone after so many attempts."""
    return min(_SOONEST * (1 << min(attempts, _MOST_DOUBLINGS)), _LATEST)


def _leaf(chain_hash: str) -> bytes:
    return hashlib.sha256(b"\x00" + bytes.fromhex(chain_hash)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _figure(text: str) -> float | None:
    figure = float(text)
    return figure if math.isfinite(figure) else None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is given twice")
    return found


def _plain(value: object) -> object:
    """Return a value with whole numbers written as such: 1.0 and 1 say the same, true does not."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
