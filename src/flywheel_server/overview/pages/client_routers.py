"""The routers of clients' pages."""

from flywheel_server.accounts.pages import changes, people
from flywheel_server.learning.pages import (
    client_candidates as candidates,
    client_sharing as sharing,
)
from flywheel_server.overview.pages import client_healing as healing
from flywheel_server.rules.pages import client_rules as rules

ROUTERS = (
    healing.router,
    candidates.router,
    rules.router,
    changes.clients,
    sharing.router,
    people.clients,
)
