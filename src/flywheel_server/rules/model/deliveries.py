"""Where a rule stands on an appliance, told honestly: what is proven, what is not, what to do.

A stage is proven by a fact or it is not reached; nothing here is assumed.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core import agents
from flywheel_server.rules.model import delivery_words
from flywheel_server.rules.model.remains import QUIET_AFTER

Stage = Literal["approved", "delivered", "active", "matching", "succeeding"]

# How often an agent that pulls asks for its rules.
SYNC_INTERVAL = dt.timedelta(hours=1)
PULLING_MAY_TAKE = 2 * SYNC_INTERVAL
REPORTING_MAY_TAKE = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is known of one rule on one appliance."""

    rule: UUID
    appliance_id: UUID
    site_id: UUID
    # The site's and the appliance's names on the wire.
    slug: str
    wire_id: str
    agent_version: str
    approved_at: dt.datetime
    carried_at: dt.datetime | None
    delivered_at: dt.datetime | None
    delivered_by: Literal["order", "sync", "report", "execution"] | None
    active_at: dt.datetime | None
    matching_at: dt.datetime | None
    succeeding_at: dt.datetime | None
    matches: int
    successes: int
    left_at: dt.datetime | None
    refused_at: dt.datetime | None
    refusal: str | None
    stuck_at: dt.datetime | None
    # Another rule of the site says the same and is served in its place.
    covered: bool
    last_seen_at: dt.datetime
    uptime_seconds: int | None
    agent_started_at: dt.datetime | None
    # Whether the appliance ever reported which rules it runs.
    reports: bool
    # When the rule was last switched; and since then: its newest execution, and the removal.
    switched_at: dt.datetime
    ran_at: dt.datetime | None
    ran_began_at: dt.datetime | None
    removed_at: dt.datetime | None
    removed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A rule that is not yet known to run on a living appliance."""

    rule: UUID
    appliance_id: UUID
    site_id: UUID
    rule_id: str
    slug: str
    wire_id: str
    agent_version: str
    approved_at: dt.datetime
    carried_at: dt.datetime | None
    delivered_at: dt.datetime | None
    delivered_by: str | None
    refused_at: dt.datetime | None
    refusal: str | None
    stuck_at: dt.datetime | None
    reports: bool
    last_sync_at: dt.datetime | None
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime
    # Of the machine, and when the agent's process is known to have started last.
    uptime_seconds: int | None
    agent_started_at: dt.datetime | None


def stage(delivery: Delivery) -> Stage:
    """Return the furthest stage that is proven."""
    if delivery.succeeding_at is not None:
        return "succeeding"
    if delivery.matching_at is not None:
        return "matching"
    if delivery.active_at is not None:
        return "active"
    return "approved" if delivery.delivered_at is None else "delivered"


def state(delivery: Delivery, *, enabled: bool, now: dt.datetime | None = None) -> str:
    """Return one line for people: the stage and, where the stage alone misleads, the truth."""
    if not enabled:
        return _switched_off(delivery, now)
    reached = stage(delivery)
    if reached == "approved":
        return _not_delivered(delivery)
    return _not_running(delivery) if reached == "delivered" else reached


def restarted_since(delivery: Delivery | Waiting) -> bool:
    """Say whether the agent started after the rule was delivered: its process, or its machine."""
    if delivery.delivered_at is None:
        return False
    started_at = delivery.agent_started_at
    if started_at is not None and started_at > delivery.delivered_at:
        return True
    if delivery.uptime_seconds is None:
        return False
    # An uptime counts from the check-in that brought it, so this is a lower bound.
    booted_at = delivery.last_seen_at - dt.timedelta(seconds=delivery.uptime_seconds)
    return booted_at > delivery.delivered_at


def stuck_since(waiting: Waiting, now: dt.datetime) -> dt.datetime | None:
    """Return since when a rule should have been running, or None while all is well.

    An hour after approval where the appliance reports, two sync intervals where it pulls. What an
    agent that reports nothing was given counts as running once it can have loaded it.
    """
    agent = agents.of(waiting.agent_version)
    due = waiting.approved_at + (
        PULLING_MAY_TAKE if agent.pulls and not waiting.reports else REPORTING_MAY_TAKE
    )
    if waiting.delivered_at is not None and not waiting.reports:
        if waiting.delivered_by != "order" or agent.loads_at_once or restarted_since(waiting):
            return None
        due = waiting.delivered_at + REPORTING_MAY_TAKE
    elif waiting.delivered_at is None and waiting.carried_at is not None and not waiting.reports:
        # The site's shared key fetched it: nobody can tell for which of its appliances.
        return None
    return due if due <= now else None


def remedy(*, agent_version: str, delivered: bool, refusal: str | None) -> str:
    """Say what a person can do about a rule that does not run."""
    agent = agents.of(agent_version)
    if refusal is not None:
        return "The appliance refused it: read `refusal`, correct the cause, issue the order again."
    if not delivered and agent.pulls:
        return "The appliance has not fetched its rules: issue a `sync_rules` order, see its log."
    if not delivered:
        return "The order was not answered: check that the appliance checks in and trusts our key."
    if not agent.loads_at_once:
        return "This agent loads rules at its start: issue a `restart_agent` order."
    return "Delivered but not among the rules it reports: restart the agent and see its log."


def still_ran_at(delivery: Delivery) -> dt.datetime | None:
    """Return when a switched-off rule ran last; None: not since, or it was removed since."""
    ran_at, began_at = delivery.ran_at, delivery.ran_began_at
    if ran_at is None or began_at is None:
        return None
    removed_at = delivery.removed_at
    # Agents tell whole seconds.
    if removed_at and (ran_at <= removed_at or began_at < removed_at.replace(microsecond=0)):
        return None
    if delivery.left_at is not None and delivery.left_at >= ran_at:
        return None
    drops = agents.of(delivery.agent_version).withdraws
    return None if drops and began_at <= delivery.switched_at else ran_at


def file_stays(delivery: Delivery, *, enabled: bool) -> bool:
    """Say whether a switched-off rule is on the appliance until a person deletes its file."""
    if enabled:
        return False
    if still_ran_at(delivery) is not None:
        return True
    if delivery.removed_at is not None:
        return False
    arrived = delivery.delivered_at is not None or delivery.carried_at is not None
    return arrived and delivery.left_at is None and not agents.of(delivery.agent_version).withdraws


def _switched_off(delivery: Delivery, now: dt.datetime | None) -> str:
    seen = still_ran_at(delivery)
    if seen is not None and (now is None or now - seen < QUIET_AFTER):
        return f"switched off, still running at {delivery.wire_id}: seen {seen:%Y-%m-%d %H:%M} UTC"
    if delivery.removed_at is not None and (seen is None or seen < delivery.removed_at):
        at = f"{delivery.removed_at:%Y-%m-%d %H:%M} UTC"
        return f"switched off, its file was removed: marked by {delivery.removed_by}, {at}"
    return _as_it_left(delivery)


def _as_it_left(delivery: Delivery) -> str:
    agent = agents.of(delivery.agent_version)
    if delivery.delivered_at is None and delivery.left_at is None:
        if delivery.carried_at is not None:
            if not agent.withdraws:
                return "carried to the site, cannot be withdrawn by this agent version"
            return "switched off, the site's appliances drop it at their next sync"
        return "switched off before it was delivered"
    if delivery.left_at is not None:
        return "withdrawn"
    if not agent.withdraws:
        return delivery_words.CANNOT_BE_WITHDRAWN
    return "switched off, dropped at the appliance's next sync"


def _not_running(delivery: Delivery) -> str:
    if delivery.delivered_by == "order" and not agents.of(delivery.agent_version).loads_at_once:
        if restarted_since(delivery):
            return "delivered, the agent restarted since and does not report what it runs"
        return "delivered, loaded at the agent's next restart"
    if not delivery.reports:
        return "delivered, this agent does not report what it runs"
    return "delivered, not reported as running yet"


def _not_delivered(delivery: Delivery) -> str:
    if delivery.covered:
        return "not needed, another rule of the site says the same"
    if delivery.refused_at is not None:
        return f"refused by the appliance: {delivery.refusal}"
    if delivery.carried_at is not None:
        return "carried to the site"
    if delivery.left_at is not None:
        return "approved, the appliance dropped it"
    return "approved"
