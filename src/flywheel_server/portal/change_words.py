"""Entries of the audit in plain words: what was done, and each value before and after.

An action that has no words here is shown by its own name, never left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flywheel_server.api.tenant_audit import ChangeView
from flywheel_server.portal import words

# Those that concern an organization or a partner, with what they are called.
ACTIONS: Mapping[str, str] = {
    "candidate.approve": "A candidate was approved",
    "candidate.reject": "A candidate was rejected",
    "candidate.endorse": "A candidate was forwarded",
    "plan.approve": "A plan was approved",
    "plan.reject": "A plan was rejected",
    "rule.create": "A rule was written",
    "rule.enable": "A rule was switched on",
    "rule.disable": "A rule was switched off",
    "rule.file_removed": "A rule's file was removed from appliances",
    "rule.withdraw": "A rule was withdrawn for failing",
    "order.issue": "An order was given to an appliance",
    "order.cancel": "An order was taken back",
    "appliance.l2-mode": "What an appliance does without a rule was changed",
    "site.create": "A site was added",
    "site.change": "A site was changed",
    "partner.create": "The partner was added",
    "organization.create": "An organization was added",
    "organization.change": "An organization was changed",
    "key.issue": "A key was issued",
    "key.revoke": "A key was revoked",
    "webhook.create": "A webhook was added",
    "webhook.change": "A webhook was changed",
    "webhook.delete": "A webhook was deleted",
    "webhook.rotate": "A webhook's secret was replaced",
    "webhook.gone": "A receiver was gone, so its webhook was switched off",
    "webhook.test": "A test was sent to a webhook",
    "webhook.retry": "A message to a webhook was sent again",
    "user.invite": "Somebody was invited",
    "user.link": "A link for somebody was made",
    "user.role": "Somebody got another role",
    "user.disable": "Somebody was stopped from signing in",
    "user.sign_out": "Somebody was signed out everywhere",
    "user.enable": "Somebody may sign in again",
    "user.password": "Somebody set a new password",
    "session.open": "Somebody signed in",
    "session.end": "Somebody signed out",
    "session.end_all": "Somebody signed out everywhere",
}
_LABELS = {
    "contributes": "takes part in shared learning",
    "healing_tier": "coverage",
    "l2_mode": "without a rule",
}
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of what was changed, before and after; None: there was none."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry in words."""

    what: str
    whose: str
    values: tuple[Value, ...]


def told(entry: ChangeView, actors: Mapping[str, str]) -> Told:
    """Return an entry in words, with the values that it changed, or all of a new object.

    ``actors`` says what each kind of actors is to whoever reads it.
    """
    before, after = entry.before or {}, entry.after or {}
    names = [*after, *(name for name in before if name not in after)]
    return Told(
        what=ACTIONS.get(entry.action, words.spaced(entry.action.replace(".", ": "))),
        whose=actors.get(entry.actor_kind, entry.actor_kind),
        values=tuple(
            Value(
                label=_LABELS.get(name, words.spaced(name)),
                before=_written(before[name]) if name in before else None,
                after=_written(after[name]) if name in after else None,
            )
            for name in names
            if before.get(name) != after.get(name)
        ),
    )


def _written(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value) or "nothing"
    text = value if isinstance(value, str) else words.pretty(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
