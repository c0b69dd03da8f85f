"""What one server process holds while it lives: settings, database, caches. Doors get it whole."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from flywheel_server.core import db, metrics
from flywheel_server.core.listener import Listener
from flywheel_server.core.settings import Settings
from flywheel_server.core.signers import Signers

# Parts of rooms above: doors reach them through here, and nothing here needs more than their names.
if TYPE_CHECKING:
    from flywheel_server.accounts.actions.mailed_links import MailedLinks
    from flywheel_server.accounts.actions.sign_in import SignIn
    from flywheel_server.accounts.caches.credentials import Credentials
    from flywheel_server.accounts.caches.sessions import Sessions
    from flywheel_server.executions.actions.ingest import Writer
    from flywheel_server.fleet.caches.appliances import CheckIns, Heartbeats
    from flywheel_server.fleet.caches.usage import Usage
    from flywheel_server.plans.actions.plans import Gateway
    from flywheel_server.rules.caches.rule_sets import RuleSets
    from flywheel_server.webhooks.outgoing import Outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """One process's parts; made by ``assembly.opened``, handed to every door."""

    settings: Settings
    database: db.Database
    listener: Listener
    credentials: "Credentials"
    sessions: "Sessions"
    sign_in: "SignIn"
    mailed_links: "MailedLinks"
    signers: Signers
    rule_sets: "RuleSets"
    check_ins: "CheckIns"
    heartbeats: "Heartbeats"
    writer: "Writer"
    outgoing: "Outgoing"
    plans: "Gateway"
    usage: "Usage"
    metrics: metrics.Metrics
    registry: CollectorRegistry
