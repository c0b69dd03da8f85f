"""The actions that daemons take a plan by: the words of their allow-lists, by runbook, as data."""

from flywheel_server.core import agents

# The words of the daemons' allow-list, by the runbooks that they fit.
_WORDS: tuple[tuple[str, str], ...] = (
    ("RB-WIN-SEC-001", "configure_firewall"),
    ("RB-WIN-FIREWALL-", "configure_firewall"),
    ("RB-NET-SECURITY-", "configure_firewall"),
    ("LIN-FW-", "configure_firewall"),
    ("RB-WIN-SEC-005", "enable_bitlocker"),
    ("RB-WIN-ENCRYPTION-", "enable_bitlocker"),
    ("RB-WIN-SEC-002", "fix_audit_policy"),
    ("RB-WIN-SEC-012", "fix_audit_policy"),
    ("RB-WIN-LOGGING-", "fix_audit_policy"),
    ("LIN-AUDIT-", "fix_audit_policy"),
    ("RB-WIN-SEC-006", "enable_defender"),
    ("RB-WIN-SEC-017", "enable_defender"),
    ("RB-WIN-AV-", "enable_defender"),
    ("RB-WIN-ACCESS-", "fix_permissions"),
    ("LIN-PERM-", "fix_permissions"),
    ("LIN-SUID-", "fix_permissions"),
    ("LIN-LOG-", "enable_service"),
    ("RB-WIN-SVC-", "restart_service"),
    ("LIN-SVC-", "restart_service"),
)


def word(runbook_id: str, agent_version: str) -> str | None:
    """Return the action that an agent accepts for a runbook; None: it has no fitting one.

    Older daemons refuse ``execute_runbook``, and an unknown one may be older: both take the words.
    """
    agent = agents.of(agent_version)
    if agent not in {agents.OLDER_DAEMON, agents.UNKNOWN}:
        return "execute_runbook"
    fitting = (word for prefix, word in _WORDS if runbook_id.startswith(prefix))
    return next(fitting, None)
