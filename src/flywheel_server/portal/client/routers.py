"""The routers of clients' pages."""

from flywheel_server.portal import people
from flywheel_server.portal.client import audit, candidates, healing, rules, sharing

ROUTERS = (
    healing.router,
    candidates.router,
    rules.router,
    audit.router,
    sharing.router,
    people.clients,
)
