"""What a chat completion says, in whichever place its endpoint puts it.

Nothing here is believed: the text that is found is read and checked by ``prompts.read``.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flywheel_server.plans.model import scrubbing

MOST_REASON = 300
_MOST_READ = 64 * 1024
_BUSY = frozenset({"429", "rate_limit_exceeded", "rate_limit_error", "overloaded_error"})
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What there is to read; all None: no completion."""

    text: str | None = None
    # Why there is none, as the endpoint says it; scrubbed.
    problem: str | None = None
    # Asking again may help.
    passing: bool = False
    usage: tuple[Any, Any] = (None, None)


def read(body: Any) -> Answer:
    """Return what a decoded body of status 200 says."""
    if not isinstance(body, dict):
        return Answer()
    choice = _first(body.get("choices"))
    error = body.get("error") or choice.get("error")
    if error:
        return Answer(problem=reason(error), passing=_passing(error), usage=_usage(body))
    message = choice.get("message")
    # Endpoints for plain completions have the text beside where a message would be.
    text = _said(message) if isinstance(message, dict) else choice.get("text")
    return Answer(text=text if isinstance(text, str) else None, usage=_usage(body))


def refusal(body: bytes) -> str:
    """Return why an endpoint refused, as its answer says it: unscrubbed, at most 64 KiB of it."""
    text = body[:_MOST_READ].decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(found, dict):
        found = found.get("error") or found.get("detail") or found.get("message") or found
    return _words(found)


def reason(error: Any, secret: str | None = None) -> str:
    """Return what an endpoint says of an error, for logs and operators: scrubbed and short."""
    words = _words(error)
    if secret:
        words = words.replace(secret, "[key]")
    return scrubbing.text(words)[:MOST_REASON]


def _words(error: Any) -> str:
    """Return the sentences of an error: a text, an object with a message, or a list of them."""
    if isinstance(error, str):
        return error[:_MOST_READ]
    if isinstance(error, dict):
        named = [error.get(name) for name in ("message", "msg", "detail", "param", "loc", "code")]
        told = [each for each in named if each not in (None, "")]
        return "; ".join(map(_words, told)) if told else _json(error)
    if isinstance(error, list):
        return " ".join(map(_words, error[:20]))
    return _json(error)


def _json(value: Any) -> str:
    return json.dumps(value)[:_MOST_READ]


def _passing(error: Any) -> bool:
    if not isinstance(error, dict):
        return False
    words = {str(error.get(name)).lower() for name in ("code", "status", "type")}
    codes = [int(each) for each in words if each.isascii() and each.isdigit() and len(each) <= 3]  # noqa: PLR2004
    return bool(words & _BUSY) or any(code >= _SERVER_ERROR for code in codes)


def _said(message: dict[str, Any]) -> str | None:
    """Return a message's text: its content, or the arguments of the only tool that it calls."""
    found = _text(message.get("content"))
    if found is not None and found.strip():
        return found
    calls = message.get("tool_calls")
    if isinstance(calls, list) and len(calls) == 1 and isinstance(calls[0], dict):
        return _arguments(calls[0].get("function") or calls[0])
    # As tools were called before there could be several.
    return _arguments(message.get("function_call")) or found


def _text(content: Any) -> str | None:
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, dict):
        return _json(content)
    if isinstance(content, list):
        return "".join(_parts(content))
    return None


def _parts(content: list[Any]) -> Iterable[str]:
    for part in content:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict) and part.get("type") in {"text", "output_text", None}:
            text = part.get("text")
            yield text if isinstance(text, str) else ""


def _arguments(call: Any) -> str | None:
    if not isinstance(call, dict):
        return None
    given = call.get("arguments", call.get("input"))
    return _json(given) if isinstance(given, dict) else given if isinstance(given, str) else None


def _first(choices: Any) -> dict[str, Any]:
    found = choices[0] if isinstance(choices, list) and choices else None
    return found if isinstance(found, dict) else {}


def _usage(body: dict[str, Any]) -> tuple[Any, Any]:
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return None, None
    return usage.get("prompt_tokens"), usage.get("completion_tokens")
