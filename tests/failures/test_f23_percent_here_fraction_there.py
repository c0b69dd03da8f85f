"""F23: thresholds of 90 met rates of 0.9.

Only counts are stored, and thresholds are fractions. Broken on purpose by raising the bound of
`platform_min_success_rate` to 100 in `policy.model`.
"""

from typing import Any

import httpx
import pytest

from tests.cast import Cast


@pytest.mark.parametrize("name", ["site_min_success_rate", "platform_min_success_rate"])
async def test_f23_a_percentage_is_refused_as_a_threshold(
    client: httpx.AsyncClient, cast: Cast, name: str
) -> None:
    answer = await client.put(
        "/api/admin/flywheel/policy",
        json={name: 90, "reason": "Ninety per cent."},
        headers=cast.admin.headers,
    )

    assert answer.status_code == 422
    assert name in answer.text


async def test_f23_no_rate_is_stored(owner: Any) -> None:
    stored = await owner.fetch(
        "SELECT attrelid::regclass::text AS table, attname FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND a.attgenerated = '' AND a.attname ~ '(rate|percent|share)'"
    )
    assert stored == []
