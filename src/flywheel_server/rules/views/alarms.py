"""What waits for a person about rules, as people read it."""

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.rules.store.rule_alarms import RuleAlarm

_TIME = "2026-02-24T10:00:00Z"
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


def waiting(alarm: RuleAlarm) -> dict[str, Any]:
    """Return an alarm that waits for a person as parts of an ``AlarmView``."""
    return {
        "kind": f"rule_{alarm.kind}",
        "since": alarm.began_at,
        "what": _what(alarm),
        "what_to_do": _HELPS[alarm.kind],
        "rule_id": alarm.rule_id,
        "rule": alarm.rule,
        "alarm_id": alarm.id,
    }


def _what(alarm: RuleAlarm) -> str:
    if alarm.kind == "quarantined":
        whose = alarm.organization_name or "all sites of one partner"
        return _WHAT[alarm.kind].format(alarm.rule_id, whose, alarm.reason)
    return _WHAT[alarm.kind].format(alarm.rule_id, alarm.reason)
