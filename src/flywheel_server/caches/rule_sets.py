"""What each site's appliances should run, rendered and signed once, kept as ready bytes.

Used only while the listener is trusted, else read from the database; never a set cut short.
"""

import hashlib
import json
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server import db, listener
from flywheel_server.actions.signing import Signer
from flywheel_server.caches.signers import Signers
from flywheel_server.domain import rules
from flywheel_server.domain.rules import Rule, Tier
from flywheel_server.domain.scope import ApplianceScope
from flywheel_server.store import deliveries
from flywheel_server.store import rules as store

_ETAG_DIGITS = 32
_MOST_KEPT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One answer: its bytes, and the tag that names exactly these."""

    body: bytes
    # With its quotes, as headers carry it.
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class RuleSet:
    """A rendered rule set; sites with equal rules share one."""

    # The hash that appliances are told and report: of the rules alone.
    version: str
    # For GET /agent/sync.
    full: Rendered
    # The same without the built-in tier sets, for GET /api/agent/l1-rules.
    own: Rendered
    public_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    rule_set: RuleSet
    partner_id: UUID
    organization_id: UUID


class RuleSets:
    """The rule sets this process has served, by site."""

    def __init__(self, database: db.Database, ear: listener.Listener, signers: Signers) -> None:
        self._database = database
        self._ear = ear
        self._signers = signers
        self._sites: dict[UUID, _Entry] = {}
        self._shared: weakref.WeakValueDictionary[str, RuleSet] = weakref.WeakValueDictionary()
        # Sets whose contents are in the database by their hash.
        self._kept: set[str] = set()
        self._generation = 0
        database.subscribers.append(self._changed)

    def known(self, site_id: UUID) -> RuleSet | None:
        """Return a site's rule set from memory alone, or None when only the database knows."""
        if not self._ear.trusted():
            return None
        entry = self._sites.get(site_id)
        return None if entry is None else entry.rule_set

    async def get(self, scope: ApplianceScope) -> RuleSet:
        """Return a site's rule set. Raises DatabaseUnavailable when nobody can tell it whole."""
        known = self.known(scope.site_id)
        if known is not None:
            return known
        generation = self._generation
        signer = await self._signers.get()
        async with db.transaction(self._database, scope) as connection:
            tenancy = await store.tenancy(connection, scope.site_id)
            everything = await store.for_site(connection, scope.site_id)
            desired = rules.desired(everything, tenancy.healing_tier)
            rule_set = self._shared_set(desired, tenancy.healing_tier, signer)
            if rule_set.version not in self._kept:
                # Appliances report no more than the hash of what they run.
                await deliveries.keep_set(connection, rule_set.version, desired)
        self._kept.add(rule_set.version)
        # Rules that changed while we read must not be forgotten again.
        if generation == self._generation:
            self._sites[scope.site_id] = _Entry(
                rule_set=rule_set,
                partner_id=tenancy.partner_id,
                organization_id=tenancy.organization_id,
            )
        return rule_set

    def _shared_set(self, desired: list[Rule], tier: Tier, signer: Signer) -> RuleSet:
        documents = [rules.wire(rule) for rule in desired]
        text = rules.canonical(documents)
        version = hashlib.sha256(text).hexdigest()
        key = f"{version}:{tier}:{signer.public_key}"
        found = self._shared.get(key)
        if found is None:
            learnt = [rules.wire(rule) for rule in desired if rule.source != "synced"]
            found = RuleSet(
                version=version,
                full=_render(documents, tier, signer),
                own=_render(learnt, tier, signer),
                public_key=signer.public_key,
            )
            self._shared[key] = found
        return found

    def _changed(self, channel: str, payload: str) -> None:
        if channel not in {"", listener.RULES}:
            return
        self._generation += 1
        if channel == "" or len(self._kept) > _MOST_KEPT:
            self._kept.clear()
        scope, _, owner = payload.partition(":")
        if channel == "" or not owner:
            self._sites.clear()
        elif scope == "site":
            self._sites.pop(UUID(owner), None)
        else:
            self._drop(scope, UUID(owner))

    def _drop(self, scope: str, owner: UUID) -> None:
        for site_id, entry in list(self._sites.items()):
            if owner == (entry.partner_id if scope == "partner" else entry.organization_id):
                del self._sites[site_id]


def _render(documents: Sequence[dict[str, object]], tier: Tier, signer: Signer) -> Rendered:
    text = rules.canonical(documents)
    envelope = {
        "healing_tier": tier,
        "version": hashlib.sha256(text).hexdigest(),
        "count": len(documents),
        "signature": signer.sign(text),
        "server_public_key": signer.public_key,
    }
    # The signed text stands in the answer as it is.
    body = b'{"rules": ' + text + b", " + json.dumps(envelope).encode("ascii")[1:]
    return Rendered(body=body, etag=f'"{hashlib.sha256(body).hexdigest()[:_ETAG_DIGITS]}"')
