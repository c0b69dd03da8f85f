"""Every router of operators' pages."""

from flywheel_server.portal import webhooks
from flywheel_server.portal.operator import (
    audit,
    candidates,
    custom_rules,
    evidence,
    fleet,
    learning,
    overview,
    people,
    plans,
    policy,
    rules,
    runbooks,
    runs,
    tenant_pages,
    tenants,
    unresolved,
)

ROUTERS = (
    overview.router,
    learning.router,
    candidates.router,
    # Before rules by id, or that would be one.
    custom_rules.router,
    rules.router,
    fleet.router,
    runs.router,
    unresolved.router,
    runbooks.router,
    policy.router,
    tenants.router,
    tenant_pages.router,
    people.router,
    audit.router,
    plans.router,
    evidence.router,
    webhooks.operators,
)
