"""The single gateway of L2: whoever proposes a plan, it is decided, paid for and recorded here.

A decision is two short transactions with the provider's call between them, never around it. What is
asked of a provider is reserved before and settled after; what a crash leaves stays reserved.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flywheel_server.core import db, errors, service_health
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope, LoopScope
from flywheel_server.fleet.model.appliances import L2Mode
from flywheel_server.learning.store import patterns, spreads
from flywheel_server.plans.actions import plan_approvals, plan_proposals
from flywheel_server.plans.actions.plan_cases import Case, Watch, ticks
from flywheel_server.plans.actions.planner_model import Model, Reply
from flywheel_server.plans.model import plan_answers, plan_history, plans, prompts
from flywheel_server.plans.model.plan_history import History
from flywheel_server.plans.model.plans import (
    Incident,
    Planner,
    Proposal,
    Reason,
    Spent,
    Told,
    Verdict,
)
from flywheel_server.plans.store import plans as store
from flywheel_server.policy import store as policies

_LOOK_AGAIN_SECONDS = 0.2
# Of one question: those that failed for the moment, and all, with refused forms and told waits.
_ATTEMPTS = 2
_MOST_ATTEMPTS = 8
_COUNTS = LoopScope(reason="plans: counts of an organization and of the platform, nothing else")
_HEALTH = LoopScope(reason="whether the provider answers is the platform's to know")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What plans of one site may cost in a day, and how sure and how old they may be."""

    calls_per_day: int
    micro_usd_per_day: int
    cache: dt.timedelta
    least_confidence: float
    # How long a plan waits for a person.
    approval: dt.timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided, recorded, and is to be told."""

    id: UUID
    answer: dict[str, Any]
    mode: L2Mode
    planner: Planner
    told: Told
    reason: Reason | None
    spent: Spent
    # The answer of an earlier request about the same incident.
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A plan that is begun, and what is asked for it."""

    plan_id: UUID
    case: Case
    body: bytes
    # The day from whose budget it was reserved, and how much for an attempt.
    day: dt.date
    reserved: int


class Gateway:
    """Decides for every appliance that asks this process."""

    def __init__(
        self, database: db.Database, terms: Terms, model: Model | None, places: int
    ) -> None:
        self._database = database
        self._terms = terms
        self._model = model
        # Plans wait long and are many: they never take all of the pool's connections.
        self._places = asyncio.Semaphore(max(1, places))

    async def decide(self, scope: ApplianceScope, incident: Incident, now: dt.datetime) -> Decision:
        """Decide about an incident and return what is committed.

        Raises DatabaseUnavailable; whatever a provider does is an escalation.
        """
        watch = Watch(now)
        history = await self._history(scope, incident, now)
        while True:
            async with self._transaction(scope) as connection:
                begun = await self._begin(connection, scope, incident, history, watch)
            if isinstance(begun, Decision):
                return begun
            if begun is not None:
                break
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        replies = await self._ask(begun)
        async with self._transaction(scope) as connection:
            return await self._conclude(connection, begun, replies)

    async def close(self) -> None:
        """Close the connections to the provider."""
        if self._model is not None:
            await self._model.close()

    async def _history(
        self, scope: ApplianceScope, incident: Incident, now: dt.datetime
    ) -> History:
        async with self._transaction(_COUNTS) as connection:
            policy = await policies.in_force(connection)
            near = await store.evidence(
                connection,
                scope.site_id,
                incident.incident_type,
                verified_only=policy.require_verified,
            )
            elsewhere = [
                await spreads.for_plan(connection, each, policy, now)
                for each in await patterns.platform_elsewhere(
                    connection, incident.incident_type, plan_history.LEAST_ORGANIZATIONS
                )
            ]
            return History(near=near, elsewhere=elsewhere, policy=policy)

    async def _begin(
        self,
        connection: Connection,
        scope: ApplianceScope,
        incident: Incident,
        history: History,
        watch: Watch,
    ) -> Decision | _Question | None:
        """Decide without a provider, or begin to ask one; None: another request is asking."""
        known = await store.askers(connection, scope.site_id, scope.appliance_id)
        asker = plans.asker(known, scope.appliance_id)
        case = Case(scope=scope, incident=incident, asker=asker, history=history, watch=watch)
        if incident.incident_id:
            await store.lock_incident(connection, scope.site_id, incident.incident_id)
            earlier = await _earlier(connection, case)
            if earlier is not None:
                return earlier if isinstance(earlier, Decision) else None
        covering = await store.covering(connection, scope.site_id, incident.incident_type)
        placed = plans.placed(incident, plan_proposals.platforms(covering, history))
        case = replace(case, incident=placed)
        found = await plan_proposals.propose(
            connection, self._model, self._terms.cache, case, covering
        )
        if found is None:
            return None
        plan_id = await store.insert(
            connection, scope.site_id, placed, asker, prompts.VERSION, watch.now()
        )
        if isinstance(found, Proposal):
            return await self._settle(connection, case, plan_id, found, Spent())
        return await self._first_attempt(connection, case, plan_id, found)

    async def _first_attempt(
        self, connection: Connection, case: Case, plan_id: UUID, body: bytes
    ) -> Decision | _Question:
        question = _Question(
            plan_id=plan_id,
            case=case,
            body=body,
            day=case.watch.now().astimezone(dt.UTC).date(),
            reserved=self._asked().most_cost(body),
        )
        if await self._reserve(connection, question):
            return question
        refused = plan_proposals.nothing("budget")
        return await self._settle(connection, case, plan_id, refused, Spent())

    async def _reserve(self, connection: Connection, question: _Question) -> bool:
        """Take one attempt out of the site's day, if the day still holds it."""
        site_id = question.case.site_id
        if not await store.reserve(
            connection,
            site_id,
            question.day,
            micro_usd=question.reserved,
            most_calls=self._terms.calls_per_day,
            most_micro_usd=self._terms.micro_usd_per_day,
        ):
            return False
        await store.reserved(connection, site_id, question.plan_id, question.reserved)
        return True

    async def _ask(self, question: _Question) -> Sequence[Reply]:
        """Ask the provider, again where that may help; each attempt is reserved before."""
        model, watch = self._asked(), question.case.watch
        await asyncio.sleep(min(model.breaker.wait(ticks()), watch.left()))
        replies = [await model.ask(question.body, watch.left(), watch.now())]
        while _again(replies):
            wait = model.breaker.wait(ticks())
            if watch.left() < wait + plan_proposals.LEAST_SECONDS:
                break
            await asyncio.sleep(wait)
            if not model.breaker.lets(ticks()):
                break
            async with self._transaction(question.case.scope) as connection:
                if not await self._reserve(connection, question):
                    break
            form = replies[-1].form
            replies.append(await model.ask(question.body, watch.left(), watch.now(), form))
        async with self._transaction(_HEALTH) as connection:
            if replies[-1].text is None:
                why = replies[-1].problem or "it did not answer"
                await service_health.failed(connection, "planner", why, watch.now())
            else:
                await service_health.works(connection, "planner")
        return replies

    async def _conclude(
        self, connection: Connection, question: _Question, replies: Sequence[Reply]
    ) -> Decision:
        spent = _spent(replies, question.reserved)
        case = question.case
        await store.settle(
            connection,
            case.site_id,
            question.day,
            reserved=question.reserved * len(replies),
            spent=spent.cost_micro_usd,
        )
        # The mode may have changed while the provider thought: what holds now is obeyed.
        known = await store.askers(connection, case.site_id, case.scope.appliance_id)
        case = replace(case, asker=plans.asker(known, case.scope.appliance_id))
        proposal = plan_proposals.read(replies[-1])
        return await self._settle(connection, case, question.plan_id, proposal, spent)

    async def _settle(
        self, connection: Connection, case: Case, plan_id: UUID, proposal: Proposal, spent: Spent
    ) -> Decision:
        """Judge a proposal and write all of it; a plan for approval waits from here on."""
        verdict = await self._judge(connection, case, proposal)
        if verdict.told == "escalate":
            other = await plan_proposals.last_resort(connection, case)
            second = None if other is None else await self._judge(connection, case, other)
            if other is not None and second is not None and second.told == "approval":
                proposal, verdict = other, second
        answer = plan_answers.answer(case.incident, case.asker, proposal, verdict)
        now = case.watch.now()
        written = await store.decide(
            connection,
            case.site_id,
            plan_id,
            asker=case.asker,
            proposal=proposal,
            verdict=verdict,
            spent=spent,
            model=self._asked().name if spent.calls else None,
            answer=answer,
            latency_ms=round(case.watch.elapsed() * 1000),
            now=now,
        )
        if not written:
            raise errors.Unavailable("Planning took too long and was given up: ask again.")
        if verdict.told == "approval":
            await plan_approvals.wait(
                connection, case, plan_id, proposal, now=now, deadline_at=now + self._terms.approval
            )
        return Decision(
            id=plan_id,
            answer=answer,
            mode=case.asker.mode,
            planner=proposal.planner,
            told=verdict.told,
            reason=verdict.reason,
            spent=spent,
            repeated=False,
        )

    async def _judge(self, connection: Connection, case: Case, proposal: Proposal) -> Verdict:
        named = proposal.proposed
        runbook = None if named is None else await store.runbook(connection, named)
        return plans.judge(
            proposal, runbook, case.incident, case.asker, self._terms.least_confidence
        )

    def _asked(self) -> Model:
        if self._model is None:
            raise LookupError("only a configured model is asked")
        return self._model

    @contextlib.asynccontextmanager
    async def _transaction(self, scope: ApplianceScope | LoopScope) -> AsyncIterator[Connection]:
        async with self._places, db.transaction(self._database, scope) as connection:
            yield connection


async def _earlier(connection: Connection, case: Case) -> Decision | bool | None:
    """Return what was decided about this incident just now; True: it is being decided."""
    now = case.watch.now()
    found = await store.newest(
        connection, case.site_id, case.incident.incident_id, now - plans.REPEAT
    )
    if found is None:
        return None
    if found.state == "planning":
        if now - found.created_at >= plans.ABANDONED:
            await store.interrupt(connection, case.site_id, found.id, now)
            return None
        return True if case.watch.left() > plan_proposals.LEAST_SECONDS else None
    # What was decided under another mode is not told; what a model said then is used again.
    told = found.answer and found.mode == case.asker.mode
    if not told or found.answer is None or found.planner is None or found.told is None:
        return None
    await store.repeated(connection, case.site_id, found.id)
    return Decision(
        id=found.id,
        answer=found.answer,
        mode=found.mode,
        planner=found.planner,
        told=found.told,
        reason=found.reason,
        spent=Spent(),
        repeated=True,
    )


def _again(replies: Sequence[Reply]) -> bool:
    """Say whether another attempt may help after these."""
    last = replies[-1]
    if len(replies) >= _MOST_ATTEMPTS:
        return False
    if last.form is not None or (last.retry and last.asked_to_wait):
        return True
    return last.retry and sum(each.retry for each in replies) < _ATTEMPTS


def _spent(replies: Sequence[Reply], reserved: int) -> Spent:
    """Return what all attempts took; what nobody told took all that was reserved for it."""
    spent = Spent()
    for reply in replies:
        cost = reserved if reply.cost_micro_usd is None else reply.cost_micro_usd
        spent = replace(
            spent,
            calls=spent.calls + 1,
            input_tokens=_sum(spent.input_tokens, reply.input_tokens),
            output_tokens=_sum(spent.output_tokens, reply.output_tokens),
            cost_micro_usd=spent.cost_micro_usd + cost,
        )
    return spent


def _sum(one: int | None, other: int | None) -> int | None:
    return (one or 0) + (other or 0) if one is not None or other is not None else None
