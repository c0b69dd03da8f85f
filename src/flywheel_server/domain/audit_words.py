"""What the actions of the audit are called: as people read them, and search for them."""

from collections.abc import Mapping

# Those of the platform alone stand at the end.
ACTIONS: Mapping[str, str] = {
    "candidate.approve": "A candidate was approved",
    "candidate.reject": "A candidate was rejected",
    "candidate.reopen": "A rejection was taken back",
    "candidate.endorse": "A candidate was forwarded",
    "plan.approve": "A plan was approved",
    "plan.reject": "A plan was rejected",
    "rule.create": "A rule was written",
    "rule.enable": "A rule was switched on",
    "rule.disable": "A rule was switched off",
    "rule.rename": "A rule was renamed",
    "rule.file_removed": "A rule's file was removed from appliances",
    "rule.withdraw": "A rule was withdrawn for failing",
    "rule.quarantined": "A platform rule was taken away, for it failed here",
    "rule.declined": "A platform rule was declined",
    "rule.keep": "A rule was kept though its evidence is gone",
    "rule.looked_at": "Somebody looked at why a rule was taken away",
    "rule.include": "A platform rule was given back",
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
    "evidence_anchor.retry": "A timestamp was tried again",
    "operator.create": "An operator's token was made",
    "operator.disable": "An operator was stopped",
    "alias.add": "An id got an alias",
    "platform_pattern.approve": "A platform pattern was approved as a rule",
    "policy.change": "The policy was changed",
    "rule.promote": "A rule was made for everybody",
    "runbook.register": "A runbook was registered",
}


def actions_called(text: str | None) -> list[str]:
    """Return the actions whose words have a text in them."""
    if not text:
        return []
    return [action for action, words in ACTIONS.items() if text.lower() in words.lower()]
