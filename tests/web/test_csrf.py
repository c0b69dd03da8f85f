"""A session's change needs its token, whatever the content type: other sites can post many.

Broken on purpose: without the token for ``multipart/form-data`` and ``text/plain``.
"""

import httpx
import pytest

from tests.cast import Cast

KEYS = "/api/partners/me/keys"
PAGE = "/partner/keys"
FORGED = "urn:flywheel:problem:not-from-our-pages"
BODY = b'{"label": "tickets"}'
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="label"\r\n\r\ntickets\r\n--b--\r\n'
TYPES = {
    "application/json": BODY,
    "application/x-www-form-urlencoded": b"label=tickets",
    "multipart/form-data; boundary=b": MULTIPART,
    "Multipart/Form-Data; boundary=b": MULTIPART,
    "text/plain": BODY,
    "text/plain; charset=utf-8": BODY,
    "application/octet-stream": BODY,
    "application/csp-report": BODY,
    "": BODY,
}


@pytest.mark.parametrize("path", [KEYS, PAGE])
@pytest.mark.parametrize("kind", TYPES)
async def test_no_content_type_changes_anything_without_the_sessions_token(
    client: httpx.AsyncClient, cast: Cast, path: str, kind: str
) -> None:
    person = cast.people["partner owner"]
    answer = await client.post(
        path, content=TYPES[kind], headers=person.cookie | ({"Content-Type": kind} if kind else {})
    )
    assert answer.status_code == 403, answer.text
    listed = await client.get(KEYS, headers=person.headers)
    assert [key["label"] for key in listed.json()["items"]] == ["a key of the cast"]


async def test_a_form_carries_the_token_in_a_field_of_either_encoding(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    person = cast.people["partner owner"]
    fields = {"csrf_token": person.headers["X-CSRF-Token"], "label": "tickets"}
    for sent in ({"data": fields}, {"files": {name: (None, fields[name]) for name in fields}}):
        answer = await client.post(KEYS, headers=person.cookie, **sent)
        # What is a form is no JSON; it was let in to hear of that.
        assert answer.status_code in {415, 422}, answer.text
        assert answer.json()["type"] != FORGED
