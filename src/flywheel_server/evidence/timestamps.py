"""OpenTimestamps proofs, read and written by the maintained library alone; no network, no clock.

A proof says which operations lead from a digest to a Bitcoin block's merkle root, or which calendar
still owes that answer. A missing library ends the start of the server, never a proof (F54).
"""

import datetime as dt
from dataclasses import dataclass

from bitcoin.core import CBlockHeader, SerializationError  # type: ignore[import-untyped]
from opentimestamps.calendar import (  # type: ignore[import-untyped]
    DEFAULT_CALENDAR_WHITELIST,
)
from opentimestamps.core.notary import (  # type: ignore[import-untyped]
    BitcoinBlockHeaderAttestation,
    PendingAttestation,
    VerificationError,
)
from opentimestamps.core.op import OpSHA256  # type: ignore[import-untyped]
from opentimestamps.core.serialize import (  # type: ignore[import-untyped]
    BytesDeserializationContext,
    BytesSerializationContext,
    DeserializationError,
)
from opentimestamps.core.timestamp import (  # type: ignore[import-untyped]
    DetachedTimestampFile,
    Timestamp,
)

HEADER_BYTES = 80
# What a calendar may answer with; proofs of many upgrades stay far below.
MOST_ANSWER_BYTES = 10_000
MOST_PROOF_BYTES = 256 * 1024
_DIGEST_BYTES = 32
# Bitcoin will need forty thousand years for that; a claim beyond it is nonsense.
_HIGHEST_BLOCK = 2**31


class DamagedProof(Exception):
    """The bytes are no proof that this release understands, or a proof of something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What a calendar still owes: the block for a commitment."""

    calendar: str
    commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """A claim that a Bitcoin block holds what a proof leads to."""

    height: int
    merkle_root: bytes


class Proof:
    """A timestamp of one digest, as it is kept in an ``.ots`` file."""

    def __init__(self, stamp: Timestamp) -> None:
        self._stamp = stamp

    @classmethod
    def of(cls, digest: bytes) -> "Proof":
        """Return the proof of a SHA-256 digest that proves nothing yet."""
        return cls(Timestamp(digest))

    @classmethod
    def read(cls, data: bytes) -> "Proof":
        """Read an ``.ots`` file. Raises DamagedProof."""
        if len(data) > MOST_PROOF_BYTES:
            raise DamagedProof("the proof is larger than any real one")
        try:
            file = DetachedTimestampFile.deserialize(BytesDeserializationContext(data))
        except (DeserializationError, ValueError, RecursionError, MemoryError) as error:
            raise DamagedProof(str(error)) from error
        if not isinstance(file.file_hash_op, OpSHA256):
            raise DamagedProof("the proof is not of a SHA-256 digest")
        return cls(file.timestamp)

    @property
    def digest(self) -> bytes:
        """Return what the proof is of."""
        return bytes(self._stamp.msg)

    def write(self) -> bytes:
        """Return the ``.ots`` file."""
        context = BytesSerializationContext()
        DetachedTimestampFile(OpSHA256(), self._stamp).serialize(context)
        return bytes(context.getbytes())

    def add(self, commitment: bytes, answer: bytes) -> None:
        """Take a calendar's answer for a commitment in. Raises DamagedProof, and is then as before.

        The commitment is the digest itself, or what an ``Owed`` names.
        """
        if len(answer) > MOST_ANSWER_BYTES:
            raise DamagedProof("the calendar's answer is too long")
        try:
            context = BytesDeserializationContext(answer)
            found = Timestamp.deserialize(context, commitment)
            context.assert_eof()
        except (DeserializationError, ValueError, RecursionError, MemoryError) as error:
            raise DamagedProof(str(error)) from error
        place = self._place(self._stamp, commitment)
        if place is None:
            raise DamagedProof("the calendar answered for another commitment")
        place.merge(found)

    def owed(self) -> list[Owed]:
        """Return what calendars still owe, each commitment once for each calendar."""
        found = {
            (attestation.uri, bytes(commitment))
            for commitment, attestation in self._stamp.all_attestations()
            if isinstance(attestation, PendingAttestation)
        }
        return [Owed(calendar=uri, commitment=commitment) for uri, commitment in sorted(found)]

    def attested(self) -> list[Attested]:
        """Return the Bitcoin blocks that the proof leads to, the earliest first."""
        found = {
            (attestation.height, bytes(root))
            for root, attestation in self._stamp.all_attestations()
            if isinstance(attestation, BitcoinBlockHeaderAttestation)
            and attestation.height < _HIGHEST_BLOCK
        }
        return [Attested(height=height, merkle_root=root) for height, root in sorted(found)]

    def _place(self, stamp: Timestamp, commitment: bytes) -> Timestamp | None:
        if bytes(stamp.msg) == commitment:
            return stamp
        for after in stamp.ops.values():
            place = self._place(after, commitment)
            if place is not None:
                return place
        return None


def block_time(claim: Attested, header: bytes) -> dt.datetime | None:
    """Return the time of the block with this header, or None when it is not the one claimed.

    Raises DamagedProof for bytes that are no block header.
    """
    if len(header) != HEADER_BYTES:
        raise DamagedProof(f"a block header has {HEADER_BYTES} bytes")
    try:
        block = CBlockHeader.deserialize(header)
        seconds = BitcoinBlockHeaderAttestation(claim.height).verify_against_blockheader(
            claim.merkle_root, block
        )
    except VerificationError:
        return None
    except SerializationError as error:
        raise DamagedProof(str(error)) from error
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC)


def block_hash(header: bytes) -> str:
    """Return a block's hash as explorers write it."""
    return bytes(reversed(CBlockHeader.deserialize(header).GetHash())).hex()


def well_known(calendar: str) -> bool:
    """Say whether the library knows a calendar by its address, so that it may be asked."""
    return calendar in DEFAULT_CALENDAR_WHITELIST


def probe() -> None:
    """Raise unless the library reads back what it writes."""
    proof = Proof.of(bytes(_DIGEST_BYTES))
    proof.add(proof.digest, _answer_of("https://calendar.example"))
    if Proof.read(proof.write()).owed() != proof.owed():
        raise DamagedProof("the OpenTimestamps library does not read what it writes")


def _answer_of(calendar: str) -> bytes:
    stamp = Timestamp(bytes(_DIGEST_BYTES))
    stamp.attestations.add(PendingAttestation(calendar))
    context = BytesSerializationContext()
    stamp.serialize(context)
    return bytes(context.getbytes())
