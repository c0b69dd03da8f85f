"""Which key an appliance signs evidence with: its first at once, another once it is vouched for.

A key that waits stops nothing but evidence signed by it: check-ins go on as they are.
"""

import datetime as dt
from uuid import UUID

from flywheel_server import errors, log, signatures
from flywheel_server.actions import audit
from flywheel_server.db import Connection
from flywheel_server.domain import evidence as domain
from flywheel_server.domain.scope import ApplianceScope, OperatorScope
from flywheel_server.store import accounts, appliances
from flywheel_server.store import evidence_keys as store
from flywheel_server.store.evidence_keys import EvidenceKey

_log = log.get(__name__)

# More than any appliance ever shows: one that makes a new key each minute shall not fill the table.
MOST_KEYS = 50
_BY_THE_OLD_ONE = "a signature by the key before it"


async def see(
    connection: Connection,
    site_id: UUID,
    appliance_id: UUID,
    public_key: str | None,
    now: dt.datetime,
) -> None:
    """Keep the key that an appliance shows at check-in; the caller holds the site's lock."""
    if public_key is None:
        return
    state = await store.see(connection, site_id, appliance_id, public_key, now, MOST_KEYS)
    if state == "waiting":
        _log.warning("an appliance shows another evidence key", appliance=str(appliance_id))


async def endorse(
    connection: Connection, scope: ApplianceScope, new_key: str, signature: str, now: dt.datetime
) -> EvidenceKey:
    """Let an appliance's old key vouch for its new one; return the new one.

    Raises NotFound for a key that no appliance has shown, BadSignature without a good signature.
    """
    keys = await store.of_site(connection, scope.site_id, appliance_id=scope.appliance_id)
    shown = [key for key in keys if key.public_key == new_key]
    if not shown:
        raise errors.NotFound(
            "No appliance of this site has shown this key: check in with it first."
        )
    text = domain.key_statement(scope.site_slug, new_key)
    for key in shown:
        if key.state == "active":
            return key
        for old in keys:
            vouches = old.appliance_id == key.appliance_id and old.state == "active"
            if vouches and signatures.hold(old.public_key, signature, text):
                return await _activate(connection, key, now, _BY_THE_OLD_ONE)
    raise errors.BadSignature(
        "The appliance's present key did not sign this: sign "
        f"`{text.decode()}` with it, or ask an operator to approve the new key."
    )


async def approve(
    connection: Connection, scope: OperatorScope, id: UUID, reason: str, now: dt.datetime
) -> EvidenceKey:
    """Have an appliance sign with this key from now on, and no longer with the one before it.

    Raises NotFound, or Conflict for a key that waits for nothing.
    """
    key = await _waiting(connection, id)
    approved = await _activate(connection, key, now, scope.actor_name)
    await _record(connection, scope, "evidence_key.approve", approved, reason, now)
    return approved


async def refuse(
    connection: Connection, scope: OperatorScope, id: UUID, reason: str, now: dt.datetime
) -> EvidenceKey:
    """Have a key never count. Raises NotFound, or Conflict for a key that waits for nothing."""
    key = await _waiting(connection, id)
    await store.decide(connection, key.site_id, key.id, "refused", now, scope.actor_name)
    refused = await _found(connection, id)
    await _record(connection, scope, "evidence_key.refuse", refused, reason, now)
    return refused


async def _activate(
    connection: Connection, key: EvidenceKey, now: dt.datetime, by: str
) -> EvidenceKey:
    # As check-ins do: two keys of one appliance never become its present one at once.
    await appliances.lock_site(connection, key.site_id)
    await store.retire(connection, key.site_id, key.appliance_id, now, by)
    await store.decide(connection, key.site_id, key.id, "active", now, by)
    return await _found(connection, key.id)


async def _waiting(connection: Connection, id: UUID) -> EvidenceKey:
    key = await _found(connection, id)
    if key.state != "waiting":
        raise errors.Conflict(
            f"The key is {key.state}: only one that waits is approved or refused. Read it again.",
            state=key.state,
        )
    return key


async def _found(connection: Connection, id: UUID) -> EvidenceKey:
    key = await store.lock(connection, id)
    if key is None:
        raise errors.NotFound("No evidence key has this id: see GET /api/admin/evidence/keys.")
    return key


async def _record(
    connection: Connection,
    scope: OperatorScope,
    action: str,
    key: EvidenceKey,
    reason: str,
    now: dt.datetime,
) -> None:
    site = await accounts.find_site(connection, str(key.site_id))
    await audit.record(
        connection,
        scope,
        action,
        object_kind="evidence_key",
        object_id=str(key.id),
        now=now,
        before={"state": "waiting"},
        after={"state": key.state, "public_key": key.public_key, "reason": reason},
        partner_id=None if site is None else site.partner_id,
        organization_id=None if site is None else site.organization_id,
        site_id=key.site_id,
    )
