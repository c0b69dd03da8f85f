"""Which key an appliance signs evidence with: its first at once, another once it is vouched for.

A key that waits stops nothing: check-ins go on, and evidence signed by it waits with it.
"""

import datetime as dt
from dataclasses import replace
from uuid import UUID

from flywheel_server.accounts.store.accounts import Site
from flywheel_server.core import audit, errors, signatures
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope, LoopScope, OperatorScope, PartnerScope
from flywheel_server.evidence.actions import evidence_waiting
from flywheel_server.evidence.model import evidence as domain
from flywheel_server.fleet.store import appliances, evidence_keys as store
from flywheel_server.fleet.store.evidence_keys import EvidenceKey

Person = OperatorScope | PartnerScope
# A decision lets bundles into the chain, which people only read: it runs as the loop.
SCOPE = LoopScope(reason="evidence keys: what waits for a key enters its site's chain")

_BY_THE_OLD_ONE = "a signature by the key before it"


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
        f"`{text.decode()}` with it, or have the partner or an operator approve the new key."
    )


async def approve(
    connection: Connection,
    actor: Person,
    site: Site,
    id: UUID,
    *,
    reason: str,
    appliance_id: UUID | None,
    now: dt.datetime,
) -> EvidenceKey:
    """Have an appliance sign with this key from now on, and no longer with the one before it.

    What waits for the key enters the chain now, the rest of very many with the loop's next turns.
    ``appliance_id`` says whose a key is that only bundles have shown. Raises NotFound, InvalidInput
    where it is missing, or Conflict for a key that does not wait.
    """
    key = await _waiting(connection, site, id)
    if key.appliance_id is None:
        if appliance_id is None:
            raise errors.InvalidInput(
                "No appliance has shown this key yet: say whose it is as `appliance_id`."
            )
        key = await _assigned(connection, key, appliance_id)
    approved = await _activate(connection, key, now, actor.actor_name)
    await evidence_waiting.admit(connection, site.id, key.public_key, now, evidence_waiting.AT_ONCE)
    await _record(connection, actor, site, "evidence_key.approve", approved, reason, now)
    return approved


async def refuse(
    connection: Connection, actor: Person, site: Site, id: UUID, *, reason: str, now: dt.datetime
) -> EvidenceKey:
    """Have a key never count; what waits for it is dropped, with a record.

    Raises NotFound, or Conflict for a key that does not wait.
    """
    key = await _waiting(connection, site, id)
    await store.decide(connection, key.site_id, key.id, "refused", now, actor.actor_name)
    dropped = await evidence_waiting.refuse(connection, site.id, key.public_key, now)
    refused = await _found(connection, site, id)
    await _record(
        connection, actor, site, "evidence_key.refuse", refused, reason, now, dropped=dropped
    )
    return refused


async def _assigned(connection: Connection, key: EvidenceKey, appliance_id: UUID) -> EvidenceKey:
    """Make a key an appliance's, which may have shown it meanwhile."""
    await appliances.lock_site(connection, key.site_id)
    for each in await store.of_site(connection, key.site_id, public_key=key.public_key):
        if each.appliance_id == appliance_id:
            return each
    await store.assign(connection, key.site_id, key.id, appliance_id)
    return replace(key, appliance_id=appliance_id)


async def _activate(
    connection: Connection, key: EvidenceKey, now: dt.datetime, by: str
) -> EvidenceKey:
    # As check-ins do: two keys of one appliance never become its present one at once.
    await appliances.lock_site(connection, key.site_id)
    if key.appliance_id is not None:
        await store.retire(connection, key.site_id, key.appliance_id, now, by)
    await store.decide(connection, key.site_id, key.id, "active", now, by)
    found = await store.get(connection, key.site_id, key.id)
    if found is None:
        raise LookupError("a key's row is never deleted while it is locked")
    return found


async def _waiting(connection: Connection, site: Site, id: UUID) -> EvidenceKey:
    key = await _found(connection, site, id)
    if key.state != "waiting":
        raise errors.Conflict(
            f"The key is {key.state}: only one that waits is approved or refused. Read it again.",
            state=key.state,
        )
    return key


async def _found(connection: Connection, site: Site, id: UUID) -> EvidenceKey:
    key = await store.lock(connection, site.id, id)
    if key is None:
        raise errors.NotFound("The site has no evidence key with this id: see its list of keys.")
    return key


async def _record(
    connection: Connection,
    actor: Person,
    site: Site,
    action: str,
    key: EvidenceKey,
    reason: str,
    now: dt.datetime,
    *,
    dropped: int = 0,
) -> None:
    await audit.record(
        connection,
        actor,
        action,
        object_kind="evidence_key",
        object_id=str(key.id),
        now=now,
        before={"state": "waiting"},
        after={
            "state": key.state,
            "public_key": key.public_key,
            "reason": reason,
            "dropped_bundles": dropped,
        },
        partner_id=site.partner_id,
        organization_id=site.organization_id,
        site_id=site.id,
    )
