"""Asks a language model by the OpenAI-compatible chat API: one attempt, bounded in time and size.

It never raises for what a provider does, and logs neither question nor answer: failures are values.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from flywheel_server import log
from flywheel_server.domain import plans, prompts

_log = log.get(__name__)

_MOST_BYTES = 256 * 1024
_MOST_TOKENS = 10**9
_CONNECT_SECONDS = 3.0
_FRAMING_TOKENS = 200
_FAILURES = 5
_PAUSE_SECONDS = 60.0


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
    input_tokens: int | None = None
    output_tokens: int | None = None
    # None: nobody told, so what was reserved has to be taken as spent.
    cost_micro_usd: int | None = None


class Breaker:
    """Leaves a provider alone that failed repeatedly; one question tells whether it is back."""

    def __init__(self) -> None:
        self._failures = 0
        self._closed_until = 0.0

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

    async def ask(self, question: bytes, seconds: float) -> Reply:
        """Ask once, for at most ``seconds``."""
        reply = await self._attempt(question, seconds)
        now = asyncio.get_running_loop().time()
        self.breaker.note(now, answered=reply.text is not None or reply.garbled)
        return reply

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _attempt(self, question: bytes, seconds: float) -> Reply:
        try:
            async with (
                asyncio.timeout(min(seconds, self.provider.timeout)),
                self._client.stream("POST", self._url, content=question) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    return _refused(response.status_code)
                body = bytearray()
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > _MOST_BYTES:
                        _log.warning("the planner's answer is too long")
                        return Reply(garbled=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            _log.warning("the planner cannot be reached", reason=type(error).__name__)
            return Reply(retry=True, cost_micro_usd=0)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError) as error:
            _log.warning("the planner did not answer", reason=type(error).__name__)
            return Reply(retry=True)
        return self._read(bytes(body))

    def _read(self, body: bytes) -> Reply:
        try:
            found = msgspec.json.decode(body, type=_Completion)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            _log.warning("the planner's answer cannot be read", reason=type(error).__name__)
            return Reply(garbled=True)
        usage = found.usage
        tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (None, None)
        told = all(isinstance(each, int) and 0 <= each <= _MOST_TOKENS for each in tokens)
        taken, given = tokens if told else (None, None)
        content = found.choices[0].message.content if found.choices else None
        return Reply(
            text=content,
            garbled=content is None,
            input_tokens=taken,
            output_tokens=given,
            cost_micro_usd=None if taken is None or given is None else self._cost(taken, given),
        )

    def _cost(self, taken: int, given: int) -> int:
        return plans.cost(taken, given, self.provider.input_price, self.provider.output_price)


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Usage(msgspec.Struct):
    prompt_tokens: Any = None
    completion_tokens: Any = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None


def _refused(status: int) -> Reply:
    _log.warning("the planner refused", status=status)
    again = status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR
    # What is refused is not billed.
    return Reply(retry=again, cost_micro_usd=0)
