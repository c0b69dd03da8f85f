"""What a simulated appliance does with an order: verify it, refuse what is not its own, obey.

It remembers what it carried out, and answers an order that it is told again with the same words.
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from simulator import matching, messages
from simulator.appliance import Appliance
from simulator.messages import Json

# Nothing has to be simulated for these.
_OBEYED = frozenset({"force_checkin", "run_drift", "view_logs", "diagnostic"})


def carry_out(appliance: Appliance, order: Mapping[str, Any]) -> Json:
    """Carry an order out once and return the body that reports it."""
    id = str(order["order_id"])
    if id not in appliance.answered:
        appliance.answered[id] = _answer(appliance, order)
    return appliance.answered[id]


def _answer(appliance: Appliance, order: Mapping[str, Any]) -> Json:
    if not _genuine(appliance, order):
        return {"success": False, "error_message": "the order is not signed for this appliance"}
    kind = order["order_type"]
    if kind == "sync_promoted_rule":
        return {"success": True, "result": _take_rule(appliance, order["parameters"])}
    if kind == "healing":
        return _heal(appliance, order["parameters"])
    if kind == "sync_rules":
        appliance.forget_tag()
    elif kind not in _OBEYED:
        return {"success": False, "error_message": f"unknown order type: {kind}"}
    return {"success": True, "result": {"status": "done"}}


def _take_rule(appliance: Appliance, parameters: Mapping[str, Any]) -> Json:
    """Keep the rule beside those it has; one that it holds already stays as it is."""
    rule_id = parameters["rule_id"]
    if any(rule.rule_id == rule_id for rule in appliance.rules):
        return {"rule_id": rule_id, "status": "already_exists"}
    rule = yaml.safe_load(parameters["rule_yaml"])
    appliance.rules = tuple(
        sorted((*appliance.rules, *matching.read([rule])), key=lambda each: each.priority)
    )
    return {"rule_id": rule_id, "status": "deployed"}


def _heal(appliance: Appliance, parameters: Mapping[str, Any]) -> Json:
    """Run the runbook; what it did to an incident is reported as an execution as well."""
    host, incident_id = parameters.get("hostname", ""), parameters.get("incident_id", "")
    heal = appliance.heal_by(
        host, messages.check_type_of(incident_id, host), parameters["runbook_id"], incident_id
    )
    if heal is None:
        return {"success": True, "result": {"status": "done"}}
    appliance.ordered.append(heal)
    appliance.quiet_until.pop((heal.host, heal.check_type), None)
    if heal.healed:
        return {"success": True, "result": {"status": "healed"}}
    return {"success": False, "error_message": messages.why_not(heal)}


def _genuine(appliance: Appliance, order: Mapping[str, Any]) -> bool:
    text = str(order["signed_payload"])
    if appliance.server_key is None:
        return False
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(appliance.server_key))
    try:
        key.verify(bytes.fromhex(order["signature"]), text.encode())
    except (InvalidSignature, ValueError):
        return False
    signed = json.loads(text)
    return bool(
        signed["target_appliance_id"] == appliance.appliance_id
        and signed["order_id"] == order["order_id"]
        and signed["parameters"] == order["parameters"]
    )
