"""Alarms for people: of one kind together, each with where it is mended."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from flywheel_server.overview.routes.alarms import AlarmsView
from flywheel_server.rules.views.alarms import AlarmView

_MOST_SHOWN = 3
_FLEET = "/operator/fleet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What alarms of one kind are called, and what helps."""

    title: str
    link: str
    path: str
    # Where one of them is mended, if that is a page of its own.
    of: Callable[[AlarmView], str] | None = None
    # What helps, where each alarm's own remedy is meant for programs.
    remedy: str = ""
    # Whether something stands still, or can be lost, until somebody mends it.
    grave: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The alarms of one kind: how many, and the first of them."""

    kind: Kind
    count: int
    items: list[AlarmView]

    @property
    def remedies(self) -> list[str]:
        """Return what helps, each once."""
        own = [self.kind.remedy] if self.kind.remedy else []
        return own or list(dict.fromkeys(item.what_to_do for item in self.items))

    def path(self, item: AlarmView) -> str:
        """Return where one of them is mended."""
        return self.kind.of(item) if self.kind.of else self.kind.path


def _rule(item: AlarmView) -> str:
    return f"/operator/rules/{item.rule}"


def _site(item: AlarmView) -> str:
    return f"{_FLEET}/{quote(item.site_id or '', safe='')}"


# In the order in which they are shown.
KINDS = {
    "loop_silent": Kind(
        title="The loop does not turn", link="Look at its runs", path="/operator/runs"
    ),
    "step_failed": Kind(
        title="A step of the loop fails",
        link="Look at the errors",
        path="/operator/runs?failed=yes",
    ),
    "evidence_chain": Kind(
        title="A chain of evidence is broken", link="Look at evidence", path="/operator/evidence"
    ),
    "rule_not_running": Kind(
        title="Approved rules do not run",
        link="Look at the rules",
        path="/operator/rules",
        of=_rule,
        remedy="Open the site, and order its appliance to fetch its rules anew; an agent that "
        "loads rules only when it starts needs a restart.",
    ),
    "rule_still_running": Kind(
        title="Rules that were switched off still run",
        link="Look at the rules",
        path="/operator/rules",
        of=_rule,
    ),
    "rule_withdrawn": Kind(
        title="Rules were withdrawn",
        link="Look at the rules",
        path="/operator/rules?enabled=no",
        of=_rule,
    ),
    "rule_evidence_gone": Kind(
        title="What rules were learnt from is gone",
        link="Look at the rules",
        path="/operator/rules",
        of=_rule,
    ),
    "rule_quarantined": Kind(
        grave=False,
        title="Rules were taken from tenants",
        link="Look at them",
        path="/operator/rules/exclusions",
        of=_rule,
    ),
    "endpoint_silent": Kind(title="Nobody calls the server", link="Look at the fleet", path=_FLEET),
    "appliance_silent": Kind(
        grave=False, title="Appliances are silent", link="Look at the fleet", path=_FLEET, of=_site
    ),
    "machines_take_turns": Kind(
        title="Machines take turns as one appliance",
        link="Look at the site",
        path=_FLEET,
        of=_site,
        remedy="Open the site, and tell the machines apart there.",
    ),
    "evidence_key": Kind(
        grave=False,
        title="Evidence keys wait for a person",
        link="Look at the keys",
        path="/operator/evidence",
        remedy="If the appliance was set up again, approve its key: what it signs waits for that. "
        "The site's partner may decide, too.",
    ),
    "quota_reached": Kind(
        title="A site's quota is reached", link="Look at the site", path=_FLEET, of=_site
    ),
    "quota_near": Kind(
        grave=False,
        title="A site's quota is nearly reached",
        link="Look at the site",
        path=_FLEET,
        of=_site,
    ),
    "platform_rules_wait": Kind(
        grave=False,
        title="Platform rules wait",
        link="Look at the policy",
        path="/operator/policy",
    ),
    "platform_rules_ask": Kind(
        grave=False,
        title="Platform rules need an approval",
        link="Look at the patterns",
        path="/operator/learning",
    ),
    "evidence_dropped": Kind(
        title="Waiting evidence was dropped",
        link="Look at the keys",
        path="/operator/evidence",
    ),
    "appliance_clock": Kind(
        grave=False, title="Clocks are wrong", link="Look at the fleet", path=_FLEET, of=_site
    ),
    "evidence_timestamp": Kind(
        title="Timestamps of evidence are late or failed",
        link="Look at evidence",
        path="/operator/evidence",
    ),
    "mail_failing": Kind(
        title="Mails cannot be sent",
        link="Look at the people",
        path="/operator/people",
    ),
    "planner_failing": Kind(
        title="The language model fails", link="Look at the plans", path="/operator/plans"
    ),
    "webhook_failing": Kind(
        grave=False,
        title="Events reach nobody",
        link="Look at the webhooks",
        path="/operator/webhooks",
    ),
    "unresolved_ids": Kind(
        grave=False,
        title="Telemetry that teaches nothing",
        link="Look at the ids",
        path="/operator/unresolved",
    ),
}


def grouped(alarms: AlarmsView) -> list[Trouble]:
    """Return the alarms by kind, the gravest kind first."""
    found = []
    for name, kind in KINDS.items():
        items = [item for item in alarms.items if item.kind == name]
        if items:
            count = alarms.rules_not_running if name == "rule_not_running" else len(items)
            found.append(Trouble(kind=kind, count=count, items=items[:_MOST_SHOWN]))
    return found
