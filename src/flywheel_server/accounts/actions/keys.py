"""Issues and revokes keys. A key's text exists only in the answer to whoever asked for it."""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.store import accounts, keys
from flywheel_server.core import audit, errors, listener
from flywheel_server.core.db import Connection, announce
from flywheel_server.core.scope import OperatorScope, PartnerScope

_RANDOM_BYTES = 32
_UNKNOWN = "The partner has no key with this id: see GET /api/partners/me/keys."


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new key: shown once, for only its digest is kept."""

    id: UUID
    key: str


async def issue_for_site(
    connection: Connection,
    actor: OperatorScope,
    site: accounts.Site,
    label: str,
    now: dt.datetime,
    *,
    appliance: str | None = None,
) -> Issued:
    """Issue a key of a site, bound to the ``appliance`` with this wire id or id where one is given.

    Raises NotFound for an appliance that the site does not have.
    """
    appliance_id = None
    if appliance is not None:
        appliance_id = await accounts.find_appliance(connection, site.id, appliance)
        if appliance_id is None:
            raise errors.NotFound("The site has no such appliance: see GET /api/admin/appliances.")
    text, digest = _make("site")
    key = await keys.insert(
        connection,
        digest=digest,
        label=label,
        now=now,
        site_id=site.id,
        appliance_id=appliance_id,
    )
    # It does not report by the site's shared keys any more.
    await announce(connection, listener.AGENTS, str(site.id))
    await audit.record(
        connection,
        actor,
        "key.issue",
        object_kind="key",
        object_id=str(key.id),
        now=now,
        after={"label": label, "site_id": site.slug, "appliance_id": appliance},
        partner_id=site.partner_id,
        organization_id=site.organization_id,
        site_id=site.id,
    )
    return Issued(id=key.id, key=text)


async def issue_for_partner(
    connection: Connection,
    actor: OperatorScope | PartnerScope,
    partner_id: UUID,
    label: str,
    now: dt.datetime,
) -> Issued:
    """Issue a partner's API key. Raises NotFound for an unknown partner."""
    if await accounts.get_partner(connection, partner_id) is None:
        raise errors.NotFound("No partner has this id: see GET /api/admin/partners.")
    text, digest = _make("partner")
    key = await keys.insert(connection, digest=digest, label=label, now=now, partner_id=partner_id)
    await audit.record(
        connection,
        actor,
        "key.issue",
        object_kind="key",
        object_id=str(key.id),
        now=now,
        after={"label": label},
        partner_id=partner_id,
    )
    return Issued(id=key.id, key=text)


async def rotate_for_partner(
    connection: Connection, actor: PartnerScope, key_id: UUID, now: dt.datetime
) -> Issued:
    """Issue a key with the label of one of the partner's, which stops at once.

    Raises NotFound for an unknown or foreign key, Conflict for a revoked one.
    """
    key = await keys.lock_of_partner(connection, actor.partner_id, key_id)
    if key is None:
        raise errors.NotFound(_UNKNOWN)
    if key.revoked_at is not None:
        raise errors.Conflict("This key is revoked: issue a new one.")
    await revoke_for_partner(connection, actor, key_id, now)
    return await issue_for_partner(connection, actor, actor.partner_id, key.label, now)


async def issue_for_operator(
    connection: Connection, actor: OperatorScope, operator: accounts.Operator, now: dt.datetime
) -> Issued:
    """Issue a bearer token of an operator. Raises Conflict for a disabled one."""
    if operator.disabled_at is not None:
        raise errors.Conflict(
            f"The operator {operator.email} is disabled: create one with another e-mail address."
        )
    text, digest = _make("operator")
    key = await keys.insert(
        connection, digest=digest, label=operator.email[:200], now=now, operator_id=operator.id
    )
    await audit.record(
        connection,
        actor,
        "key.issue",
        object_kind="key",
        object_id=str(key.id),
        now=now,
        after={"operator": operator.email},
    )
    return Issued(id=key.id, key=text)


async def revoke(
    connection: Connection, actor: OperatorScope, key_id: UUID, now: dt.datetime
) -> None:
    """Stop a key: here at once, elsewhere within ``listener.TRUST_SECONDS``; again changes nothing.

    Raises NotFound for an unknown key.
    """
    key = await keys.lock(connection, key_id)
    if key is None:
        raise errors.NotFound("No key has this id: see GET /api/admin/keys.")
    await _revoke(connection, actor, key, now)


async def revoke_for_partner(
    connection: Connection, actor: PartnerScope, key_id: UUID, now: dt.datetime
) -> None:
    """Stop one of the partner's own keys, as ``revoke`` does. Raises NotFound."""
    key = await keys.lock_of_partner(connection, actor.partner_id, key_id)
    if key is None:
        raise errors.NotFound(_UNKNOWN)
    await _revoke(connection, actor, key, now)


async def _revoke(
    connection: Connection, actor: OperatorScope | PartnerScope, key: keys.Key, now: dt.datetime
) -> None:
    digest = await keys.revoke(connection, key.id, now)
    if digest is None:
        return
    await announce(connection, listener.CREDENTIALS, digest.hex())
    if key.site_id is not None:
        await announce(connection, listener.AGENTS, str(key.site_id))
    site = None if key.site_id is None else await accounts.find_site(connection, str(key.site_id))
    await audit.record(
        connection,
        actor,
        "key.revoke",
        object_kind="key",
        object_id=str(key.id),
        now=now,
        before={"label": key.label, "revoked": False},
        after={"label": key.label, "revoked": True},
        partner_id=key.partner_id if site is None else site.partner_id,
        organization_id=None if site is None else site.organization_id,
        site_id=key.site_id,
    )


def _make(kind: str) -> tuple[str, bytes]:
    """Return a new key and its SHA-256. The prefix lets secret scanners and people know it."""
    text = f"flywheel_{kind}_{secrets.token_urlsafe(_RANDOM_BYTES)}"
    return text, hashlib.sha256(text.encode()).digest()
