"""Opens the parts of one server process, and closes them again."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator

from prometheus_client import CollectorRegistry

from flywheel_server.accounts.actions.mailed_links import MailedLinks
from flywheel_server.accounts.actions.passwords import Passwords
from flywheel_server.accounts.actions.sign_in import SignIn
from flywheel_server.accounts.caches.credentials import Credentials
from flywheel_server.accounts.caches.sessions import Sessions
from flywheel_server.core import db, errors, metrics
from flywheel_server.core.listener import Listener
from flywheel_server.core.mail import Mailer
from flywheel_server.core.settings import Settings
from flywheel_server.core.signers import Signers
from flywheel_server.executions.actions.ingest import Writer
from flywheel_server.fleet.caches.appliances import CheckIns, Heartbeats
from flywheel_server.fleet.caches.usage import Usage
from flywheel_server.plans.actions.planner_model import Model, Provider
from flywheel_server.plans.actions.plans import Gateway, Terms
from flywheel_server.rules.caches.rule_sets import RuleSets
from flywheel_server.rules.store import deliveries
from flywheel_server.web.runtime import Runtime
from flywheel_server.webhooks.outgoing import Outgoing


@contextlib.asynccontextmanager
async def opened(settings: Settings, url: str) -> AsyncIterator[Runtime]:
    """Open pools and caches on the database at ``url``; close everything on exit."""
    database = await db.open_database(
        url,
        pool_size=settings.pool_size,
        writer_pool_size=settings.writer_pool_size,
        statement_timeout=settings.statement_timeout,
    )
    ear = Listener(database)
    signers = Signers(database)
    passwords = Passwords()
    registry = CollectorRegistry()
    measures = metrics.Metrics(registry)
    runtime = Runtime(
        settings=settings,
        database=database,
        listener=ear,
        credentials=Credentials(database, ear),
        sessions=Sessions(database, ear, dt.timedelta(hours=settings.session_idle_hours)),
        sign_in=SignIn(database, passwords, dt.timedelta(hours=settings.session_hours)),
        mailed_links=MailedLinks(database, _mailer(settings), settings.reached_at),
        signers=signers,
        rule_sets=RuleSets(database, ear, signers),
        check_ins=CheckIns(database, ear),
        heartbeats=Heartbeats(database, deliveries.synced),
        writer=Writer(database, settings.writer_pool_size),
        outgoing=Outgoing(allow_private=settings.webhook_allow_private),
        plans=Gateway(database, _plan_terms(settings), _model(settings), settings.pool_size // 5),
        usage=Usage(database, lambda kind: measures.quota_refused.labels(kind).inc()),
        metrics=measures,
        registry=registry,
    )
    background = [
        asyncio.create_task(ear.run(), name="listener"),
        asyncio.create_task(runtime.writer.run(), name="writer"),
        asyncio.create_task(runtime.heartbeats.run(), name="heartbeats"),
        asyncio.create_task(runtime.usage.run(), name="usage"),
        # What all that return need, the keys first.
        asyncio.create_task(runtime.credentials.run(), name="credentials"),
        asyncio.create_task(runtime.rule_sets.run(), name="rule-sets"),
        asyncio.create_task(runtime.check_ins.run(), name="check-ins"),
    ]
    try:
        yield runtime
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await runtime.mailed_links.close()
        await runtime.outgoing.close()
        await runtime.plans.close()
        passwords.close()
        await database.close()


def _plan_terms(settings: Settings) -> Terms:
    return Terms(
        calls_per_day=settings.l2_calls_per_day,
        micro_usd_per_day=int(settings.l2_usd_per_day * 1_000_000),
        cache=dt.timedelta(seconds=settings.l2_cache_seconds),
        least_confidence=settings.l2_min_confidence,
        approval=dt.timedelta(hours=settings.plan_approval_hours),
    )


def _model(settings: Settings) -> Model | None:
    if settings.l2_base_url is None or settings.l2_model is None:
        return None
    return Model(
        Provider(
            base_url=settings.l2_base_url,
            api_key=settings.l2_api_key,
            model=settings.l2_model,
            timeout=settings.l2_timeout,
            most_tokens=settings.l2_answer_tokens,
            input_price=settings.l2_input_price,
            output_price=settings.l2_output_price,
        )
    )


def _mailer(settings: Settings) -> Mailer | None:
    return None if settings.smtp_url is None else mailer_of(settings)


def mailer_of(settings: Settings) -> Mailer:
    """Return what sends mails as it is set. Raises SetupError where no mail server is set."""
    if settings.smtp_url is None:
        raise errors.SetupError("no mail server is set: set FLYWHEEL_SMTP_URL first")
    return Mailer(settings.smtp_url, settings.mail_from, allow_plain=settings.smtp_allow_plain)
