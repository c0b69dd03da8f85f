"""The operator API as a tool uses it: a token, JSON in and out, lists read page by page."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import httpx

from flywheel_server.core import errors

_PAGE = 200


class OperatorApi:
    """Calls under ``/api/admin`` with one operator's token."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        """Take a client whose base address is the server, and an operator's token."""
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create or do something. Raises AlreadyExists for 409, Unavailable for other refusals."""
        return await self._call("POST", f"/api/admin/{path}", json=body)

    async def get(self, path: str, **params: str | int) -> dict[str, Any]:
        """Return one object or one page. Raises Unavailable when it is refused."""
        return await self._call("GET", f"/api/admin/{path}", params=params)

    async def set_l2_mode(self, site_id: str, appliance_id: str, mode: str) -> None:
        """Set what an appliance does when no rule matches. Raises Unavailable when refused."""
        path = f"/api/sites/{site_id}/appliances/{appliance_id}/l2-mode"
        await self._call("PATCH", path, json={"l2_mode": mode})

    async def pages(self, path: str, **params: str | int) -> AsyncIterator[dict[str, Any]]:
        """Yield every item of a list."""
        page = await self.get(path, limit=_PAGE, **params)
        while True:
            for item in page["items"]:
                yield item
            if page.get("next") is None:
                return
            page = await self.get(path, limit=_PAGE, next=page["next"], **params)

    async def accept_invitation(self, token: str, password: str) -> None:
        """Set the password of somebody invited, as they would. Raises Unavailable when refused."""
        try:
            opened = await self._send(
                "POST", "/api/auth/accept-invitation", json={"token": token, "password": password}
            )
            # Nobody looks at a page yet: their list of sessions shall begin empty. The cookie is
            # named by hand, for clients keep a secure one from addresses that are not encrypted.
            cookies = "; ".join(f"{name}={value}" for name, value in opened.cookies.items())
            own = {"X-CSRF-Token": str(opened.json()["csrf_token"]), "Cookie": cookies}
            self._http.cookies.clear()
            await self._send("POST", "/api/auth/sign-out", headers=own)
        finally:
            self._http.cookies.clear()

    async def _call(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        answer = await self._send(method, path, headers=self._headers, **how)
        content: dict[str, Any] = answer.json()
        return content

    async def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **how)
        except httpx.HTTPError as error:
            raise errors.Unavailable(f"the server did not answer {method} {path}") from error
        if answer.status_code == HTTPStatus.CONFLICT:
            raise errors.AlreadyExists(answer.text)
        if answer.is_error:
            raise errors.Unavailable(
                f"the server answered {method} {path} with {answer.status_code}: {answer.text}"
            )
        return answer
