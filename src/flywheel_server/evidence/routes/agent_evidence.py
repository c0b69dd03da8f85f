"""Evidence comes in here: signed bundles, verified before anything of them is kept.

The signed text is verified and stored byte for byte; what is read is a copy. Fail closed: without a
signature, or with one over anything else than what the body says, there is no evidence.
"""

import asyncio
import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field, ValidationError

from flywheel_server.core import clock, db, errors, free_text, moments
from flywheel_server.core.settings import Settings
from flywheel_server.evidence.actions import evidence as actions, evidence_keys
from flywheel_server.evidence.actions.evidence_chain import Submission
from flywheel_server.evidence.model import evidence as domain
from flywheel_server.fleet.actions import clock_skews
from flywheel_server.fleet.model import heal_proofs
from flywheel_server.web import access, bodies, json_bodies, traffic
from flywheel_server.web.access import Appliance, RuntimeDep
from flywheel_server.web.bodies import Name

router = APIRouter(
    prefix="/api/evidence/sites/{site_id}",
    tags=["appliances: evidence"],
    dependencies=[Depends(traffic.REPORTS)],
    strict_content_type=False,
)

SitePath = Annotated[
    str, Path(max_length=200, description="The site of the key.", examples=["site-lab-01"])
]
Key = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{64}$")]
# Strict, and longer than any other text.
_UNTOUCHED = ("signed_data", "agent_signature", "agent_public_key", "bundle_hash", "bundle_id")
# Ten thousand checks of more fields than any agent sends.
_MOST_MEMBERS = 200_000
_DIGEST = r"^[0-9A-Fa-f]{64}$"
_BUNDLE_ID = r"^[A-Za-z0-9._:-]{1,200}$"
_EXAMPLE = {
    "site_id": "site-lab-01",
    "checked_at": "2026-11-20T08:45:25Z",
    "checks": [{"check": "firewall_status", "hostname": "WS-TEST-30", "status": "pass"}],
    "summary": {"pass": 1, "fail": 0},
    "agent_public_key": "e6c20a3900a775fcfbe0f85e08abdc3057f0e60e1b0b9d12c487f0cb0ca5de47",
    "agent_signature": "8f1c…",
    "signed_data": '{"checked_at":"2026-11-20T08:45:25Z","checks":[…],…}',
}


class EvidenceBody(bodies.Body):
    """A bundle as agents send it; ``signed_data`` is the text that was signed."""

    site_id: Name | None = None
    checked_at: Name
    checks: Annotated[list[dict[str, Any]], Field(max_length=domain.MOST_CHECKS)] | None = None
    summary: dict[str, Any] | None = None
    agent_signature: Annotated[str, Field(max_length=1_000)] | None = None
    agent_public_key: Annotated[str, Field(max_length=1_000)] | None = None
    signed_data: Annotated[str, Field(max_length=domain.MOST_BYTES)] | None = None
    bundle_hash: Annotated[str, Field(pattern=_DIGEST)] | None = None
    bundle_id: Annotated[str, Field(pattern=_BUNDLE_ID)] | None = None


class Submitted(BaseModel):
    """The bundle is in the site's chain, for good; or it waits, unverified, for its key."""

    bundle_id: str = Field(description="Its id.", examples=["2c26b46b68ffc68ff99b453c1d304134"])
    chain_position: int = Field(description="Its place, from 1; 0 while it waits.", examples=[1])
    prev_hash: str = Field(description="The chain hash before it, if any.", examples=["0000…"])
    current_hash: str = Field(description="Its own chain hash, if any.", examples=["fcde…"])
    ots_status: str = Field(
        description="local, pending, anchored, verified or failed; `waiting` before the chain",
        examples=["pending"],
    )
    ots_submitted: bool = Field(description="Whether a calendar has it.", examples=[False])


class KeyBody(bodies.Body):
    """A new key, and the old one's signature over `flywheel-evidence-key-v1:{site_id}:{key}`."""

    site_id: Name | None = Field(default=None, description="The site.", examples=["site-lab-01"])
    agent_public_key: Key = Field(
        description="The new key, which a check-in has shown.", examples=["e6c2…"]
    )
    signature: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{128}$")] = Field(
        description="By the key before it.", examples=["8f1c…"]
    )


class KeyAnswer(BaseModel):
    """The key that counts from now on."""

    agent_public_key: str = Field(description="The key.", examples=["e6c2…"])
    state: str = Field(description="active", examples=["active"])


@router.post(
    "/submit",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
        }
    },
)
async def submit(
    request: Request, scope: Appliance, parts: RuntimeDep, site_id: SitePath
) -> Submitted:
    """Add a signed bundle to the site's chain. Sending it again changes nothing.

    One that is signed with a key which does not count yet waits for a person's decision on it.
    """
    access.own_site(scope, site_id)
    now = clock.now()
    # Millions of characters are read aside: check-ins do not wait for them.
    raw = await request.body()
    parts.usage.take(scope.site_id, "evidence", len(raw), now)
    body, given = await asyncio.to_thread(_read, raw, now)
    access.own_site(scope, body.site_id)
    async with db.transaction(parts.database, scope) as connection:
        bundle = await actions.submit(connection, scope, given, now)
        owner = None if isinstance(bundle, actions.Waits) else bundle.appliance_id
        await clock_skews.told(connection, scope, given.checked_at, now, owner)
    if isinstance(bundle, actions.Waits):
        hash = domain.bundle_hash(given.signed_data)
        own_id = domain.bundle_id(scope.site_id, bundle.public_key or "", hash)
        return Submitted(
            bundle_id=given.bundle_id or own_id,
            chain_position=0,
            prev_hash="",
            current_hash="",
            ots_status="waiting",
            ots_submitted=False,
        )
    return Submitted(
        bundle_id=bundle.bundle_id,
        chain_position=bundle.position,
        prev_hash=bundle.previous_hash,
        current_hash=bundle.chain_hash,
        ots_status=bundle.anchor_state or unbatched(parts.settings),
        ots_submitted=bundle.submitted_at is not None,
    )


@router.post("/keys")
async def endorse_key(
    scope: Appliance, parts: RuntimeDep, site_id: SitePath, body: KeyBody
) -> KeyAnswer:
    """Let an appliance's present key vouch for its new one; otherwise a person decides on it."""
    access.own_site(scope, site_id)
    access.own_site(scope, body.site_id)
    async with db.transaction(parts.database, scope) as connection:
        key = await evidence_keys.endorse(
            connection,
            scope,
            body.agent_public_key.lower(),
            body.signature.lower(),
            clock.now(),
        )
    return KeyAnswer(agent_public_key=key.public_key, state=key.state)


def unbatched(settings: Settings) -> domain.AnchorState:
    """Return how evidence stands that is in no batch yet."""
    return "pending" if settings.calendars else "local"


def _read(raw: bytes, now: dt.datetime) -> tuple[EvidenceBody, Submission]:
    """Read a body and hold it against its own signed text. Raises what is told to the agent."""
    if len(raw) > domain.MOST_BYTES:
        raise errors.TooLarge("A bundle has at most 4 MiB: send its checks in several bundles.")
    raw = _counted(raw)
    found = domain.parse(_decoded(raw))
    body = _checked(found)
    if not body.signed_data or not body.agent_signature:
        raise errors.BadSignature("`signed_data` and `agent_signature` are needed: sign it.")
    if len(body.signed_data) > domain.MOST_BYTES:
        raise errors.TooLarge("`signed_data` is over 4 MiB: send the checks in several bundles.")
    try:
        signed_data = body.signed_data.encode()
    except UnicodeEncodeError as error:
        raise errors.InvalidInput("`signed_data` holds a lone surrogate: remove it.") from error
    signed = domain.parse(_decoded(_counted(signed_data)))
    try:
        wrong = domain.differing(signed, found)
    except RecursionError as error:
        raise errors.InvalidInput("The evidence is nested too deeply: flatten it.") from error
    if wrong:
        raise errors.InvalidInput(
            "The signed text says something else than the body: send what was signed.",
            differing=wrong,
        )
    hash = domain.bundle_hash(signed_data)
    if body.bundle_hash is not None and body.bundle_hash.lower() != hash:
        raise errors.InvalidInput(
            "`bundle_hash` is not the SHA-256 of `signed_data`: leave it out."
        )
    checks = body.checks or []
    return body, Submission(
        signed_data=signed_data,
        signature=body.agent_signature.strip().lower(),
        public_key=(body.agent_public_key or "").strip().lower() or None,
        bundle_id=body.bundle_id,
        checked_at=_moment(body.checked_at, now),
        checks=len(checks),
        results=domain.results(found.get("checks") or []),
        looks=tuple(heal_proofs.looks(checks)),
    )


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise errors.Malformed("The body is not UTF-8: send JSON in UTF-8.") from error


def _checked(found: object) -> EvidenceBody:
    if isinstance(found, dict):
        # What is read is a copy, cleaned; what was signed is kept and compared as it is.
        whole = {name: found[name] for name in _UNTOUCHED if name in found}
        found = free_text.clean_json({**found, **dict.fromkeys(whole)}) | whole
    try:
        return EvidenceBody.model_validate(found)
    except ValidationError as error:
        raise errors.InvalidInput(
            f"Correct these and send it again: {bodies.problems(error)}"
        ) from error


def _counted(source: bytes) -> bytes:
    """Return JSON as UTF-8, its members counted. Raises Malformed and TooLarge."""
    try:
        source = json_bodies.as_utf8(source)
    except ValueError as error:
        raise errors.Malformed("The body is not text: send JSON in UTF-8.") from error
    json_bodies.check_members(source, _MOST_MEMBERS)
    return source


def _moment(text: str, now: dt.datetime) -> dt.datetime:
    try:
        moment = moments.parse(text)
    except ValueError as error:
        raise errors.InvalidInput(f"`checked_at`: {error}") from error
    # A clock that was never set says nothing.
    return moment or now
