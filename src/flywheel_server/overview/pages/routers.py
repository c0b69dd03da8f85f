"""Every router of the pages, on one list: everybody's, then each kind of people's."""

from flywheel_server.accounts.pages import account, changes, partner_keys as keys, people, sign_in
from flywheel_server.evidence.pages import evidence
from flywheel_server.learning.model import decisions as candidates
from flywheel_server.learning.pages import (
    partner_bulk as bulk,
    partner_decisions as decisions,
    partner_rules as rules,
)
from flywheel_server.overview.pages import (
    client_routers as clients,
    live,
    operator_routers as operators,
    partner_fleet as fleet,
    partner_learning as learning,
)
from flywheel_server.plans.pages import plans
from flywheel_server.rules.pages import partner_platform_rules as platform_rules
from flywheel_server.web.pages import files, frame, reports
from flywheel_server.webhooks import pages as webhooks

# Templates of several rooms show candidates.
frame.add_filters({"state": candidates.state_in_words})

_EVERYBODY = (sign_in.router, account.router, live.router, files.router, reports.router)
_PARTNERS = (
    keys.router,
    # Before candidates by id would be: no path here is a template of another.
    bulk.router,
    learning.router,
    decisions.router,
    rules.router,
    platform_rules.router,
    fleet.router,
    people.partners,
    plans.partners,
    evidence.partners,
    webhooks.partners,
    changes.partners,
)
_CLIENTS = (*clients.ROUTERS, plans.clients, evidence.clients)
ROUTERS = (*_EVERYBODY, *operators.ROUTERS, *_PARTNERS, *_CLIENTS)
