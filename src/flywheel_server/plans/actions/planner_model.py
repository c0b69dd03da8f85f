"""Asks a language model by the OpenAI-compatible chat API: one attempt, bounded in time and size.

It never raises for what a provider does, and logs neither question nor answer: failures are values.
What an endpoint refuses of a question's form is learnt by the first plan and remembered.
"""

import asyncio
import datetime as dt
from dataclasses import dataclass

import httpx
import msgspec

from flywheel_server.core import log, retry_after
from flywheel_server.plans.model import model_answers, model_forms, plans, prompts
from flywheel_server.plans.model.model_forms import Form

_log = log.get(__name__)

_MOST_BYTES = 256 * 1024
_MOST_TOKENS = 10**9
_CONNECT_SECONDS = 3.0
_FRAMING_TOKENS = 200
_FAILURES = 5
_PAUSE_SECONDS = 60.0
# Longer than this a provider is not left alone, whatever it asks for.
_LONGEST_WAIT_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Which model is asked where, and what it costs in dollars for a million tokens."""

    base_url: str
    api_key: str | None
    model: str
    timeout: float
    most_tokens: int
    input_price: float
    output_price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of one attempt."""

    # The message's text; None where there is none to read.
    text: str | None = None
    # The provider answered, but not in the API's form.
    garbled: bool = False
    # Another attempt may succeed.
    retry: bool = False
    # The provider said when, which the breaker knows.
    asked_to_wait: bool = False
    # The form of the question in which another attempt may succeed.
    form: Form | None = None
    # Why there is no text, for logs and operators.
    problem: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    # None: nobody told, so what was reserved has to be taken as spent.
    cost_micro_usd: int | None = None


class Breaker:
    """Leaves a provider alone that failed repeatedly; one question tells whether it is back."""

    def __init__(self) -> None:
        self._failures = 0
        self._closed_until = 0.0
        self._not_before = 0.0

    def hold(self, now: float, seconds: float) -> None:
        """Leave the provider alone for as long as it asked."""
        self._not_before = max(self._not_before, now + min(seconds, _LONGEST_WAIT_SECONDS))

    def wait(self, now: float) -> float:
        """Return the seconds until the time for which the provider asked."""
        return max(0.0, self._not_before - now)

    def lets(self, now: float) -> bool:
        """Say whether to ask; while it is not known to be back, one at a time."""
        if self._failures < _FAILURES:
            return True
        if now < self._closed_until:
            return False
        self._closed_until = now + _PAUSE_SECONDS
        return True

    def note(self, now: float, *, answered: bool) -> None:
        """Count what came of an attempt."""
        self._failures = 0 if answered else self._failures + 1
        if self._failures >= _FAILURES:
            self._closed_until = now + _PAUSE_SECONDS


class Model:
    """The configured language model of this process."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.breaker = Breaker()
        # In which form the endpoint last took a question.
        self.form = model_forms.PLAIN
        # Plain: what is compressed could be a thousand times what we read.
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if provider.api_key:
            headers["Authorization"] = f"Bearer {provider.api_key}"
        self._url = provider.base_url.rstrip("/") + "/chat/completions"
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(provider.timeout, connect=_CONNECT_SECONDS),
            follow_redirects=False,
            # What reaches the provider is decided by our settings alone.
            trust_env=False,
        )

    @property
    def name(self) -> str:
        """Return what the model is called."""
        return self.provider.model

    def question(self, incident: plans.Incident, runbooks: list[plans.Runbook]) -> bytes:
        """Return the body that asks which of these runbooks heals an incident."""
        return msgspec.json.encode(
            prompts.request(
                incident.input,
                [(each.runbook_id, each.name) for each in runbooks],
                model=self.provider.model,
                most_tokens=self.provider.most_tokens,
            )
        )

    def most_cost(self, question: bytes) -> int:
        """Return what asking can cost at most: a token is a byte at least."""
        return self._cost(len(question) + _FRAMING_TOKENS, self.provider.most_tokens)

    async def ask(
        self, question: bytes, seconds: float, now: dt.datetime, form: Form | None = None
    ) -> Reply:
        """Ask once, for at most ``seconds``, in a form or the one that is known to be taken."""
        form = form or self.form
        body = question
        if form != model_forms.PLAIN:
            body = msgspec.json.encode(model_forms.dressed(msgspec.json.decode(question), form))
        reply = await self._attempt(body, seconds, form, now)
        if reply.text is not None and form != self.form:
            _log.warning("the planner takes questions in another form", form=str(form))
            self.form = form
        if reply.form is None:
            answered = reply.text is not None or reply.garbled
            self.breaker.note(asyncio.get_running_loop().time(), answered=answered)
        return reply

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _attempt(self, body: bytes, seconds: float, form: Form, now: dt.datetime) -> Reply:
        try:
            async with (
                asyncio.timeout(min(seconds, self.provider.timeout)),
                self._client.stream("POST", self._url, content=body) as response,
            ):
                answer = await _bounded(response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return _failed("it cannot be reached", error, cost=0)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError) as error:
            return _failed("it did not answer", error, cost=None)
        if response.status_code != httpx.codes.OK:
            return self._refused(response, answer or b"", form, now)
        if answer is None:
            _log.warning("the planner's answer is too long")
            return Reply(garbled=True, problem="its answer is too long")
        return self._read(answer)

    def _refused(
        self, response: httpx.Response, body: bytes, form: Form, now: dt.datetime
    ) -> Reply:
        """Return what to do about a refusal; what is refused is not billed."""
        status = response.status_code
        said = model_answers.refusal(body)
        shown = model_answers.reason(said, self.provider.api_key)
        _log.warning("the planner refused", status=status, reason=shown)
        asked = retry_after.seconds(
            response.headers.get("retry-after"), response.headers.get("date"), now
        )
        if asked:
            self.breaker.hold(asyncio.get_running_loop().time(), asked)
        return Reply(
            retry=status == httpx.codes.TOO_MANY_REQUESTS
            or status >= httpx.codes.INTERNAL_SERVER_ERROR,
            asked_to_wait=bool(asked),
            form=model_forms.after_refusal(form, status, said),
            problem=f"it answered {status}: {shown}" if shown else f"it answered {status}",
            cost_micro_usd=0,
        )

    def _read(self, body: bytes) -> Reply:
        try:
            found = model_answers.read(msgspec.json.decode(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            _log.warning("the planner's answer cannot be read", reason=type(error).__name__)
            return Reply(garbled=True, problem="its answer is no JSON")
        if found.problem is not None:
            _log.warning("the planner answered with an error", reason=found.problem)
            problem = f"it answered 200 with an error: {found.problem}"
            return Reply(retry=found.passing, problem=problem, cost_micro_usd=0)
        told = all(isinstance(each, int) and 0 <= each <= _MOST_TOKENS for each in found.usage)
        taken, given = found.usage if told else (None, None)
        return Reply(
            text=found.text,
            garbled=found.text is None,
            problem="its answer holds no text" if found.text is None else None,
            input_tokens=taken,
            output_tokens=given,
            cost_micro_usd=None if taken is None or given is None else self._cost(taken, given),
        )

    def _cost(self, taken: int, given: int) -> int:
        return plans.cost(taken, given, self.provider.input_price, self.provider.output_price)


async def _bounded(response: httpx.Response) -> bytes | None:
    """Return an answer's body; None when it is longer than anything to be read."""
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > _MOST_BYTES:
            return None
    return bytes(body)


def _failed(words: str, error: Exception, cost: int | None) -> Reply:
    reason = type(error).__name__
    _log.warning("the planner failed", reason=f"{words} ({reason})")
    return Reply(retry=True, problem=f"{words} ({reason})", cost_micro_usd=cost)
