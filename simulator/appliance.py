"""A simulated appliance: what it is, what it holds, what it decides. No I/O and no clock.

It trusts a rule set only when the server's signature verifies, and keeps the one it has otherwise.
Its time is compressed, for a demonstration lives through a day in minutes: rules' cooldowns are
not waited for.
"""

import datetime as dt
import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from simulator import catalogue, matching, messages
from simulator.catalogue import IncidentType, Platform
from simulator.messages import Dialect, Heal, Json, Level

# An engine's own words and the two runbook actions heal; these only tell somebody.
_TELLS = ("escalate", "alert")
_FULL_SYNC_EVERY = 6


class UntrustedRulesError(Exception):
    """The rule set's signature does not verify with the server's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine that an appliance watches."""

    name: str
    platform: Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an appliance is from the factory on."""

    site_id: str
    site_index: int
    hostname: str
    mac: str
    public_key: str
    dialect: Dialect
    hosts: tuple[Host, ...]
    # The private half of its key, which it never sends.
    secret: bytes | None = field(default=None, repr=False)
    # Its place among the appliances of its site, from 0.
    rank: int = 0


class Appliance:
    """One appliance and what it has been told so far."""

    def __init__(self, identity: Identity, chance: random.Random) -> None:
        """Start as from the factory: no rules, no known server."""
        self.identity = identity
        self.chance = chance
        self.appliance_id: str | None = None
        self.l2_mode = "auto"
        self.rules: tuple[matching.Rule, ...] = ()
        self.etag: str | None = None
        # Of the rule set that it runs; None before its first sync.
        self.rules_hash: str | None = None
        self.server_key: str | None = None
        # What it said of each order that it carried out.
        self.answered: dict[str, Json] = {}
        # Until when it does not ask for a plan again, by host and incident type.
        self.quiet_until: dict[tuple[str, str], dt.datetime] = {}
        # What orders made it do, still to be reported.
        self.ordered: list[Heal] = []
        self._wanted_hash: str | None = None
        self._check_ins = 0

    @property
    def wants_rules(self) -> bool:
        """Say whether it is time to sync: told of another set, or a while ago."""
        stale = self._wanted_hash is not None and self._wanted_hash != self.rules_hash
        return self.rules_hash is None or stale or self._check_ins % _FULL_SYNC_EVERY == 0

    def holds_learnt_rule(self) -> bool:
        """Say whether a rule that the platform learnt runs here."""
        return any(rule.source == "platform" for rule in self.rules)

    def check_in(self, uptime_seconds: int) -> Json:
        """Return the body of the next check-in, with what it really runs."""
        self._check_ins += 1
        body = messages.check_in(
            self.identity.dialect,
            site_id=self.identity.site_id,
            hostname=self.identity.hostname,
            mac=self.identity.mac,
            public_key=self.identity.public_key,
            uptime_seconds=uptime_seconds,
        )
        return body | {"active_rules_hash": self.rules_hash, "active_l2_mode": self.l2_mode}

    def take_check_in(self, answer: Mapping[str, Any]) -> None:
        """Take what the server says at check-in. The first server key seen is kept."""
        self.appliance_id = answer["appliance_id"]
        self.l2_mode = answer["l2_mode"]
        self.server_key = self.server_key or answer["server_public_key"]
        self._wanted_hash = answer.get("rules_hash")

    def take_rules(self, answer: Mapping[str, Any], etag: str | None) -> None:
        """Run this rule set from now on. Raises UntrustedRulesError for a wrong signature."""
        signed = _verified(answer, self.server_key)
        self.rules = matching.read(answer["rules"])
        self.rules_hash = hashlib.sha256(signed).hexdigest()
        self.etag = etag

    def forget_tag(self) -> None:
        """Fetch the whole rule set with the next sync, and have that soon."""
        self.etag = None
        self._wanted_hash = ""

    def next_heal(self) -> Heal:
        """Let something happen on one of its hosts, and heal it as far as it can."""
        host = self.chance.choice(self.identity.hosts)
        kind = catalogue.draw(self.chance, host.platform, self.identity.site_index)
        return self.heal(host, kind)

    def heal(self, host: Host, kind: IncidentType) -> Heal:
        """Heal an incident at L1 by the first rule that matches, else at L2, else call a person."""
        dialect = self.identity.dialect
        seen = messages.incident(dialect, host.name, host.platform, kind.check_type)
        engine: matching.Engine = "python" if dialect is Dialect.PYTHON else "go"
        rule = matching.first_match(self.rules, seen, engine)
        if rule is not None and not rule.action.startswith(_TELLS):
            return self._attempt("L1", host, kind, rule.runbook_id, rule)
        if rule is None and self.l2_mode == "auto" and kind.runbook_id is not None:
            return self._attempt("L2", host, kind, kind.runbook_id, None)
        return Heal(
            level="L3",
            host=host.name,
            platform=host.platform,
            check_type=kind.check_type,
            rule_id=None,
            runbook_id=f"ESC-{kind.check_type}",
            action="escalate",
            healed=False,
            no_credentials=False,
            duration_seconds=0.0,
        )

    def heal_by(
        self, host: str, check_type: str, runbook_id: str, incident_id: str | None = None
    ) -> Heal | None:
        """Run the runbook that it was told on a host of its own; None where it knows no such."""
        kind = catalogue.BY_CHECK_TYPE.get(check_type)
        known = next((each for each in self.identity.hosts if each.name == host), None)
        if kind is None or known is None:
            return None
        heal = self._attempt("L2", known, kind, runbook_id, None)
        return replace(heal, incident_id=incident_id)

    def report(self, heal: Heal, now: dt.datetime) -> Json:
        """Return the body that reports a heal, in this agent's own words."""
        identity = self.identity
        return messages.execution(identity.dialect, heal, identity.site_id, self.appliance_id, now)

    def _attempt(
        self,
        level: Level,
        host: Host,
        kind: IncidentType,
        runbook_id: str | None,
        rule: matching.Rule | None,
    ) -> Heal:
        refused = self.chance.random() < kind.no_credentials
        healed = not refused and catalogue.heals(self.chance, kind, runbook_id)
        seconds = self.chance.uniform(0.05, 0.5) if rule else self.chance.uniform(2.0, 9.0)
        return Heal(
            level=level,
            host=host.name,
            platform=host.platform,
            check_type=kind.check_type,
            rule_id=rule.rule_id if rule else None,
            runbook_id=runbook_id,
            action=rule.action if rule else f"run_{host.platform}_runbook",
            healed=healed,
            no_credentials=refused,
            duration_seconds=round(seconds, 3),
        )


def _verified(answer: Mapping[str, Any], server_key: str | None) -> bytes:
    """Return the signed text as the agents rebuild it: sorted keys, spaces, ASCII only."""
    signed = json.dumps(answer["rules"], sort_keys=True, ensure_ascii=True).encode()
    try:
        if server_key is None:
            raise UntrustedRulesError("no server key is known: check in first")
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(server_key))
        key.verify(bytes.fromhex(answer["signature"]), signed)
    except (InvalidSignature, ValueError, KeyError) as error:
        raise UntrustedRulesError("the rules' signature does not verify") from error
    return signed
