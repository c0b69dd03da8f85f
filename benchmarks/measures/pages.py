"""How long the server takes for each page that a navigation leads to, with a large fleet's data.

Two hundred times the demo's sites, with a hundred appliances for each of its own, a million
executions, and a partner whose clients have hundreds of candidates waiting.
"""

import asyncio
import os
import re
import statistics
import sys
import time
from urllib.parse import parse_qs, urlsplit

import httpx

from benchmarks.measures import turn
from benchmarks.measures.memory import REGISTER
from benchmarks.results import Measure, Sample
from benchmarks.stage import Stage, serving
from flywheel_server.core import db
from flywheel_server.web.pages import viewers

_MOST_MS = 200
_MOST_KIB = 100
_APPLIANCES_A_SITE = 2
# Pages that are a log: a row for each thing that happened.
_LOGS = frozenset(
    {
        "/partner/learning/history",
        "/partner/audit",
        "/client/healing",
        "/client/audit",
        "/operator/audit",
    }
)
# Pages of one thing: the list that leads there, and how their addresses begin.
_DETAILS = {
    "partner": (
        ("/partner/learning", "/partner/learning/candidates/"),
        ("/partner/learning/rules", "/partner/learning/rules/"),
        ("/partner/fleet", "/partner/fleet/"),
        ("/partner/evidence", "/partner/evidence/"),
    ),
    "client": (
        ("/client/candidates", "/client/candidates/"),
        ("/client/evidence", "/client/evidence/"),
    ),
    "operator": (
        ("/operator/learning", "/operator/learning/"),
        ("/operator/candidates", "/operator/candidates/"),
        ("/operator/rules", "/operator/rules/"),
        ("/operator/fleet", "/operator/fleet/"),
        ("/operator/tenants", "/operator/tenants/"),
    ),
}
_MORE = {"partner": ("/partner/learning/rules", "/partner/learning/history")}

# What only the clients of one partner have: too few organizations for the platform to promote it.
_LOCAL = """
INSERT INTO executions (
    site_id, execution_id, received_at, evidence_at, occurred_at, level, incident_id,
    incident_type, hostname, reported_id, outcome, verified
)
SELECT
    s.id, 'local-' || n, now(), now(), now(), 'L2', 'incident-local-' || n,
    'local_type_' || n % 20, 'ws-' || (n / 20) % 5, r.runbook_id, 'success', true
FROM (
    SELECT t.id
    FROM sites t
    JOIN organizations o ON o.id = t.organization_id
    WHERE o.partner_id = $1
    ORDER BY o.name, t.slug
    LIMIT 8
) s
CROSS JOIN generate_series(1, 700) n
CROSS JOIN (
    SELECT b.runbook_id FROM runbooks b WHERE b.executable ORDER BY b.runbook_id LIMIT 1
) r
"""
_TENANTS = """
SELECT p.id AS partner_id, (
    SELECT o.id FROM organizations o WHERE o.partner_id = p.id ORDER BY o.name LIMIT 1
) AS organization_id
FROM partners p
WHERE p.name = 'Partner 1'
"""


async def run(stage: Stage) -> list[Measure]:
    rows = stage.count(1_000_000, 100_000)
    measure = Measure(name=f"pages, {len(stage.sites):,} sites, {rows:,} executions", unit="ms")
    async with stage.copy("bench_pages") as name:
        async with stage.owner(name) as connection:
            tenants = await connection.fetchrow(_TENANTS)
            assert tenants is not None
        await _fill(stage, name, rows, str(tenants["partner_id"]))
        async with serving(stage, name, loop="false") as server:
            token = await _operator_token(stage.url(name))
            people = {
                "operator": {"role": "admin"},
                "partner": {"role": "owner", "partner_id": str(tenants["partner_id"])},
                "client": {"role": "admin", "organization_id": str(tenants["organization_id"])},
            }
            for kind, body in people.items():
                async with httpx.AsyncClient(
                    base_url=server.url, timeout=60, trust_env=False
                ) as http:
                    await _sign_in(http, token, f"{kind}@example.com", body)
                    for path in await _paths(http, kind):
                        await _time(http, path, stage.rounds(9), measure)
    return [measure]


async def _fill(stage: Stage, name: str, rows: int, partner_id: str) -> None:
    await turn.fill(stage, name, range(1, rows + 1), rows)
    async with stage.owner(name) as connection:
        await connection.execute(_LOCAL, partner_id)
        await connection.execute(
            REGISTER, [site.id for site in stage.sites], _APPLIANCES_A_SITE, None, timeout=120
        )
    database = await db.open_database(stage.url(name), statement_timeout=600)
    for _ in range(2):
        await turn.take_turn(database)
    await database.close()
    async with stage.owner(name) as connection:
        await connection.execute("VACUUM (ANALYZE)")


async def _operator_token(url: str) -> str:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("FLYWHEEL_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flywheel_server", "operator", "create",
        "--email", "bench@example.com",
        env=kept | {"FLYWHEEL_DATABASE_URL": url}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    return output.decode().split()[-1]


async def _sign_in(http: httpx.AsyncClient, token: str, email: str, body: dict[str, str]) -> None:
    """Invite somebody and follow the invitation; the client keeps the session's cookie."""
    invited = await http.post(
        "/api/admin/users", json={"email": email, **body}, headers={"X-API-Key": token}
    )
    link = invited.raise_for_status().json()["invitation_link"]
    answer = await http.post(
        "/api/auth/accept-invitation",
        json={
            "token": parse_qs(urlsplit(link).query)["token"][0],
            "password": "a long enough one for a benchmark",
        },
    )
    answer.raise_for_status()


async def _paths(http: httpx.AsyncClient, kind: str) -> list[str]:
    """Return the address of every list, and of the first of each thing that a list leads to."""
    lists = [path for _, path, _ in viewers.NAVIGATION[kind]]
    for path in tuple(lists):
        lists += [each for _, each in viewers.TABS.get(path, ()) if each not in lists]
    lists += _MORE.get(kind, ())
    found = []
    for listed, beginning in _DETAILS[kind]:
        page = (await http.get(listed)).raise_for_status().text
        links = re.findall(f'"({beginning}[0-9a-f-]{{16,}})"', page)
        found += links[:1]
    return lists + found


async def _time(http: httpx.AsyncClient, path: str, rounds: int, measure: Measure) -> None:
    name = _name(path)
    (await http.get(path)).raise_for_status()
    times = []
    size = 0
    for _ in range(max(rounds, 3)):
        began = time.perf_counter()
        answer = await http.get(path)
        times.append(1000 * (time.perf_counter() - began))
        size = len(answer.raise_for_status().content)
    measure.samples[name] = [Sample(value=each) for each in times]
    measure.limits[name] = _MOST_MS
    print(f"    {name} {statistics.median(times):,.1f} ms, {size / 1024:,.0f} KiB", flush=True)
    if path not in _LOGS and size > _MOST_KIB * 1024:
        measure.notes.append(f"{name}: {size / 1024:,.0f} KiB, more than {_MOST_KIB}")


def _name(path: str) -> str:
    """Return a page's path with the last part of a thing's own left out."""
    return re.sub("[0-9a-f-]{16,}", "…", path)
