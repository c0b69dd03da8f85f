"""Ids under which agents only look: nothing that they report under one heals."""

# Runbooks that only look, each with an example of what is sent under it: the newer daemon names the
# runbook, the older one the compiled rule that runs it. "Success" there means that it looked.
DETECT_ONLY: dict[str, str] = {
    "LIN-ACCT-001": '{"runbook_id":"LIN-ACCT-001","resolution_level":"L2","success":true}',
    "LIN-FW-001": '{"runbook_id":"L1-LIN-FW-001","incident_type":"linux_firewall",'
    '"resolution_level":"L1","duration_seconds":0,"success":true}',
    "LIN-INTEGRITY-001": '{"runbook_id":"LIN-INTEGRITY-001","resolution_level":"L2",'
    '"success":true}',
    "LIN-IR-001": '{"runbook_id":"L1-LIN-IR-001","resolution_level":"L1","success":true}',
    "LIN-MAC-001": '{"runbook_id":"LIN-MAC-001","resolution_level":"L1","success":true}',
    "LIN-NTP-001": '{"runbook_id":"L1-LIN-NTP-001","resolution_level":"L1","success":true}',
    "LIN-PATCH-001": '{"runbook_id":"run_linux_runbook:LIN-PATCH-001","resolution_level":"L1",'
    '"success":true}',
    "LIN-SVC-001": '{"runbook_id":"L1-LIN-SVC-001","resolution_level":"L1","success":true}',
    "LIN-SVC-002": '{"runbook_id":"LIN-SVC-002","resolution_level":"L1","success":true}',
}


# Compiled rules that run one of these.
DETECT_ONLY_RULES: dict[str, str] = {
    "L1-LIN-FW-001": "LIN-FW-001",
    "L1-LIN-IR-001": "LIN-IR-001",
    "L1-LIN-NTP-001": "LIN-NTP-001",
    "L1-LIN-SVC-001": "LIN-SVC-001",
}


def only_looks(reported_id: str) -> bool:
    """Say whether an id, a colon form of it included, names what detects and never heals."""
    named = reported_id.rpartition(":")[2]
    return DETECT_ONLY_RULES.get(named, named) in DETECT_ONLY
