"""The demonstration's tenants: made once through the operator API, remembered with their keys.

Every step is written down before the next is made, so an interrupted start is continued.
"""

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flywheel_server.core import errors
from simulator.appliance import Host, Identity
from simulator.messages import Dialect
from simulator.operator_api import OperatorApi

# Partner, its organizations, their sites with the healing tier.
_TENANTS: dict[str, dict[str, dict[str, str]]] = {
    "Harbor IT": {
        "Lakeside Dental": {"demo-lakeside": "full_coverage"},
        "Maple Street Clinic": {"demo-maple-north": "standard", "demo-maple-south": "standard"},
        "Riverbend Pharmacy": {"demo-riverbend": "standard"},
        "Old Mill Bakery": {"demo-old-mill": "standard"},
    },
    "Summit Managed Systems": {
        "Pinewood Veterinary": {"demo-pinewood": "full_coverage"},
        "Copper Hill Accounting": {"demo-copper-hill": "standard"},
        "Bluewater Logistics": {
            "demo-bluewater-depot": "standard",
            "demo-bluewater-office": "standard",
        },
    },
}
# By their rank within a site. Only the newer daemon tells the truth about its L2 heals.
_DIALECTS = (
    Dialect.GO_NEWER,
    Dialect.GO_NEWER,
    Dialect.PYTHON,
    Dialect.GO_NEWER,
    Dialect.GO_OLDER,
)
_VERSION = 1


@dataclass(slots=True, kw_only=True)
class World:
    """What has been made so far; the ids and keys are the server's."""

    path: Path
    seed: int
    starts: int = 0
    # The operator's key of the last start, to be revoked by the next.
    operator_key_id: str | None = None
    partners: dict[str, str] = field(default_factory=dict)
    partner_keys: dict[str, str] = field(default_factory=dict)
    organizations: dict[str, str] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)
    site_keys: dict[str, str] = field(default_factory=dict)
    # Of appliances with a key of their own, by host name.
    appliance_keys: dict[str, str] = field(default_factory=dict)
    # Passwords by e-mail address.
    people: dict[str, str] = field(default_factory=dict)

    def save(self) -> None:
        """Write it down, readable by its owner only."""
        content = asdict(self) | {"version": _VERSION}
        del content["path"]
        fresh = self.path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            json.dump(content, file, indent=1)
        fresh.replace(self.path)


def remembered(path: Path) -> World | None:
    """Return the world of an earlier start, or None. Raises SetupError when it cannot be read."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
        found = World(path=path, **content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise errors.SetupError(
            f"the demo's memory {path} cannot be read ({error}): `make clean-demo` starts anew"
        ) from error
    if version != _VERSION:
        raise errors.SetupError(
            f"the demo's memory {path} is of another release: `make clean-demo` starts anew"
        )
    return found


def fresh(path: Path) -> World:
    """Return a world in which nothing has been made yet."""
    return World(path=path, seed=secrets.randbits(32))


async def complete(world: World, api: OperatorApi) -> int:
    """Make whatever the world still lacks; return how many things were made."""
    made = 0
    for partner, organizations in _TENANTS.items():
        if partner not in world.partners:
            made += 1
            world.partners[partner] = (await api.post("partners", {"name": partner}))["id"]
            world.save()
        if partner not in world.partner_keys:
            made += 1
            path = f"partners/{world.partners[partner]}/keys"
            world.partner_keys[partner] = (await api.post(path, {"label": "demo"}))["key"]
            world.save()
        for organization, sites in organizations.items():
            if organization not in world.organizations:
                made += 1
                body = {"partner_id": world.partners[partner], "name": organization}
                world.organizations[organization] = (await api.post("organizations", body))["id"]
                world.save()
            for slug, tier in sites.items():
                made += await _site(world, api, organization, slug, tier)
    return made


def members(world: World, count: int) -> list[tuple[Identity, str]]:
    """Return the appliances of the world, each with its own key or else its site's."""
    return [_member(world, number) for number in range(count)]


async def _site(world: World, api: OperatorApi, organization: str, slug: str, tier: str) -> int:
    made = 0
    if slug not in world.sites:
        made += 1
        body = {
            "site_id": slug,
            "organization_id": world.organizations[organization],
            "name": slug.removeprefix("demo-").replace("-", " ").capitalize(),
            "healing_tier": tier,
        }
        world.sites[slug] = await _made_or_found(api, body)
        world.save()
    if slug not in world.site_keys:
        made += 1
        # The wire's name of a site stands in paths wherever its id does.
        answer = await api.post(f"sites/{world.sites[slug]}/keys", {"label": "demo fleet"})
        world.site_keys[slug] = answer["key"]
        world.save()
    return made


async def _made_or_found(api: OperatorApi, body: dict[str, Any]) -> str:
    """Make a site, or find the one that an interrupted start made without writing it down."""
    try:
        return str((await api.post("sites", body))["id"])
    except errors.AlreadyExists:
        async for site in api.pages("sites"):
            if site["site_id"] == body["site_id"]:
                return str(site["id"])
        raise


def _member(world: World, number: int) -> tuple[Identity, str]:
    slugs = list(world.site_keys)
    index, rank = number % len(slugs), number // len(slugs)
    slug = slugs[index]
    short = slug.removeprefix("demo-")
    # A locally administered address, and a key pair of which only the public half is ever sent.
    mac = f"02:00:5e:10:{number // 256:02x}:{number % 256:02x}"
    secret = hashlib.sha256(f"{world.seed}:{number}".encode()).digest()
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    identity = Identity(
        site_id=slug,
        site_index=index,
        rank=rank,
        hostname=f"{short}-appliance-{rank + 1}",
        mac=mac,
        public_key=public.hex(),
        secret=secret,
        dialect=_DIALECTS[rank % len(_DIALECTS)],
        hosts=(
            Host(name=f"{short}-ws-1".upper(), platform="windows"),
            Host(name=f"{short}-ws-2".upper(), platform="windows"),
            Host(name=f"{short}-srv-1", platform="linux"),
        ),
    )
    return identity, world.appliance_keys.get(identity.hostname, world.site_keys[slug])
