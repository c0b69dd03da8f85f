"""The one place where things are wired: every router on one page."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from importlib import metadata
from uuid import uuid4

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from flywheel_server import assembly, loop
from flywheel_server.accounts.routes import (
    auth,
    operator_accounts as admin_accounts,
    operator_audit as admin_audit,
    operator_keys as admin_keys,
    partner_keys,
    people,
    tenant_audit,
)
from flywheel_server.core.settings import Settings
from flywheel_server.edge.fast_path import FastPath
from flywheel_server.evidence.routes import (
    agent_evidence,
    evidence,
    evidence_figures,
    evidence_keys,
    operator_anchors as admin_evidence_anchors,
    operator_evidence as admin_evidence,
)
from flywheel_server.executions.routes import (
    agent_executions,
    agent_incidents,
    agent_orders,
    client_healing,
    orders,
)
from flywheel_server.fleet.routes import (
    agent_checkin,
    agent_logs,
    agent_reports,
    operator_appliances as admin_appliances,
    operator_sites as admin_sites,
    quotas,
    shared_learning,
    site_appliances,
)
from flywheel_server.learning.routes import (
    client_learning,
    operator_candidates as admin_candidates,
    operator_learning as admin_learning,
    operator_policy as admin_policy,
    operator_unclassified as admin_unclassified,
    operator_unresolved as admin_unresolved,
    partner_decisions,
    partner_learning,
)
from flywheel_server.loop import routes as loop_routes, turns
from flywheel_server.loop.keeper import Keeper
from flywheel_server.loop.runs import Run
from flywheel_server.overview.pages.routers import ROUTERS as PAGES
from flywheel_server.overview.routes import (
    alarms,
    health,
    operator_overview as admin_overview,
    partner_alarms,
)
from flywheel_server.plans.routes import agent_plans, operator_plans as admin_plans, plan_approvals
from flywheel_server.rules.routes import (
    agent_sync,
    alarms as rule_alarms,
    client_rules,
    declines as rule_declines,
    deliveries,
    operator_custom_rules as admin_custom_rules,
    operator_exclusions as admin_rule_exclusions,
    operator_figures as admin_rule_figures,
    operator_rules as admin_rules,
    operator_runbooks as admin_runbooks,
    remains as rule_remains,
)
from flywheel_server.web import (
    access,
    admission,
    forwarded,
    incoming,
    limits,
    openapi,
    problems,
)
from flywheel_server.web.pages import layer, trouble
from flywheel_server.web.requests import RequestLayer
from flywheel_server.web.runtime import Runtime
from flywheel_server.webhooks import sender
from flywheel_server.webhooks.routes import operator as admin_webhooks, partner as partner_webhooks

ROUTERS = (
    # The busiest first: a request is held against one route after the other.
    agent_executions.router,
    agent_checkin.router,
    agent_sync.router,
    agent_orders.router,
    # The others by name.
    admin_accounts.router,
    admin_appliances.router,
    admin_audit.router,
    admin_candidates.router,
    admin_custom_rules.router,
    admin_evidence.router,
    admin_evidence_anchors.router,
    admin_keys.router,
    admin_learning.router,
    loop_routes.router,
    admin_overview.router,
    admin_plans.router,
    admin_policy.router,
    admin_rule_exclusions.router,
    admin_rule_figures.router,
    admin_rules.router,
    admin_runbooks.router,
    admin_sites.router,
    admin_unclassified.router,
    admin_unresolved.router,
    admin_webhooks.router,
    agent_evidence.router,
    agent_incidents.router,
    agent_logs.router,
    agent_plans.router,
    agent_reports.router,
    auth.router,
    client_healing.router,
    client_rules.router,
    shared_learning.router,
    client_learning.router,
    deliveries.router,
    alarms.router,
    evidence.router,
    evidence_figures.router,
    evidence_keys.router,
    health.router,
    orders.router,
    partner_alarms.router,
    partner_decisions.router,
    partner_keys.router,
    partner_learning.router,
    partner_webhooks.router,
    people.clients,
    people.operators,
    people.partners,
    plan_approvals.clients,
    plan_approvals.partners,
    rule_alarms.router,
    rule_declines.router,
    rule_remains.router,
    quotas.router,
    site_appliances.router,
    tenant_audit.clients,
    tenant_audit.partners,
)


class Application(FastAPI):
    """FastAPI, asked for what the fast path does not answer."""

    hot: FastPath | None = None

    @property
    def entrance(self) -> ASGIApp:
        """What a server calls: the same with one step less."""
        return self.hot or self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await (self.hot or super().__call__)(scope, receive, send)


def create_app(settings: Settings, url: str, *, hot: bool = True) -> Application:
    """Return the application on the database at ``url``. Undeclared routes raise SetupError.

    Without ``hot`` the ordinary routes answer everything, in the same way and more slowly.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with assembly.opened(settings, url) as parts, _turning(app, parts):
            app.state.runtime = parts
            if app.hot is not None:
                app.hot.runtime = parts
            yield

    app = Application(
        title="Flywheel Server",
        summary="The learning control plane for self-healing fleets.",
        version=metadata.version("flywheel-server"),
        lifespan=lifespan,
        redirect_slashes=False,
        # Their pages load scripts from elsewhere; /openapi.json is for every tool.
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app, trouble.page)
    openapi.install(app)
    for router in (*ROUTERS, *PAGES):
        # Flat, not nested (`include_router`): one list to match against, and one to check.
        app.router.routes.extend(
            access.guarded(route) if isinstance(route, APIRoute) else route
            for route in router.routes
        )
    access.check_routes(app)
    table = limits.Table(limits.gates_of(settings), app.router.routes, access.traffic)
    app.add_middleware(admission.Admission, table=table, rooms=incoming.rooms())
    app.add_middleware(RequestLayer, https=settings.served_over_https)
    app.add_middleware(layer.PageHeaders)
    if hot:
        # Whom a proxy forwards for is nothing to the fast path.
        behind = forwarded.Forwarded(partial(FastAPI.__call__, app), settings.trusted_proxies)
        app.hot = FastPath(behind, table, https=settings.served_over_https)
    return app


@contextlib.asynccontextmanager
async def _turning(app: FastAPI, parts: Runtime) -> AsyncIterator[None]:
    """Take part in the loop, and hand turns on demand to the doors."""
    keeper = Keeper(parts.database, parts.settings)

    async def run_turn() -> list[Run]:
        # What this process only just answered, such as who was served a rule, is part of the turn.
        await parts.heartbeats.flush()
        return await turns.run_turn(
            parts.database, parts.settings, loop.STEPS, turn_id=uuid4(), holder=keeper.holder
        )

    app.state.run_turn = run_turn
    app.state.step_names = loop.NAMES
    # Any process notices a silence: those that turn the loop may be the ones that are gone.
    silences = sender.tell_silences(
        parts.database, parts.settings.loop_interval, health.SILENT_INTERVALS
    )
    tasks = [asyncio.create_task(silences, name="silences")]
    if parts.settings.loop:
        tasks.append(asyncio.create_task(keeper.run(), name="loop"))
        sending = sender.Sender(parts.database, parts.outgoing)
        tasks.append(asyncio.create_task(sending.run(), name="webhooks"))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
