"""What happened in a healing and why, in words for somebody who runs an office, not computers.

Only what is known is said: a rule is named where the execution leads to it, evidence where it was
written down with the decision, and a check afterwards where one was made.
"""

from dataclasses import dataclass

from flywheel_server.rules.model import origins

# What a check looks at, as the subject of a sentence.
_THINGS = {
    "audit_daemon": "the service that logs who does what",
    "audit_logging": "the log of who does what",
    "audit_policy": "the setting of what is logged",
    "autoplay_disabled": "the automatic start of disks and sticks",
    "backup": "the backup",
    "bitlocker_status": "the disk encryption",
    "browser_policy": "the settings of the browser",
    "cron_review": "the list of tasks that run by themselves",
    "defender_definitions": "the list of known viruses",
    "defender_exclusions": "the virus protection's list of exceptions",
    "dhcp_service": "the service that hands out network addresses",
    "dns_config": "the setting for finding addresses on the network",
    "dns_service": "the service that finds addresses on the network",
    "encryption": "the encryption",
    "event_log_size": "the size of the event log",
    "firewall": "the firewall",
    "firewall_status": "the firewall",
    "guest_account_disabled": "the guest account",
    "journal_limits": "the limit on the size of logs",
    "legacy_backup": "the backup",
    "linux_audit_logging": "the log of who does what",
    "linux_firewall": "the firewall",
    "linux_log_forwarding": "the forwarding of logs",
    "linux_open_ports": "the list of doors open to the network",
    "linux_user_accounts": "the list of user accounts",
    "lockout_policy": "the lock after wrong passwords",
    "network_profile": "the kind of network it believes to be on",
    "nla_required": "the sign-in for remote desktop",
    "ntlm_level": "the setting for old ways to sign in",
    "ntp_sync": "the setting of the clock",
    "package_updates": "the installing of updates",
    "password_policy": "the rules for passwords",
    "patching": "the installing of updates",
    "permissions": "the permissions of files",
    "print_spooler": "the print service",
    "rdp_security": "the security of remote desktop",
    "remote_access": "the remote access",
    "rogue_admin_users": "the list of administrators",
    "rogue_scheduled_tasks": "the list of scheduled tasks",
    "screen_lock_policy": "the screen lock",
    "screensaver_timeout": "the time after which the screen locks",
    "service_dns": "the service that finds addresses on the network",
    "service_netlogon": "the service for signing in",
    "smb1_protocol": "the old file-sharing protocol (SMBv1)",
    "smb_signing": "the signing of shared files",
    "ssh_config": "the security of remote access",
    "sshd_ciphers": "the encryption of remote access",
    "time_service": "the clock",
    "tls_versions": "the encryption of connections",
    "uac_enabled": "the question before programs change the system",
    "update_agent": "the service that installs updates",
    "usb_storage": "the lock on USB sticks",
    "windows_defender": "the virus protection",
    "windows_update": "the Windows updates",
    "windows_updates": "the Windows updates",
    "world_writable": "the permissions of files",
}
# Those whose name says itself what was wrong.
_FAULTS = {
    "critical_services": "An important service on {host} was not running.",
    "disk_cleanup": "{host} was short of disk space.",
    "disk_space": "{host} was short of disk space.",
    "net_dns_resolution": "{host} could not find addresses on the network.",
    "net_host_reachability": "{host} could not be reached.",
    "raid_degraded": "A disk of {host} had failed.",
    "service_crash": "A service on {host} had crashed.",
    "service_stopped": "A service on {host} had stopped.",
}
_UNATTEMPTED = {
    "no_credentials": "the appliance has no password for this machine",
    "auth_failure": "the machine refused the appliance's password",
    "network_error": "the machine could not be reached",
    "unclassified": "the appliance failed before a repair could begin",
}
_CLAIMED = (
    "The appliance says that it worked, but the version of its software cannot know. The next "
    "check of the machine tells."
)
_PLANNERS = {
    "rule": "because a rule says so",
    "site_history": "because it had healed this kind of fault at this site before",
    "organization_history": "because it had healed this kind of fault at another of your sites",
    "platform_history": "because it had healed this kind of fault elsewhere before",
    "model": "by asking a language model",
    "cache": "as it had for the same question before",
}
_DECIDERS = {
    "client": "{by} of your organization",
    "partner": "{by} of your IT partner",
    "operator": "{by} of the platform",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved a rule, and what was known then."""

    tier: str
    by: str
    successes: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """What is known of the rule that an execution leads to."""

    source: str
    scope: str
    tier: str | None
    name: str
    approval: Approval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What is known of the plan that an execution came of."""

    planner: str | None
    # Who approved it, where it had to wait for a person.
    decided_by: str | None
    decided_by_kind: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one execution."""

    level: str
    incident_type: str
    hostname: str
    runbook_name: str | None
    outcome: str
    # verified, observed or claimed.
    standing: str
    verified: bool | None
    duration_seconds: float | None
    error_category: str | None
    chaos: bool
    rule: RuleFacts | None
    plan: PlanFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An execution in three short texts: what was wrong, who did what about it, what came of it."""

    fault: str
    deed: str
    result: str


def story(facts: Facts) -> Story:
    """Return an execution in words."""
    return Story(
        fault=_fault(facts.incident_type, facts.hostname), deed=_deed(facts), result=_result(facts)
    )


def decider(tier: str, by: str) -> str:
    """Return who decided, with where they belong."""
    return _DECIDERS.get(tier, "{by}").replace("{by}", by)


def evidence(successes: int, attempts: int) -> str:
    """Return how often something had healed: 7 of 7 times."""
    return f"{successes:,} of {attempts:,} {'time' if attempts == 1 else 'times'}"


def _fault(incident_type: str, hostname: str) -> str:
    if incident_type in _FAULTS:
        return _FAULTS[incident_type].replace("{host}", hostname)
    if incident_type in _THINGS:
        thing = _THINGS[incident_type]
        return f"{thing[0].upper()}{thing[1:]} on {hostname} was not as it should be."
    return f"A check on {hostname} found something wrong: {incident_type.replace('_', ' ')}."


def _deed(facts: Facts) -> str:
    if facts.level == "L1":
        return _by_rule(facts)
    if facts.level == "L2":
        return _by_planner(facts)
    return {
        "success": "A person took care of it.",
        "failure": "A person tried to put it right.",
    }.get(facts.outcome, "It was handed to a person.")


def _by_rule(facts: Facts) -> str:
    rule = facts.rule
    which = "A rule on the appliance"
    if rule is not None:
        which = f"A rule that {origins.origin(rule.source, rule.scope, rule.tier)}"
    if facts.outcome == "not_attempted":
        return f"{which} was asked."
    return f"{which} {_ran(facts)}{_approved(rule)}."


def _approved(rule: RuleFacts | None) -> str:
    if rule is None or rule.approval is None:
        return ""
    approval = rule.approval
    proven = ""
    if approval.attempts:
        proven = (
            f", after the same repair had worked {evidence(approval.successes, approval.attempts)}"
        )
    return f"; {decider(approval.tier, approval.by)} had approved it{proven}"


def _by_planner(facts: Facts) -> str:
    which = "The planner, which is asked where no rule is sure,"
    plan = facts.plan
    if facts.outcome == "not_attempted":
        return f"{which} was asked."
    if plan is not None and plan.decided_by is not None:
        by = decider(plan.decided_by_kind or "", plan.decided_by)
        return f"{which} proposed {_repair(facts.runbook_name)}, and {by} approved it."
    why = None if plan is None else _PLANNERS.get(plan.planner or "")
    chose = f"{which} chose {_repair(facts.runbook_name)}"
    return f"{chose} {why}." if why else f"{chose}."


def _ran(facts: Facts) -> str:
    if facts.runbook_name is not None:
        return f"ran {_repair(facts.runbook_name)}"
    # A rule without a runbook acts by a word of its own; its name says what it does.
    if facts.rule is not None and facts.rule.source != "builtin":
        return f"answered it, “{facts.rule.name}”"
    return "answered it"


def _repair(runbook_name: str | None) -> str:
    return "a repair" if runbook_name is None else f"the repair “{runbook_name}”"


def _result(facts: Facts) -> str:
    said = {
        "success": "It worked",
        "failure": "It did not work",
    }.get(facts.outcome, "Nothing was tried")
    if facts.standing == "claimed":
        return " ".join([_CLAIMED, *_tested(facts)])
    if facts.outcome == "not_attempted":
        why = _UNATTEMPTED.get(facts.error_category or "")
        said = f"{said}: {why}" if why else said
    elif facts.duration_seconds is not None:
        said = f"{said}, in {_lasted(facts.duration_seconds)}"
    return " ".join([f"{said}.", *_checked(facts), *_tested(facts)])


def _checked(facts: Facts) -> list[str]:
    if facts.outcome == "not_attempted":
        return []
    if facts.verified is None:
        return ["No check was made afterwards."]
    if facts.verified:
        return ["Checked afterwards: the fault was gone."]
    return ["Checked afterwards: the fault was still there."]


def _tested(facts: Facts) -> list[str]:
    return ["This was a planned test, not a fault of its own."] if facts.chaos else []


def _lasted(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - up to here seconds are easier to grasp than minutes
        return f"{seconds:.1f} seconds"
    return f"{round(seconds / 60):,} minutes"
