"""Changes what people set for a site, an appliance or an organization: the desired values.

What appliances run is what they report; a setting is pending until then.
"""

import datetime as dt
from dataclasses import replace
from uuid import UUID

from flywheel_server.accounts.store.accounts import HealingTier, Site
from flywheel_server.core import audit, errors, listener
from flywheel_server.core.db import Connection, announce
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope
from flywheel_server.fleet.model.appliances import L2Mode
from flywheel_server.fleet.store import site_settings as stored
from flywheel_server.fleet.store.site_settings import Mode, Sharing
from flywheel_server.folds import due


async def change_site(
    connection: Connection,
    actor: OperatorScope,
    site: Site,
    *,
    name: str | None,
    healing_tier: HealingTier | None,
    now: dt.datetime,
) -> Site:
    """Rename a site or give it another healing tier, and return it; None leaves a value as is."""
    before = await stored.lock_site(connection, site.id)
    if before is None:
        raise errors.NotFound("No site has this id: see GET /api/admin/sites.")
    after_name = before.name if name is None else name
    after_tier = before.healing_tier if healing_tier is None else healing_tier
    after = replace(site, name=after_name, healing_tier=after_tier)
    if (after_name, after_tier) == (before.name, before.healing_tier):
        return after
    await stored.set_site(connection, site.id, after_name, after_tier)
    if after_tier != before.healing_tier:
        # Other built-in rules reach it, and may cover what was a candidate.
        await due.mark_site_due(connection, site.id)
        await announce(connection, listener.RULES, f"site:{site.id}")
    await audit.record(
        connection,
        actor,
        "site.change",
        object_kind="site",
        object_id=str(site.id),
        now=now,
        before={"name": before.name, "healing_tier": before.healing_tier},
        after={"name": after_name, "healing_tier": after_tier},
        partner_id=before.partner_id,
        organization_id=before.organization_id,
        site_id=site.id,
    )
    return after


async def set_l2_mode(
    connection: Connection,
    actor: OperatorScope | PartnerScope,
    site: Site,
    appliance_id: UUID,
    mode: L2Mode,
    now: dt.datetime,
) -> Mode:
    """Set what an appliance should do on an L1 miss; its next check-in tells it."""
    before = await stored.lock_mode(connection, site.id, appliance_id)
    if before is None:
        raise errors.NotFound("This site has no such appliance: see the site's list of appliances.")
    if before.desired_l2_mode == mode:
        return before
    await stored.set_mode(connection, site.id, appliance_id, mode)
    await announce(connection, listener.APPLIANCES, str(appliance_id))
    await audit.record(
        connection,
        actor,
        "appliance.l2-mode",
        object_kind="appliance",
        object_id=str(appliance_id),
        now=now,
        before={"l2_mode": before.desired_l2_mode},
        after={"l2_mode": mode},
        partner_id=site.partner_id,
        organization_id=site.organization_id,
        site_id=site.id,
    )
    after = await stored.lock_mode(connection, site.id, appliance_id)
    return after or before


async def share(
    connection: Connection, actor: ClientScope, contributes: bool, now: dt.datetime
) -> Sharing:
    """Have one's organization contribute to the platform's aggregates or not.

    From the loop's next turn an opted-out organization's past counts leave them too.
    """
    before = await stored.lock_sharing(connection, actor.organization_id)
    if before is None:
        raise errors.NotFound("Your organization is gone: ask your partner.")
    if before.contributes == contributes:
        return before
    after = await stored.set_sharing(connection, actor.organization_id, contributes, now)
    await audit.record(
        connection,
        actor,
        "organization.change",
        object_kind="organization",
        object_id=str(actor.organization_id),
        now=now,
        before={"contributes": before.contributes},
        after={"contributes": after.contributes},
        partner_id=after.partner_id,
        organization_id=actor.organization_id,
    )
    return after
