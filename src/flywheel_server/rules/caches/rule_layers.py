"""What rule sets are made of: where each site belongs, and the rules of each owner.

A set is its site's layers one upon the other: platform, partner, organization, site. The one rule:
a layer is whole or missing, so that a change of one owner's rules costs no more than reading his.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from flywheel_server.core import listener
from flywheel_server.rules.model.rules import Rule, Tier
from flywheel_server.rules.store.rules import Tenancy

# Whose rules a layer holds; None for the platform.
Owner = UUID | None


class Stack(NamedTuple):
    """All that makes one site's set."""

    # Equal for sites whose sets are equal, and never again for others.
    name: tuple[object, ...]
    tier: Tier
    rules: list[Rule]


class _Layer(NamedTuple):
    # 0 for a layer without rules, else of this one alone.
    number: int
    rules: tuple[Rule, ...]


_NOTHING = _Layer(0, ())


class Layers:
    """What this process has read of sites and rules, and nobody changed since."""

    def __init__(self) -> None:
        self._homes: dict[UUID, Tenancy] = {}
        self._layers: dict[Owner, _Layer] = {}
        self._numbers = itertools.count(1)

    def of(self, site_id: UUID) -> Stack | None:
        """Return all that makes a site's set, or None while anything of it is missing."""
        home = self._homes.get(site_id)
        if home is None:
            return None
        layers = [self._layers.get(owner) for owner in _owners(site_id, home)]
        present = [layer for layer in layers if layer is not None]
        if len(present) < len(layers):
            return None
        return Stack(
            name=(home.healing_tier, home.excluded, *(layer.number for layer in present)),
            tier=home.healing_tier,
            rules=[
                rule for layer in present for rule in layer.rules if rule.id not in home.excluded
            ],
        )

    def missing(self, site_id: UUID) -> set[Owner]:
        """Return whose rules are missing for a site, as far as it is known where it belongs."""
        home = self._homes.get(site_id)
        owners = (site_id, None) if home is None else _owners(site_id, home)
        return {owner for owner in owners if owner not in self._layers}

    def learn(self, homes: Mapping[UUID, Tenancy], rules: Iterable[Rule]) -> None:
        """Keep what was read of sites: where they belong, and every rule of their owners."""
        by_owner: defaultdict[Owner, list[Rule]] = defaultdict(list)
        for rule in rules:
            by_owner[rule.scope_id].append(rule)
        self._homes |= homes
        for owner in {owner for each in homes.items() for owner in _owners(*each)}:
            # What is known is no older: it would have been dropped.
            if owner not in self._layers:
                its = tuple(by_owner[owner])
                self._layers[owner] = _Layer(next(self._numbers), its) if its else _NOTHING

    def forget(self, scope: str, owner: Owner) -> set[UUID]:
        """Drop an owner's rules; return the sites that have them, except for the platform's.

        With ``listener.EXCLUSIONS`` in place of a scope: drop which platform rules its sites get.
        """
        if scope == listener.EXCLUSIONS:
            sites = self._sites_of(owner)
            for site_id in sites:
                self._homes.pop(site_id, None)
            return sites
        self._layers.pop(owner, None)
        if owner is None:
            return set()
        if scope == "site":
            # Its tier may be what changed.
            self._homes.pop(owner, None)
            return {owner}
        return self._sites_of(owner)

    def _sites_of(self, owner: Owner) -> set[UUID]:
        return {
            site_id
            for site_id, home in self._homes.items()
            if owner in (home.partner_id, home.organization_id)
        }

    def clear(self) -> None:
        """Drop everything."""
        self._homes.clear()
        self._layers.clear()


def _owners(site_id: UUID, home: Tenancy) -> tuple[Owner, ...]:
    return None, home.partner_id, home.organization_id, site_id
