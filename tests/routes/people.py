"""Example requests of those who manage people, keys and webhooks, and of whoever signs in."""

import secrets
from typing import Any

from tests.cast import CastSite
from tests.hooks import NOWHERE
from tests.routes.stage import ADMIN, Builder, Example, Stage, admin


def _new_email() -> str:
    return f"person-{secrets.token_hex(8)}@example.com"


def _of_colleague(home: str, template: str, status: int) -> Builder:
    return lambda stage, _site: Example(
        path=template.replace("{id}", str(stage.colleagues[home])), status=status
    )


def _of_webhook(home: str, prefix: str, path: str, body: Any, status: int) -> Builder:
    def build(stage: Stage, _site: CastSite) -> Example:
        kept, spare = stage.webhooks[home]
        id = spare.id if status == 204 else kept.id
        return Example(
            path=prefix + path.format(id=id, delivery_id=kept.delivery_id), body=body, status=status
        )

    return build


EXAMPLES: dict[str, Builder] = {
    # ---- people, for those who manage them
    "GET /api/admin/users": admin("users"),
    "GET /api/admin/users/{id}": _of_colleague("partner", f"{ADMIN}/users/{{id}}", 200),
    "PATCH /api/admin/users/{id}": lambda stage, _site: Example(
        path=f"{ADMIN}/users/{stage.colleagues['partner']}", body={"role": "technician"}
    ),
    "POST /api/admin/users": lambda stage, _site: Example(
        path=f"{ADMIN}/users",
        body={
            "email": _new_email(),
            "role": "owner",
            "partner_id": str(stage.cast.partners[0].id),
        },
        status=201,
    ),
    "POST /api/partners/me/users": lambda _stage, _site: Example(
        path="/api/partners/me/users", body={"email": _new_email(), "role": "viewer"}, status=201
    ),
    "GET /api/partners/me/users": lambda _stage, _site: Example(path="/api/partners/me/users"),
    "POST /api/client/users": lambda _stage, _site: Example(
        path="/api/client/users", body={"email": _new_email(), "role": "viewer"}, status=201
    ),
    "GET /api/client/users": lambda _stage, _site: Example(path="/api/client/users"),
    **{
        f"POST {prefix}/{{id}}/{verb}": _of_colleague(home, f"{prefix}/{{id}}/{verb}", status)
        for home, prefix in (
            ("operator", "/api/admin/users"),
            ("partner", "/api/partners/me/users"),
            ("client", "/api/client/users"),
        )
        for verb, status in (("invitation", 201), ("links", 201), ("disable", 200), ("enable", 200))
    },
    **{
        f"DELETE {prefix}/{{id}}/sessions": _of_colleague(home, f"{prefix}/{{id}}/sessions", 200)
        for home, prefix in (
            ("operator", "/api/admin/users"),
            ("partner", "/api/partners/me/users"),
            ("client", "/api/client/users"),
        )
    },
    "GET /api/partners/me/keys": lambda _stage, _site: Example(path="/api/partners/me/keys"),
    "POST /api/partners/me/keys": lambda _stage, _site: Example(
        path="/api/partners/me/keys", body={"label": "tickets"}, status=201
    ),
    "POST /api/partners/me/keys/{id}/rotate": lambda stage, _site: Example(
        path=f"/api/partners/me/keys/{stage.partner_keys[0].id}/rotate", status=201
    ),
    "DELETE /api/partners/me/keys/{id}": lambda stage, _site: Example(
        path=f"/api/partners/me/keys/{stage.partner_keys[1].id}", status=204
    ),
    **{
        f"{verb} {prefix}{path}": _of_webhook(home, prefix, path, body, status)
        for home, prefix in (
            ("operator", "/api/admin/webhooks"),
            ("partner", "/api/partners/me/webhooks"),
        )
        for verb, path, body, status in (
            ("POST", "", {"url": NOWHERE, "kinds": ["rule.withdrawn"]}, 201),
            ("GET", "", None, 200),
            ("PATCH", "/{id}", {"label": "on call"}, 200),
            ("DELETE", "/{id}", None, 204),
            ("GET", "/{id}", None, 200),
            ("GET", "/{id}/deliveries", None, 200),
            ("POST", "/{id}/deliveries/{delivery_id}/retry", None, 200),
            ("POST", "/{id}/rotate", {"overlap_hours": 1}, 201),
            ("POST", "/{id}/test", None, 202),
        )
    },
    # ---- signing in: what nobody can do without the right words is refused
    "POST /api/auth/sign-in": lambda _stage, _site: Example(
        path="/api/auth/sign-in",
        body={"email": "nobody@example.com", "password": "no password of anybody"},
        status=401,
    ),
    "POST /api/auth/accept-invitation": lambda _stage, _site: Example(
        path="/api/auth/accept-invitation",
        body={"token": "no-token", "password": "a long sentence of words"},
        status=401,
    ),
    "POST /api/auth/links": lambda _stage, _site: Example(
        path="/api/auth/links", body={"email": "nobody@example.com"}, status=202
    ),
    "POST /api/auth/links/redeem": lambda _stage, _site: Example(
        path="/api/auth/links/redeem", body={"token": "no-token"}, status=401
    ),
    "GET /api/auth/session": lambda _stage, _site: Example(path="/api/auth/session"),
    "GET /api/auth/sessions": lambda _stage, _site: Example(path="/api/auth/sessions"),
    "DELETE /api/auth/sessions/{id}": lambda stage, _site: Example(
        path=f"/api/auth/sessions/{stage.spare.id}", status=404
    ),
    "POST /api/auth/password": lambda _stage, _site: Example(
        path="/api/auth/password",
        body={"current": "not this one", "new": "a long sentence of words"},
        status=422,
    ),
    "POST /api/auth/sign-out": lambda _stage, _site: Example(path="/api/auth/sign-out", status=204),
    "DELETE /api/auth/sessions": lambda _stage, _site: Example(path="/api/auth/sessions"),
}
