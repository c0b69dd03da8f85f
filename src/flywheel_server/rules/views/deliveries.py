"""Where rules stand on appliances, and the alarms about that, as people see them."""

import datetime as dt

from pydantic import Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.core import agents, clock
from flywheel_server.rules.model import deliveries as domain, delivery_words
from flywheel_server.rules.model.remains import Remains
from flywheel_server.rules.store import deliveries
from flywheel_server.rules.views.alarms import AlarmView

_TIME = "2026-02-24T10:00:00Z"
_RESTART = "Restart the agent and see its log; then mark the rule as removed here."


class DeliveryView(View):
    """How far a rule has come on one appliance; a stage without its time is not proven."""

    site_id: str = Field(description="The site.", examples=["site-lab-01"])
    appliance_id: str = Field(
        description="The appliance.", examples=["site-lab-01-02:00:5E:10:00:01"]
    )
    agent_version: str = Field(description="What runs on it.", examples=["0.1.0"])
    stage: domain.Stage = Field(description="The furthest stage proven.", examples=["delivered"])
    state: str = Field(
        description="The stage, and the truth where it alone would mislead.",
        examples=["delivered, loaded at the agent's next restart"],
    )
    approved_at: dt.datetime = Field(description="Since when it shall run here.", examples=[_TIME])
    carried_at: dt.datetime | None = Field(
        description="When a sync with the site's shared key carried it.", examples=[None]
    )
    delivered_at: dt.datetime | None = Field(
        description="When the appliance had it.", examples=[_TIME]
    )
    delivered_by: str | None = Field(
        description="What proves it: order, sync, report or execution.", examples=["order"]
    )
    active_at: dt.datetime | None = Field(
        description="When it was proven to run.", examples=[_TIME]
    )
    matching_at: dt.datetime | None = Field(description="Its first L1 execution.", examples=[_TIME])
    succeeding_at: dt.datetime | None = Field(description="Its first success.", examples=[_TIME])
    refused_at: dt.datetime | None = Field(
        description="When the appliance refused it.", examples=[None]
    )
    refusal: str | None = Field(description="Why.", examples=[None])
    not_running_since: dt.datetime | None = Field(
        description="Since when it should run and does not.", examples=[None]
    )
    delivery_is_final: bool = Field(
        description="Whether this agent version keeps a rule that it has.", examples=[True]
    )
    still_ran_at: dt.datetime | None = Field(
        description="When it ran last though it is switched off; null: not since.",
        examples=[None],
    )
    removed_at: dt.datetime | None = Field(
        description="When a person marked its file as removed.", examples=[None]
    )
    removed_by: str | None = Field(description="Who did.", examples=[None])
    remedy: str | None = Field(
        description="How a person takes it off where it stays; null: nothing stays.",
        examples=[None],
    )


def view(row: domain.Delivery, rule_id: str, *, enabled: bool) -> DeliveryView:
    """Return where a rule stands on one appliance."""
    agent = agents.of(row.agent_version)
    stays = domain.file_stays(row, enabled=enabled)
    return DeliveryView(
        site_id=row.slug,
        appliance_id=row.wire_id,
        agent_version=row.agent_version,
        stage=domain.stage(row),
        state=domain.state(row, enabled=enabled, now=clock.now()),
        approved_at=row.approved_at,
        carried_at=row.carried_at,
        delivered_at=row.delivered_at,
        delivered_by=row.delivered_by,
        active_at=row.active_at,
        matching_at=row.matching_at,
        succeeding_at=row.succeeding_at,
        refused_at=row.refused_at,
        refusal=row.refusal,
        not_running_since=row.stuck_at,
        delivery_is_final=not agent.withdraws,
        still_ran_at=None if enabled else domain.still_ran_at(row),
        removed_at=row.removed_at,
        removed_by=row.removed_by if row.removed_at else None,
        remedy=(delivery_words.remedy(agent, rule_id) or _RESTART) if stays else None,
    )


def not_running(stuck: deliveries.Stuck) -> AlarmView:
    """Return the alarm about a rule that does not run where it should."""
    return AlarmView(
        kind="rule_not_running",
        since=stuck.stuck_at,
        what=f"{stuck.rule_id} is approved and does not run on {stuck.wire_id}.",
        what_to_do=domain.remedy(
            agent_version=stuck.agent_version,
            delivered=stuck.delivered_at is not None,
            refusal=stuck.refusal,
        ),
        site_id=stuck.slug,
        appliance_id=stuck.wire_id,
        rule_id=stuck.rule_id,
        rule=stuck.rule,
        refusal=stuck.refusal,
    )


def still_running(left: Remains) -> AlarmView:
    """Return the alarm of a rule that runs though it was switched off."""
    where = left.wire_id or f"an appliance of {left.slug} that its reports do not name"
    return AlarmView(
        kind="rule_still_running",
        since=left.first_received_at,
        what=f"{left.rule_id} was switched off and still runs on {where}: seen "
        f"{left.last_received_at:%Y-%m-%d %H:%M} UTC.",
        what_to_do=_remedies(left),
        site_id=left.slug,
        appliance_id=left.wire_id,
        rule_id=left.rule_id,
        rule=left.rule,
        refusal=None,
    )


def _remedies(left: Remains) -> str:
    found = (delivery_words.remedy(agents.of(each), left.rule_id) for each in left.versions)
    known = list(dict.fromkeys(each for each in found if each is not None))
    return " Or: ".join(known) or _RESTART


def silent_appliance(silent: deliveries.Silent) -> AlarmView:
    """Return the alarm about an appliance that does not check in."""
    return AlarmView(
        kind="appliance_silent",
        since=silent.last_seen_at,
        what=f"{silent.wire_id} has not checked in.",
        what_to_do="Check that it runs, reaches this server and has a key that is not revoked. If "
        "it is gone, or was registered a second time, remove or merge it on its site's page, or by "
        f"POST /api/sites/{silent.slug}/appliances/{silent.wire_id}/remove.",
        site_id=silent.slug,
        appliance_id=silent.wire_id,
        rule_id=None,
        rule=None,
        refusal=None,
    )


def silent_endpoints(endpoints: deliveries.Endpoints, silent_since: dt.datetime) -> list[AlarmView]:
    """Return what nobody calls though somebody should: served, never pulled."""
    if endpoints.first_seen_at is None or endpoints.first_seen_at > silent_since:
        return []
    called = {
        "POST /api/appliances/checkin": endpoints.checkin,
        "POST /api/agent/executions": endpoints.executions,
    }
    if endpoints.pulling:
        called["GET /agent/sync"] = endpoints.sync
    return [
        AlarmView(
            kind="endpoint_silent",
            since=last,
            what=f"No appliance has called {endpoint} for over a day.",
            what_to_do="Check the proxy in front of this server, and the appliances' logs.",
            site_id=None,
            appliance_id=None,
            rule_id=None,
            rule=None,
            refusal=None,
        )
        for endpoint, last in called.items()
        if last is None or last < silent_since
    ]
