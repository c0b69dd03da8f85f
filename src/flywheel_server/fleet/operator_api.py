"""The operator API as a tool uses it: a token, JSON in and out, lists read page by page."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import httpx

from flywheel_server import errors

_PAGE = 200


class OperatorApi:
    """Calls under ``/api/admin`` with one operator's token."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        """Take a client whose base address is the server, and an operator's token."""
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create or do something. Raises AlreadyExists for 409, Unavailable for other refusals."""
        return await self._call("POST", path, json=body)

    async def get(self, path: str, **params: str | int) -> dict[str, Any]:
        """Return one object or one page. Raises Unavailable when it is refused."""
        return await self._call("GET", path, params=params)

    async def pages(self, path: str, **params: str | int) -> AsyncIterator[dict[str, Any]]:
        """Yield every item of a list."""
        page = await self.get(path, limit=_PAGE, **params)
        while True:
            for item in page["items"]:
                yield item
            if page.get("next") is None:
                return
            page = await self.get(path, limit=_PAGE, next=page["next"], **params)

    async def _call(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(
                method, f"/api/admin/{path}", headers=self._headers, **how
            )
        except httpx.HTTPError as error:
            raise errors.Unavailable(f"the server did not answer {method} {path}") from error
        if answer.status_code == HTTPStatus.CONFLICT:
            raise errors.AlreadyExists(answer.text)
        if answer.is_error:
            raise errors.Unavailable(
                f"the server answered {method} {path} with {answer.status_code}: {answer.text}"
            )
        content: dict[str, Any] = answer.json()
        return content
