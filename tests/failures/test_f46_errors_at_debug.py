"""F46: steps failed silently for months.

Broken on purpose by logging at debug in `loop.turns._run_step` (the log is quiet), by recording no
error (page and figures are green), and by re-raising there (the other steps do not run).
"""

from typing import Any

import httpx
import structlog

from tests import telemetry
from tests.cast import Cast


async def test_f46_a_failing_step_stops_no_other_and_shows_everywhere(
    client: httpx.AsyncClient, cast: Cast, owner: Any
) -> None:
    await telemetry.send(client, cast.site, telemetry.executions(3))
    await owner.execute("REVOKE INSERT ON platform_pattern_sites FROM flywheel_loop")

    with structlog.testing.capture_logs() as logs:
        response = await client.post("/api/admin/flywheel/run", headers=cast.admin.headers)

    await owner.execute("GRANT INSERT ON platform_pattern_sites TO flywheel_loop")
    steps = {step["name"]: step for step in response.json()["steps"]}
    assert "InsufficientPrivilege" in steps["aggregate_platform"]["error"]
    assert [name for name, step in steps.items() if step["error"]] == ["aggregate_platform"]
    assert steps["generate_patterns"]["rows_in"] == 3
    (logged,) = [each for each in logs if each["event"] == "a step of the loop failed"]
    assert (logged["log_level"], logged["step"]) == ("error", "aggregate_platform")
    (run,) = await telemetry.items(client, cast.admin, "flywheel/runs?failed=true")
    assert run["step"] == "aggregate_platform"
    figures = (await client.get("/metrics")).text
    assert 'flywheel_loop_step_failed{step="aggregate_platform"} 1.0' in figures
    assert 'flywheel_loop_step_failed{step="generate_patterns"} 0.0' in figures
    # Nothing was lost: the next turn takes what the failed one could not.
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert pattern["occurrences"] == 3
