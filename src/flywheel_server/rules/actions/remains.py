"""Rules that were switched off and still run: told once, over when a person removed the file."""

import datetime as dt
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.store.accounts import Site
from flywheel_server.core import audit, errors, log
from flywheel_server.core.db import Connection, log_on_commit
from flywheel_server.core.scope import OperatorScope, PartnerScope
from flywheel_server.fleet.model.appliances import Appliance
from flywheel_server.fleet.store import appliances as registered
from flywheel_server.rules.model.remains import Remains
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import remains
from flywheel_server.webhooks.actions import events

_log = log.get(__name__)

_MOST_TOLD = 10_000


async def remove(
    connection: Connection,
    actor: OperatorScope | PartnerScope,
    rule: Rule,
    *,
    site_id: str,
    appliance_id: str | None,
    reason: str,
    now: dt.datetime,
) -> tuple[Site, list[Appliance]]:
    """Mark a rule's file as removed from an appliance, or from all of a site; return which.

    Raises NotFound for an unknown site or appliance, and Conflict for a rule that is enabled: it
    would be delivered again.
    """
    site = await accounts.find_site(connection, site_id)
    if site is None:
        raise errors.NotFound("There is no such site: take its `site_id` from a list.")
    appliance = None
    if appliance_id:
        appliance = await registered.resolve(connection, site.id, appliance_id)
        if appliance is None:
            raise errors.NotFound("The site has no such appliance: take its id from a list.")
    if rule.enabled:
        raise errors.Conflict("This rule is on: switch it off first, or it is delivered again.")
    found = [appliance] if appliance else await registered.of_site(connection, site.id)
    places: list[UUID | None] = [each.id for each in found]
    if appliance is None or len(await registered.of_site(connection, site.id)) == 1:
        # What no report named an appliance for is over as well.
        places.append(None)
    await remains.remove(connection, rule.id, site.id, places, actor.actor_name, now)
    await audit.record(
        connection,
        actor,
        "rule.file_removed",
        object_kind="rule",
        object_id=str(rule.id),
        now=now,
        after={
            "rule_id": rule.rule_id,
            "site_id": site.slug,
            "appliance_ids": [each.wire_id for each in found],
            "reason": reason,
        },
        partner_id=site.partner_id,
        organization_id=site.organization_id,
        site_id=site.id,
    )
    return site, found


async def watch(connection: Connection, now: dt.datetime) -> int:
    """Tell of rules that are newly seen to run though they are off; return how many."""
    running = await remains.running(connection, now, _MOST_TOLD)
    fresh = [each for each in running if each.told_at is None]
    by_site: dict[tuple[UUID, UUID], list[Remains]] = {}
    for each in fresh:
        by_site.setdefault((each.rule, each.site_id), []).append(each)
    # One event for a rule and a site, however many appliances it has.
    for (_, site_id), places in by_site.items():
        log_on_commit(
            _log,
            "alarm raised: a rule that was switched off still runs",
            rule_id=places[0].rule_id,
            site_id=str(site_id),
            appliance_ids=[each.wire_id for each in places if each.wire_id is not None],
        )
        await events.emit(
            connection,
            "rule.remains",
            site_id=site_id,
            data={
                "rule_id": places[0].rule_id,
                "site_id": places[0].slug,
                "appliance_ids": [each.wire_id for each in places if each.wire_id is not None],
                "switched_off_at": places[0].off_at.isoformat(),
                "seen_at": max(each.last_received_at for each in places).isoformat(),
            },
            now=now,
        )
    await remains.tell(connection, running, now)
    return len(fresh)
