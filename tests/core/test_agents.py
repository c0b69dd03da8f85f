"""The table of agents, and the patterns by which queries ask the same."""

import re

import pytest

from flywheel_server.core import agents


@pytest.mark.parametrize(
    ("version", "agent"),
    [
        ("0.1.0", agents.OLDER_DAEMON),
        ("0.3.9", agents.OLDER_DAEMON),
        ("v0.3", agents.OLDER_DAEMON),
        ("0", agents.OLDER_DAEMON),
        ("0-dev", agents.OLDER_DAEMON),
        ("0.3-rc1", agents.OLDER_DAEMON),
        ("0.4", agents.NEWER_DAEMON),
        ("0.4.2", agents.NEWER_DAEMON),
        ("0.10.1", agents.NEWER_DAEMON),
        ("0.30", agents.NEWER_DAEMON),
        ("1.0.51", agents.PYTHON),
        ("10.2", agents.PYTHON),
        ("", agents.UNKNOWN),
        ("nightly", agents.UNKNOWN),
    ],
)
def test_a_version_means_the_same_to_the_domain_and_to_queries(
    version: str, agent: agents.Agent
) -> None:
    assert agents.of(version) is agent
    assert bool(re.search(agents.NEVER_PULLS, version)) is not agent.pulls
    assert bool(re.search(agents.LOADS_AT_RESTART, version)) is not agent.loads_at_once
