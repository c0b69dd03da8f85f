"""Webhooks of partners, managed by their owners: told of their own tenants alone."""

from flywheel_server.web.access import PARTNER_OWNER
from flywheel_server.webhooks.routes import routes as webhook_routes

router = webhook_routes.routes(
    "/api/partners/me/webhooks", "partners: webhooks", PARTNER_OWNER, PARTNER_OWNER
)
