"""The demonstration's appliances with keys of their own: the cautious one, and older daemons.

Only with its own key does the server know which appliance of a site asks or reports: the cautious
one is set to manual, and what older daemons claim casts no doubt on their neighbours' words.
"""

import random

import httpx

from flywheel_server.core import errors
from simulator import world as worlds
from simulator.appliance import Appliance, Identity
from simulator.link import Link
from simulator.messages import Dialect
from simulator.operator_api import OperatorApi
from simulator.world import World

_CAUTIOUS_SITE, _CAUTIOUS_RANK = "demo-lakeside", 1


async def complete(world: World, api: OperatorApi, http: httpx.AsyncClient, count: int) -> int:
    """Give those of the first ``count`` appliances their keys once; return how many got one.

    A mode that a person changes later stays as it is.
    """
    made = 0
    for identity, key in worlds.members(world, count):
        older = identity.dialect is Dialect.GO_OLDER
        if identity.hostname in world.appliance_keys or not (older or _cautious(identity)):
            continue
        appliance = Appliance(identity, random.Random(world.seed))  # noqa: S311 - it draws nothing
        await Link(http, key, appliance).check_in(0)
        if appliance.appliance_id is None:
            raise errors.Unavailable(f"the first check-in of {identity.hostname} was refused")
        if _cautious(identity):
            await api.set_l2_mode(identity.site_id, appliance.appliance_id, "manual")
        label = "asks before it heals" if _cautious(identity) else "older daemon"
        body = {"label": label, "appliance_id": appliance.appliance_id}
        answer = await api.post(f"sites/{world.sites[identity.site_id]}/keys", body)
        world.appliance_keys[identity.hostname] = answer["key"]
        world.save()
        made += 1
    return made


def _cautious(identity: Identity) -> bool:
    return identity.site_id == _CAUTIOUS_SITE and identity.rank == _CAUTIOUS_RANK
