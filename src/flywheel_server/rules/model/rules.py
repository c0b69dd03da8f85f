"""Rules: how one is made from evidence, which of them a site gets, and how they look on the wire.

Every rule names the check type it is for: a rule that matches everything cannot be made here. A
rule id is never used again for other content, since an appliance keeps what it once got.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core import errors, wire_text
from flywheel_server.rules.model import aliases

Source = Literal["builtin", "synced", "promoted", "platform", "custom"]
RuleScope = Literal["platform", "partner", "organization", "site"]
Tier = Literal["standard", "full_coverage"]

# Lower comes first on an appliance: the narrower scope knows its machines better.
PRIORITIES: dict[RuleScope, int] = {"site": 50, "organization": 52, "partner": 54, "platform": 56}
SYNCED_PRIORITY = 5
OPERATORS = frozenset({"eq", "ne", "contains", "regex", "gt", "lt", "in", "not_in", "exists"})
PHASES = ("remediate", "verify")
MOST_YAML_BYTES = 8_192
MOST_INCIDENT_TYPE = 200
MOST_CONDITIONS = 20
UNKNOWN_TYPE = "compiled:"
_RULE_ID = re.compile(r"[A-Za-z0-9_-]{3,64}")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]+")
_ACTIONS = {"windows": "run_windows_runbook", "linux": "run_linux_runbook"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One comparison; a rule applies when all of its conditions hold."""

    field: str
    operator: str
    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """A rule before it is stored."""

    rule_id: str
    source: Source
    scope: RuleScope
    # The partner, organization or site it belongs to; None for the platform.
    scope_id: UUID | None
    # Only for synced rules: the healing tier that gets them.
    tier: Tier | None = None
    incident_type: str
    runbook_id: str | None
    name: str
    description: str
    conditions: tuple[Condition, ...]
    action: str
    action_params: dict[str, object]
    hipaa_controls: tuple[str, ...] = ()
    severity_filter: tuple[str, ...] | None = None
    priority: int
    cooldown_seconds: int = 300
    max_retries: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule as an operator writes it; what is None follows from its type, runbook and scope."""

    rule_id: str
    scope: RuleScope
    scope_id: UUID | None
    incident_type: str
    runbook_id: str | None
    name: str
    description: str
    conditions: tuple[Condition, ...] | None
    action: str | None
    action_params: dict[str, object] | None
    hipaa_controls: tuple[str, ...]
    severity_filter: tuple[str, ...] | None
    priority: int | None
    cooldown_seconds: int
    max_retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(NewRule):
    """A stored rule with its state and its counters."""

    id: UUID
    enabled: bool
    # Why it is disabled, in the words of who did it.
    disabled_reason: str | None
    enabled_changed_at: dt.datetime
    withdrawn_at: dt.datetime | None
    match_count: int
    success_count: int
    failure_count: int
    # None without attempts: no data is neither 0 % nor 100 %.
    success_rate: float | None
    created_at: dt.datetime


def learnt(
    *,
    source: Source,
    scope: RuleScope,
    scope_id: UUID | None,
    incident_type: str,
    runbook_id: str,
    platform: str,
    generation: int,
) -> NewRule:
    """Return the rule that evidence for (incident_type, runbook_id) earns.

    ``generation`` counts the rules made for the same pair and scope: a withdrawn rule's successor
    gets an id of its own. Raises InvalidInput where appliances could not run or read the rule.
    """
    action = action_for(platform)
    if action is None:
        raise errors.InvalidInput(f"No appliance runs runbooks for {platform}: choose another.")
    if not expressible(incident_type):
        raise errors.InvalidInput(
            "This incident type cannot be written in a rule: it has to be plain ASCII without <, > "
            f"and &, of at most {MOST_INCIDENT_TYPE} characters."
        )
    return NewRule(
        rule_id=rule_id(
            source=source,
            scope=scope,
            scope_id=scope_id,
            incident_type=incident_type,
            runbook_id=runbook_id,
            generation=generation,
        ),
        source=source,
        scope=scope,
        scope_id=scope_id,
        incident_type=incident_type,
        runbook_id=runbook_id,
        name=f"{incident_type}: {runbook_id}",
        description=f"Learnt: {runbook_id} heals {incident_type}.",
        conditions=conditions_for(incident_type),
        action=action,
        action_params=runbook_params(runbook_id),
        priority=PRIORITIES[scope],
    )


def rule_id(
    *,
    source: Source,
    scope: RuleScope,
    scope_id: UUID | None,
    incident_type: str,
    runbook_id: str,
    generation: int,
) -> str:
    """Return a readable id that no other input gives: two slugs and a digest of everything."""
    # A JSON array keeps its members apart, whatever characters they hold.
    owner = None if scope_id is None else str(scope_id)
    identity = json.dumps([source, scope, owner, incident_type, runbook_id, generation])
    digest = hashlib.sha256(identity.encode("ascii")).hexdigest()[:16]
    return f"{aliases.RULE}{_slug(incident_type, 22)}-{_slug(runbook_id, 20)}-{digest}"


def conditions_for(incident_type: str) -> tuple[Condition, ...]:
    """Return the only two conditions that both agents' incidents can meet."""
    return (
        Condition(field="check_type", operator="eq", value=incident_type),
        Condition(field="drift_detected", operator="eq", value=True),
    )


def unknown_type(rule_id: str) -> str:
    """Return what stands as the incident type of a compiled rule of which only the id is known.

    No incident has it, so the rule covers nothing that others could learn.
    """
    return f"{UNKNOWN_TYPE}{rule_id}"


def runbook_params(runbook_id: str) -> dict[str, object]:
    """Return the parameters of an action that runs a runbook."""
    return {"runbook_id": runbook_id, "phases": list(PHASES)}


def action_for(platform: str) -> str | None:
    """Return the action that runs a runbook of ``platform``, or None where no agent has one."""
    return _ACTIONS.get(platform)


def expressible(incident_type: str) -> bool:
    """Say whether a rule for this incident type reads the same on the server and on each agent."""
    return 1 <= len(incident_type) <= MOST_INCIDENT_TYPE and wire_text.plain(incident_type)


def desired(rules: Iterable[Rule], tier: Tier) -> list[Rule]:
    """Return what an appliance should run, in the order in which it tries them.

    Of rules that say the same, and of rules with one id, only the narrowest scope's is kept.
    """
    chosen: dict[object, Rule] = {}
    for rule in sorted(rules, key=_precedence):
        if rule.enabled and _for_tier(rule, tier):
            chosen.setdefault(_content(rule), rule)
    unique: dict[str, Rule] = {}
    for rule in chosen.values():
        unique.setdefault(rule.rule_id, rule)
    return sorted(unique.values(), key=lambda rule: (rule.priority, rule.rule_id))


def wire(rule: NewRule) -> dict[str, object]:
    """Return a rule as appliances read it."""
    document: dict[str, object] = {
        "id": rule.rule_id,
        "name": rule.name,
        "description": rule.description,
        "conditions": conditions_as_json(rule.conditions),
        "action": rule.action,
        "actions": [rule.action],
        "action_params": rule.action_params,
        "hipaa_controls": list(rule.hipaa_controls),
        "priority": rule.priority,
        "cooldown_seconds": rule.cooldown_seconds,
        "max_retries": rule.max_retries,
        "enabled": rule.enabled if isinstance(rule, Rule) else True,
        "source": rule.source,
    }
    if rule.severity_filter is not None:
        document["severity_filter"] = list(rule.severity_filter)
    return document


def canonical(rules: Sequence[dict[str, object]]) -> bytes:
    """Return the text that is signed: what every agent gets when it encodes the rules again."""
    return json.dumps(
        rules, sort_keys=True, separators=(", ", ": "), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def as_yaml(rule: NewRule) -> str:
    """Return the file in which an agent keeps a promoted rule.

    JSON is YAML, and within the subset of ``wire_text`` every reader takes it alike.
    """
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in wire(rule).items())


def announcement(rule: NewRule) -> str:
    """Return the payload that tells every process whose rule sets this rule touches."""
    return rule.scope if rule.scope_id is None else f"{rule.scope}:{rule.scope_id}"


def check_wire(rule: NewRule) -> None:
    """Raise InvalidInput unless every agent reads this rule exactly as the server does."""
    if not _RULE_ID.fullmatch(rule.rule_id):
        raise errors.InvalidInput("A `rule_id` is 3 to 64 characters of A-Z, a-z, 0-9, _ and -.")
    if not expressible(rule.incident_type):
        raise errors.InvalidInput(
            f"`incident_type` is 1 to {MOST_INCIDENT_TYPE} plain characters without <, > and &."
        )
    if not 1 <= len(rule.conditions) <= MOST_CONDITIONS:
        raise errors.InvalidInput(f"Give 1 to {MOST_CONDITIONS} `conditions`.")
    if conditions_for(rule.incident_type)[0] not in rule.conditions:
        raise errors.InvalidInput(
            "One of the `conditions` has to be: field check_type, operator eq, value the "
            "`incident_type`."
        )
    for condition in rule.conditions:
        if condition.operator not in OPERATORS:
            raise errors.InvalidInput(f"An `operator` is one of {', '.join(sorted(OPERATORS))}.")
    if not rule.action:
        raise errors.InvalidInput("Give an `action`.")
    wire_text.check(wire(rule))
    if len(as_yaml(rule).encode("ascii")) > MOST_YAML_BYTES:
        raise errors.InvalidInput(f"The rule is over {MOST_YAML_BYTES} bytes as YAML: shorten it.")


def conditions_as_json(conditions: Iterable[Condition]) -> list[dict[str, object]]:
    """Return conditions as they are stored and sent."""
    return [{"field": c.field, "operator": c.operator, "value": c.value} for c in conditions]


def _slug(text: str, longest: int) -> str:
    return _NOT_PLAIN.sub("-", text)[:longest].strip("-") or "x"


def _precedence(rule: Rule) -> tuple[int, int, str]:
    return (PRIORITIES[rule.scope], rule.priority, rule.rule_id)


def _for_tier(rule: Rule, tier: Tier) -> bool:
    if rule.source == "builtin":
        return False
    return rule.source != "synced" or rule.tier == "standard" or tier == "full_coverage"


def _content(rule: Rule) -> object:
    if rule.source == "synced":
        # The tier sets are a contract of their own: one of two rules alike may still be expected.
        return rule.rule_id
    return json.dumps(
        [
            conditions_as_json(rule.conditions),
            rule.action,
            rule.action_params,
            rule.severity_filter,
        ],
        sort_keys=True,
    )
