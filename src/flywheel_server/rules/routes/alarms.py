"""What waits for a person about rules: why, since when, and what ends it."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import ReasonBody, View
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope
from flywheel_server.rules.actions import rule_alarms as actions
from flywheel_server.rules.store import rule_alarms
from flywheel_server.rules.store.rule_alarms import RuleAlarm
from flywheel_server.web.access import (
    Admin,
    ClientAdmin,
    PartnerActor,
    RuntimeDep,
)
from flywheel_server.web.runtime import Runtime

router = APIRouter(tags=["rules"])

_TIME = "2026-02-24T10:00:00Z"
AlarmId = Annotated[
    str,
    Path(
        max_length=64,
        description="The alarm's `alarm_id`.",
        examples=["01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"],
    ),
]
_WHAT = {
    "withdrawn": "{} was withdrawn: {}",
    "quarantined": "{} was taken from {}: {}",
    "evidence_gone": "{} is in force. {}",
}
_HELPS = {
    "withdrawn": "Look at its failures. Answer the alarm on the rule's page, or switch the rule on "
    "once what it runs works again.",
    "quarantined": "Look at its failures there. An operator gives it back once it will heal; "
    "answering the alarm leaves it as it is.",
    "evidence_gone": "Look at how it heals. Keep it with a reason, or switch it off, on its page; "
    "this ends by itself when its evidence suffices again.",
}


class RuleAlarmView(BaseModel):
    """Something about a rule that a person has to look at."""

    alarm_id: UUID = Field(description="By which it is answered.")
    kind: Literal["withdrawn", "quarantined", "evidence_gone"] = Field(
        description="withdrawn: for failing; quarantined: taken from one tenant that it failed "
        "for; evidence_gone: what it was learnt from was corrected or left."
    )
    what: str = Field(description="What happened, in words.")
    what_to_do: str = Field(description="What helps.")
    since: dt.datetime = Field(description="Since when, UTC.", examples=[_TIME])
    answered_by: str | None = Field(description="Who has looked.", examples=[None])
    answered_at: dt.datetime | None = Field(description="When, UTC.", examples=[None])
    answer: str | None = Field(description="Why it may stay as it is.", examples=[None])


@router.post("/api/admin/rule-alarms/{alarm_id}/answer")
async def operator_answers(
    scope: Admin, parts: RuntimeDep, alarm_id: AlarmId, body: ReasonBody
) -> RuleAlarmView:
    """Say that you have looked, and why the rule may stay as it is: its alarm ends."""
    return await answer(parts, scope, alarm_id, body.reason)


@router.post("/api/partners/me/rule-alarms/{alarm_id}/answer")
async def partner_answers(
    scope: PartnerActor, parts: RuntimeDep, alarm_id: AlarmId, body: ReasonBody
) -> RuleAlarmView:
    """Say that you have looked, and why the rule may stay as it is: its alarm ends."""
    return await answer(parts, scope, alarm_id, body.reason)


@router.post("/api/client/rule-alarms/{alarm_id}/answer")
async def client_answers(
    scope: ClientAdmin, parts: RuntimeDep, alarm_id: AlarmId, body: ReasonBody
) -> RuleAlarmView:
    """Say that you have looked, where your site has full coverage: the alarm ends."""
    return await answer(parts, scope, alarm_id, body.reason)


async def answer(
    parts: Runtime,
    scope: OperatorScope | PartnerScope | ClientScope,
    ref: str,
    reason: str,
    *,
    of: UUID | None = None,
) -> RuleAlarmView:
    """Answer an alarm, ``of`` one rule where that is said. Raises NotFound, Conflict, Forbidden."""
    id = accounts.as_uuid(ref)
    if id is None:
        raise errors.NotFound("No alarm about a rule has this id: take one from the alarms.")
    async with db.transaction(parts.database, scope) as connection:
        found = await actions.answer(connection, scope, id, reason=reason, now=clock.now(), of=of)
        (shown,) = [
            each
            for each in await rule_alarms.of_rules(connection, [found.rule])
            if each.id == found.id
        ]
    return view(shown)


def view(alarm: RuleAlarm) -> RuleAlarmView:
    """Return an alarm as people read it."""
    return RuleAlarmView(
        alarm_id=alarm.id,
        kind=alarm.kind,
        what=_what(alarm),
        what_to_do=_HELPS[alarm.kind],
        since=alarm.began_at,
        answered_by=alarm.answered_by,
        answered_at=alarm.answered_at,
        answer=alarm.answer,
    )


async def of_rule(connection: Connection, rule: UUID) -> list[RuleAlarmView]:
    """Return what lasts about one rule, answered or not."""
    return [view(each) for each in await rule_alarms.of_rules(connection, [rule])]


async def found(
    connection: Connection, most: int, *, for_operators: bool = False
) -> list[dict[str, Any]]:
    """Return what waits for a person, as parts of alarms."""
    return [
        {
            "kind": f"rule_{each.kind}",
            "since": each.began_at,
            "what": _what(each),
            "what_to_do": _HELPS[each.kind],
            "rule_id": each.rule_id,
            "rule": each.rule,
            "alarm_id": each.id,
        }
        for each in await rule_alarms.unanswered(connection, most, for_operators=for_operators)
    ]


def _what(alarm: RuleAlarm) -> str:
    if alarm.kind == "quarantined":
        whose = alarm.organization_name or "all sites of one partner"
        return _WHAT[alarm.kind].format(alarm.rule_id, whose, alarm.reason)
    return _WHAT[alarm.kind].format(alarm.rule_id, alarm.reason)


class AlarmView(View):
    """Something that needs a person."""

    kind: Literal[
        "rule_not_running",
        "rule_still_running",
        "rule_withdrawn",
        "rule_quarantined",
        "rule_evidence_gone",
        "appliance_silent",
        "endpoint_silent",
        "evidence_chain",
        "evidence_timestamp",
        "evidence_key",
        "evidence_dropped",
        "machines_take_turns",
        "quota_near",
        "quota_reached",
        "platform_rules_wait",
        "platform_rules_ask",
        "appliance_clock",
        "loop_silent",
        "step_failed",
        "unresolved_ids",
        "mail_failing",
        "planner_failing",
        "webhook_failing",
    ] = Field(description="What kind of trouble.", examples=["rule_not_running"])
    since: dt.datetime | None = Field(
        description="Since when; null: never seen at all, or of no one moment.", examples=[_TIME]
    )
    what: str = Field(
        description="What is wrong.", examples=["L1-disk-RB-1 does not run on site-lab-01-02:…"]
    )
    what_to_do: str = Field(description="What helps.", examples=["Issue a `restart_agent` order."])
    site_id: str | None = Field(default=None, description="Where.", examples=["site-lab-01"])
    appliance_id: str | None = Field(
        default=None, description="On which appliance.", examples=["site-lab-01-02:00:5E:10:00:01"]
    )
    rule_id: str | None = Field(default=None, description="Which rule.", examples=["L1-disk-RB-1"])
    rule: UUID | None = Field(default=None, description="Its id in this server.", examples=[None])
    alarm_id: UUID | None = Field(
        default=None,
        description="By which a person answers it; null: it ends by itself alone.",
        examples=[None],
    )
    refusal: str | None = Field(
        default=None,
        description="What the appliance, or the service that fails, said.",
        examples=[None],
    )
