"""Makes and changes partners, organizations, sites and operators, each with its audit entry."""

import datetime as dt
from uuid import UUID

from flywheel_server.accounts.store import accounts, keys, one_time_links, people, sessions
from flywheel_server.core import audit, errors, listener
from flywheel_server.core.db import Connection, announce
from flywheel_server.core.scope import OperatorRole, OperatorScope


async def create_partner(
    connection: Connection, actor: OperatorScope, name: str, now: dt.datetime
) -> accounts.Partner:
    """Add a partner."""
    partner = await accounts.insert_partner(connection, name, now)
    await audit.record(
        connection,
        actor,
        "partner.create",
        object_kind="partner",
        object_id=str(partner.id),
        now=now,
        after={"name": name},
        partner_id=partner.id,
    )
    return partner


async def create_organization(
    connection: Connection, actor: OperatorScope, partner_id: UUID, name: str, now: dt.datetime
) -> accounts.Organization:
    """Add an organization to a partner. Raises NotFound for an unknown partner."""
    organization = await accounts.insert_organization(connection, partner_id, name, now)
    await audit.record(
        connection,
        actor,
        "organization.create",
        object_kind="organization",
        object_id=str(organization.id),
        now=now,
        after={"name": name, "contributes": organization.contributes},
        partner_id=partner_id,
        organization_id=organization.id,
    )
    return organization


async def change_organization(
    connection: Connection,
    actor: OperatorScope,
    organization_id: UUID,
    *,
    name: str | None,
    contributes: bool | None,
    now: dt.datetime,
) -> accounts.Organization:
    """Rename an organization or have it contribute or not; None leaves a value as it is.

    From the loop's next turn an opted-out organization's counts leave the platform's aggregates.
    Raises NotFound for an unknown organization.
    """
    before = await accounts.lock_organization(connection, organization_id)
    if before is None:
        raise errors.NotFound("No organization has this id: see GET /api/admin/organizations.")
    after = await accounts.update_organization(
        connection,
        organization_id,
        before.name if name is None else name,
        before.contributes if contributes is None else contributes,
        now,
    )
    if after == before:
        return after
    await audit.record(
        connection,
        actor,
        "organization.change",
        object_kind="organization",
        object_id=str(organization_id),
        now=now,
        before={"name": before.name, "contributes": before.contributes},
        after={"name": after.name, "contributes": after.contributes},
        partner_id=after.partner_id,
        organization_id=organization_id,
    )
    return after


async def create_site(
    connection: Connection,
    actor: OperatorScope,
    *,
    organization_id: UUID,
    slug: str,
    name: str,
    healing_tier: accounts.HealingTier,
    now: dt.datetime,
) -> accounts.Site:
    """Add a site to an organization; ``slug`` is what its appliances call site_id.

    Raises AlreadyExists for a slug in use, NotFound for an unknown organization, InvalidInput for
    a slug that could be taken for an id.
    """
    if accounts.as_uuid(slug) is not None:
        raise errors.InvalidInput("A `site_id` in the form of a UUID would be taken for an id.")
    site = await accounts.insert_site(
        connection,
        organization_id=organization_id,
        slug=slug,
        name=name,
        healing_tier=healing_tier,
        now=now,
    )
    await audit.record(
        connection,
        actor,
        "site.create",
        object_kind="site",
        object_id=str(site.id),
        now=now,
        after={"site_id": slug, "name": name, "healing_tier": healing_tier},
        partner_id=site.partner_id,
        organization_id=site.organization_id,
        site_id=site.id,
    )
    return site


async def create_operator(
    connection: Connection, actor: OperatorScope, email: str, role: OperatorRole, now: dt.datetime
) -> accounts.Operator:
    """Add an operator with an account. Raises AlreadyExists for an e-mail address in use."""
    operator = await accounts.insert_operator(connection, email, role, now)
    await people.insert(connection, email=email, operator_id=operator.id, role=None, now=now)
    await audit.record(
        connection,
        actor,
        "operator.create",
        object_kind="operator",
        object_id=str(operator.id),
        now=now,
        after={"email": email, "role": role},
    )
    return operator


async def disable_operator(
    connection: Connection, actor: OperatorScope, email: str, now: dt.datetime
) -> accounts.Operator:
    """Stop an operator with their sessions, links and tokens at once; again changes nothing.

    Raises NotFound for an unknown e-mail address.
    """
    operator = await find_operator(connection, email)
    if not await accounts.disable_operator(connection, operator.id, now):
        return operator
    user_id = await people.user_of_operator(connection, operator.id)
    ended = await keys.revoke_of_operator(connection, operator.id, now)
    if user_id is not None:
        await one_time_links.forget_of_user(connection, user_id)
        ended += await sessions.end_all(connection, user_id)
    for digest in ended:
        await announce(connection, listener.CREDENTIALS, digest.hex())
    await audit.record(
        connection,
        actor,
        "operator.disable",
        object_kind="operator",
        object_id=str(operator.id),
        now=now,
        before={"disabled": False},
        after={"disabled": True},
    )
    return operator


async def find_operator(connection: Connection, email: str) -> accounts.Operator:
    """Return and hold the operator with this e-mail address. Raises NotFound."""
    operator = await accounts.lock_operator(connection, email)
    if operator is None:
        raise errors.NotFound(
            f"No operator has the e-mail {email}: "
            f"`flywheel-server operator create --email {email}` makes one."
        )
    return operator
