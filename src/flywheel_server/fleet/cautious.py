"""The demonstration's one appliance whose plans wait for a person: set to manual, with its own key.

Only with a key of its own does the server know which appliance of a site asks.
"""

import random

import httpx

from flywheel_server import errors
from flywheel_server.fleet import world as worlds
from flywheel_server.fleet.appliance import Appliance
from flywheel_server.fleet.link import Link
from flywheel_server.fleet.operator_api import OperatorApi
from flywheel_server.fleet.world import World

_SITE = "demo-lakeside"


async def complete(world: World, api: OperatorApi, http: httpx.AsyncClient, count: int) -> int:
    """Set it to manual once, if it is among the first ``count``; return how many were set.

    Whoever changes its mode later is not contradicted.
    """
    found = next(
        (
            (identity, key)
            for identity, key in worlds.members(world, count)
            if identity.site_id == _SITE and identity.rank == 1
        ),
        None,
    )
    if found is None or found[0].hostname in world.appliance_keys:
        return 0
    identity, key = found
    appliance = Appliance(identity, random.Random(world.seed))  # noqa: S311 - it draws nothing
    await Link(http, key, appliance).check_in(0)
    if appliance.appliance_id is None:
        raise errors.Unavailable(f"the first check-in of {identity.hostname} was refused")
    await api.set_l2_mode(identity.site_id, appliance.appliance_id, "manual")
    body = {"label": "asks before it heals", "appliance_id": appliance.appliance_id}
    answer = await api.post(f"sites/{world.sites[_SITE]}/keys", body)
    world.appliance_keys[identity.hostname] = answer["key"]
    world.save()
    return 1
