"""The evidence of a simulated appliance: what it checked, signed as the newer Go daemon signs it.

The signed text has no spaces and is HTML-escaped; the server verifies exactly these bytes.
"""

import datetime as dt
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulator.appliance import Host, Identity
from simulator.catalogue import Platform
from simulator.messages import Dialect, Json

# As the encoder of Go writes them inside of strings.
_ESCAPED = (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """Something that a site has to prove, and how often it holds."""

    name: str
    platform: Platform
    expected: str
    otherwise: str
    hipaa_control: str
    holds: float = 0.98


_CHECKS = (
    _Check(
        name="firewall_status",
        platform="windows",
        expected="on",
        otherwise="off",
        hipaa_control="164.312(a)(1)",
    ),
    _Check(
        name="windows_defender",
        platform="windows",
        expected="running",
        otherwise="stopped",
        hipaa_control="164.308(a)(5)(ii)(B)",
    ),
    _Check(
        name="bitlocker_status",
        platform="windows",
        expected="encrypted",
        otherwise="suspended",
        hipaa_control="164.312(a)(2)(iv)",
        holds=0.93,
    ),
    _Check(
        name="screen_lock_policy",
        platform="windows",
        expected="<= 15 minutes",
        otherwise="60 minutes",
        hipaa_control="164.312(a)(2)(iii)",
    ),
    _Check(
        name="linux_audit_logging",
        platform="linux",
        expected="enabled & running",
        otherwise="disabled",
        hipaa_control="164.312(b)",
    ),
    _Check(
        name="ssh_config",
        platform="linux",
        expected="keys only",
        otherwise="passwords allowed",
        hipaa_control="164.312(d)",
    ),
)


def signs(identity: Identity) -> bool:
    """Say whether an appliance submits evidence: a newer daemon that has its private key."""
    return identity.dialect is Dialect.GO_NEWER and identity.secret is not None


def bundle(identity: Identity, chance: random.Random, now: dt.datetime) -> Json:
    """Return the body of a submission: what was checked now, with its signature."""
    checks = [_seen(check, host, chance) for check, host in _due(identity)]
    passed = sum(check["status"] == "pass" for check in checks)
    content: Json = {
        "site_id": identity.site_id,
        "checked_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "checks": checks,
        "summary": {"pass": passed, "fail": len(checks) - passed},
    }
    text = _text(content)
    return content | {
        "signed_data": text,
        "agent_signature": _key(identity).sign(text.encode()).hex(),
        "agent_public_key": identity.public_key,
    }


def _due(identity: Identity) -> Iterator[tuple[_Check, Host]]:
    """Yield what is checked: every check on every host that it is for."""
    for host in identity.hosts:
        for check in _CHECKS:
            if check.platform == host.platform:
                yield check, host


def _seen(check: _Check, host: Host, chance: random.Random) -> Json:
    holds = chance.random() < check.holds
    return {
        "check": check.name,
        "hostname": host.name,
        "status": "pass" if holds else "fail",
        "expected": check.expected,
        "actual": check.expected if holds else check.otherwise,
        "hipaa_control": check.hipaa_control,
    }


def _text(content: Json) -> str:
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    for plain, escaped in _ESCAPED:
        text = text.replace(plain, escaped)
    return text


def _key(identity: Identity) -> Ed25519PrivateKey:
    if identity.secret is None:
        raise LookupError("only an appliance that has its private key signs evidence")
    return Ed25519PrivateKey.from_private_bytes(identity.secret)
