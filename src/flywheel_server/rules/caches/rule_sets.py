"""What each site's appliances should run, rendered and signed once, kept as ready bytes.

Used only while the listener is trusted, else read from the database; never a set cut short. They
are made of what each owner's rules are (``rule_layers``): after a change of the platform's rules
one request reads these, and the sets of all sites follow from memory.
"""

import asyncio
import contextlib
import hashlib
import json
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core import db, listener
from flywheel_server.core.scope import ApplianceScope, LoopScope
from flywheel_server.core.signers import Signers
from flywheel_server.core.signing import Signer
from flywheel_server.core.warming import Learner
from flywheel_server.rules.caches.rule_layers import Layers, Owner
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Rule, Tier
from flywheel_server.rules.store import deliveries, rules as store

_ETAG_DIGITS = 32
_MOST_KEPT = 100_000
_MOST_WAITS = 5
# When all are learnt: sites read at once, and how many of the newest sets are known to be kept.
_PAGE = 100
_KEPT_LEARNT = 10_000
_SCOPE = LoopScope(reason="rule sets: what those of all sites are made of, in a few statements")


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
    rule_ids: tuple[str, ...]


class RuleSets:
    """The rule sets of the sites that this process has served."""

    def __init__(self, database: db.Database, ear: listener.Listener, signers: Signers) -> None:
        self._database = database
        self._ear = ear
        self._signers = signers
        self._layers = Layers()
        # Made and kept, by site.
        self._sites: dict[UUID, RuleSet] = {}
        # By the names of their layers, and by what is in them.
        self._stacked: weakref.WeakValueDictionary[object, RuleSet] = weakref.WeakValueDictionary()
        self._shared: weakref.WeakValueDictionary[str, RuleSet] = weakref.WeakValueDictionary()
        # Whose rules are being read, since the last change.
        self._coming: dict[Owner, asyncio.Future[None]] = {}
        # Sets whose contents are in the database by their hash, and those on their way there.
        self._kept: set[str] = set()
        self._unkept: dict[str, RuleSet] = {}
        self._keeping = asyncio.Lock()
        self._generation = 0
        database.subscribers.append(self._changed)
        self._learner = Learner(database, "rule sets", UUID(int=0), self._learn_page)

    async def run(self) -> None:
        """Learn what all sets are made of when listening begins anew, for ever."""
        await self._learner.run()

    def known(self, site_id: UUID) -> RuleSet | None:
        """Return a site's rule set from memory alone, or None when only the database knows."""
        if not self._ear.trusted():
            return None
        found = self._sites.get(site_id)
        if found is None:
            made = self._made(site_id)
            if made is not None and made.version in self._kept:
                found = self._sites[site_id] = made
        return found

    async def get(self, scope: ApplianceScope) -> RuleSet:
        """Return a site's rule set. Raises DatabaseUnavailable when nobody can tell it whole."""
        known = self.known(scope.site_id)
        if known is not None:
            return known
        signer = await self._signers.get()
        generation = self._generation
        made = await self._made_after_others(scope.site_id) if self._ear.trusted() else None
        if made is None:
            made = await self._read(scope, signer)
        if made.version not in self._kept:
            await self._keep(scope, made)
        # Rules that changed meanwhile must not be forgotten again.
        if generation == self._generation:
            self._sites[scope.site_id] = made
        return made

    async def _made_after_others(self, site_id: UUID) -> RuleSet | None:
        """Return what memory makes, once those are done who read just what is missing."""
        # What they read may have changed meanwhile: then one of us reads, others wait again.
        for _ in range(_MOST_WAITS):
            missing = self._layers.missing(site_id)
            if not missing or not missing <= self._coming.keys():
                break
            await asyncio.wait({self._coming[owner] for owner in missing})
        return self._made(site_id)

    async def _read(self, scope: ApplianceScope, signer: Signer) -> RuleSet:
        generation = self._generation
        with self._reading(self._layers.missing(scope.site_id)):
            async with db.transaction(self._database, scope) as connection:
                tenancy = await store.tenancy(connection, scope.site_id)
                everything = await store.for_site(connection, scope.site_id)
            if generation == self._generation:
                self._layers.learn({scope.site_id: tenancy}, everything)
        its = [rule for rule in everything if rule.id not in tenancy.excluded]
        return self._shared_set(its, tenancy.healing_tier, signer)

    async def _learn_page(self, after: UUID) -> UUID | None:
        await self._signers.get()
        generation = self._generation
        async with db.transaction(self._database, _SCOPE) as connection:
            kept = set() if self._kept else await deliveries.kept_sets(connection, _KEPT_LEARNT)
            homes = await store.homes(connection, after, _PAGE)
            everything = await store.for_sites(connection, homes)
        if generation != self._generation:
            # Rules that changed while we read: read again.
            return after
        self._kept |= kept
        self._layers.learn(homes, everything)
        return max(homes) if len(homes) == _PAGE else None

    @contextlib.contextmanager
    def _reading(self, owners: set[Owner]) -> Iterator[None]:
        """Let others wait for what is being read, unless it is old before it was."""
        done = asyncio.get_running_loop().create_future()
        mine = owners - self._coming.keys()
        self._coming |= dict.fromkeys(mine, done)
        try:
            yield
        finally:
            done.set_result(None)
            for owner in mine:
                if self._coming.get(owner) is done:
                    del self._coming[owner]

    def _made(self, site_id: UUID) -> RuleSet | None:
        """Return the set that a site's layers make, or None while they are not all known."""
        stack, signer = self._layers.of(site_id), self._signers.known
        if stack is None or signer is None:
            return None
        found = self._stacked.get(stack.name)
        if found is None:
            found = self._stacked[stack.name] = self._shared_set(stack.rules, stack.tier, signer)
            if found.version not in self._kept:
                # Whoever keeps the next keeps it along.
                self._unkept[found.version] = found
        return found

    def _shared_set(self, everything: Sequence[Rule], tier: Tier, signer: Signer) -> RuleSet:
        desired = rules.desired(everything, tier)
        text = rules.canonical([rules.wire(rule) for rule in desired])
        version = hashlib.sha256(text).hexdigest()
        key = f"{version}:{tier}:{signer.public_key}"
        found = self._shared.get(key)
        if found is None:
            learnt = [rules.wire(rule) for rule in desired if rule.source != "synced"]
            found = RuleSet(
                version=version,
                full=_render(text, len(desired), tier, signer),
                own=_render(rules.canonical(learnt), len(learnt), tier, signer),
                public_key=signer.public_key,
                rule_ids=tuple(rule.rule_id for rule in desired),
            )
            self._shared[key] = found
        return found

    async def _keep(self, scope: ApplianceScope, rule_set: RuleSet) -> None:
        """Keep what a set holds, with all that wait for the same: they name no tenant.

        Appliances report no more than the hash of what they run.
        """
        self._unkept[rule_set.version] = rule_set
        async with self._keeping:
            if rule_set.version in self._kept:
                return
            group, self._unkept = self._unkept, {}
            try:
                async with db.transaction(self._database, scope) as connection:
                    await deliveries.keep_sets(
                        connection, {each.version: each.rule_ids for each in group.values()}
                    )
            except BaseException:
                # Whatever stopped it, cancelling included, the next one keeps these along.
                self._unkept = group | self._unkept
                raise
            self._kept |= group.keys()

    def _changed(self, channel: str, payload: str) -> None:
        if channel not in {"", listener.RULES}:
            return
        self._generation += 1
        self._coming.clear()
        if channel == "" or len(self._kept) > _MOST_KEPT:
            self._kept.clear()
        scope, _, owner = payload.partition(":")
        if channel == "":
            self._layers.clear()
            self._sites.clear()
            self._stacked.clear()
        elif not owner:
            self._layers.forget(scope, None)
            self._sites.clear()
        else:
            for site_id in self._layers.forget(scope, UUID(owner)):
                self._sites.pop(site_id, None)


def _render(text: bytes, count: int, tier: Tier, signer: Signer) -> Rendered:
    envelope = {
        "healing_tier": tier,
        "version": hashlib.sha256(text).hexdigest(),
        "count": count,
        "signature": signer.sign(text),
        "server_public_key": signer.public_key,
    }
    # The signed text stands in the answer as it is.
    body = b'{"rules": ' + text + b", " + json.dumps(envelope).encode("ascii")[1:]
    return Rendered(body=body, etag=f'"{hashlib.sha256(body).hexdigest()[:_ETAG_DIGITS]}"')
