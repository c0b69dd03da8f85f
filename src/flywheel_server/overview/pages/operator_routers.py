"""Every router of operators' pages."""

from flywheel_server.accounts.pages import (
    operator_audit as audit,
    operator_people as people,
    operator_tenants as tenants,
)
from flywheel_server.evidence.pages import operator_evidence as evidence
from flywheel_server.fleet.pages import operator_tenant_pages as tenant_pages
from flywheel_server.learning.pages import (
    operator_candidates as candidates,
    operator_learning as learning,
    operator_policy as policy,
    operator_unresolved as unresolved,
)
from flywheel_server.overview.pages import (
    operator_fleet as fleet,
    operator_overview as overview,
    operator_runs as runs,
)
from flywheel_server.plans.pages import operator_plans as plans
from flywheel_server.rules.pages import (
    operator_custom_rules as custom_rules,
    operator_rules as rules,
    operator_runbooks as runbooks,
)
from flywheel_server.webhooks import pages as webhooks

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
