"""How a simulated appliance asks the server for a plan, and what it makes of the answer.

Only newer daemons ask, and only in manual mode: in auto they stand for a planner with a known rate
of success. What waits for a person is not asked about again for a while: it is still wrong.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from simulator import messages
from simulator.appliance import Appliance
from simulator.messages import Dialect, Heal, Json

# So long an incident that was asked about is still the same one.
_PERSON_CALLED = dt.timedelta(minutes=1)
_PLAN_WAITS = dt.timedelta(minutes=10)
# Below this the newer daemon does not act on a plan.
_LEAST_CONFIDENCE = 0.8


def waits(appliance: Appliance, heal: Heal, now: dt.datetime) -> bool:
    """Say whether this incident is one that already waits for a person's word."""
    until = appliance.quiet_until.get((heal.host, heal.check_type))
    return asks(appliance, heal) and until is not None and now < until


def asks(appliance: Appliance, heal: Heal) -> bool:
    """Say whether an appliance asks for a plan before it leaves an incident to a person."""
    daemon = appliance.identity.dialect is Dialect.GO_NEWER
    return daemon and appliance.l2_mode == "manual" and heal.level == "L3"


def question(appliance: Appliance, heal: Heal, now: dt.datetime) -> Json:
    """Return the body that asks, and note that it was asked."""
    appliance.quiet_until[heal.host, heal.check_type] = now + _PERSON_CALLED
    identity = appliance.identity
    return messages.plan_request(identity.dialect, heal, identity.site_id, now)


def obey(appliance: Appliance, heal: Heal, answer: Mapping[str, Any], now: dt.datetime) -> Heal:
    """Return what becomes of an incident after an answer: another attempt, or a person's."""
    if answer["requires_approval"]:
        appliance.quiet_until[heal.host, heal.check_type] = now + _PLAN_WAITS
    told = not answer["escalate_to_l3"] and not answer["requires_approval"]
    if told and answer["confidence"] >= _LEAST_CONFIDENCE and answer["runbook_id"]:
        return appliance.heal_by(heal.host, heal.check_type, answer["runbook_id"]) or heal
    return heal
