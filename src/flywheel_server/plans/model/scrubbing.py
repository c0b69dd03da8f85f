"""What a planner may know of an incident: an allow-list of fields, each scrubbed of who and where.

The input of an incident goes to a provider, into the table and into its digest; nothing else of the
request's ``raw_data`` goes anywhere. Incident text is data: what reads like an instruction, and
every word that could name a runbook, is taken out.
"""

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# Of `raw_data`; everything else stays where it is.
ALLOWED = frozenset(
    {
        "actual",
        "agent_platform",
        "architecture",
        "category",
        "check_name",
        "check_type",
        "current_state",
        "current_value",
        "desired_state",
        "drift_detected",
        "error_category",
        "error_code",
        "expected",
        "expected_value",
        "exit_code",
        "hipaa_control",
        "os",
        "os_version",
        "policy_name",
        "port",
        "profile",
        "protocol",
        "service",
        "service_name",
        "service_state",
        "setting",
        "start_type",
        "state",
        "status",
    }
)
MOST_VALUE = 400
_MOST_LIST = 10
# Whoever hides more than this is told to a planner by type alone.
_MOST_WALKED = 5_000
_MOST_HIDDEN = 200
_LONGEST_READ = 4_000
# Characters of all fields together; an incident of an agent has some hundred.
_MOST_SCRUBBED = 12_000
# Shorter names are taken out as whole words only.
_SHORT = 4
_SHORTEST = 2

_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?|pwd|secret|token|credential|api[_-]?key|private|auth|cookie|session"
    r"|license|connection[_-]?string|winrm_|ssh_",
    re.IGNORECASE,
)
# Whose names these are; they are taken out of every other value.
_NAMING_KEYS = frozenset(
    {
        "host_id",
        "hostname",
        "host",
        "computer_name",
        "domain",
        "domain_name",
        "user",
        "username",
        "user_name",
        "owner",
        "agent_id",
        "appliance_id",
        "site_id",
        "client_name",
        "organization",
        "patient",
        "patient_name",
        "full_name",
        "email",
    }
)
_INSTRUCTION = re.compile(
    r"\b(ignore|disregard|forget|override|bypass)\b.{0,40}\b(instruction|prompt|rule|above|previous"
    r"|prior|catalog|polic)|\b(system|assistant|developer)\s+(prompt|message|role|instruction)"
    r"|(^|[.!#>])\s*(system|assistant)\s*:"
    r"|\byou (are|must|should|will) (now|always|instead|answer|respond|reply|return|choose|pick)"
    r"|\b(respond|reply|answer|return|output) (only |exactly )?with\b|<\|?\w+\|?>|\[/?INST\]"
    r"|\b(act|behave|pretend) as\b|\bnew instructions?\b|\bjailbreak|\bas an ai\b|```"
    r"|\b(runbook_id|confidence|reasoning|script)\b[\"']?\s*[:=]",
    re.IGNORECASE,
)
WITHHELD = "[withheld: reads like an instruction]"

_TELLTALES = (
    r"pass(word|wd|phrase)?|pwd|secret|token|api[ _-]?key|credentials?|account[ _-]?key"
    r"|private[ _-]?key"
)
_TELLING = r"\s*(=>?|:|\bis\b|\s-+)\s*"
_DOMAINS = "local|lan|corp|internal|intra|home|com|net|org|io|us|edu|gov|health"
# The beginning of a word of some length that has letters of both cases.
_MIXED = r"(?<!\w)(?=\w{14,64}(?!\w))(?=\w*(?-i:[a-z]))(?=\w*(?-i:[A-Z]))"
# In this order: what holds another comes before it.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), word)
    for pattern, word in (
        (r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|$)", "[key]"),
        (r"\beyJ[\w-]{5,}\.[\w-]{5,}(\.[\w-]*)?", "[token]"),
        (r"\b(bearer|basic|negotiate|ntlm)\s+[\w.~+/=-]{6,}", "[token]"),
        (r"\b(AKIA|ASIA)[0-9A-Z]{12,}|\bgh[pousr]_\w{20,}", "[token]"),
        (r"\bsk-[\w-]{16,}|\bxox\w-[\w-]+", "[token]"),
        (r"[a-z][a-z0-9+.-]{0,30}://\S+", "[url]"),
        (r"(^|\s)(-p|/p:|--?password|/pass:|net user \S+)\s*\S+", " [secret]"),
        (rf"[\w-]{{0,40}}({_TELLTALES})[\"']?{_TELLING}(\"[^\"]*\"|'[^']*'|\S+)", "[secret]"),
        (r"[\w.+-]{1,64}@[\w-]+(\.[\w-]+)*", "[person]"),
        (r"\b(mrn|ssn|dob|patient|member)( ?(id|name|no\.?|number))?\s*[:#=]?\s*[\w,. /-]{2,40}",
         "[person]"),
        (r"\b\d{3}-\d{2}-\d{4}\b", "[person]"),
        (r"\bS-1-5-[\d-]+", "[account]"),
        (r"\\\\[\w.$-]+(\\[^\s\\]+)*", "[path]"),
        (r"\b[a-z]:\\users\\[^\\\s\"']+", "[path]"),
        (r"/(home|users)/[^/\s\"']+", "[path]"),
        (r"\b(user(name)?|login|account|owner|domain)\s*[:=]\s*\S+", "[account]"),
        (r"(?<![\\\w])(?!HK)[a-z][\w.-]{0,30}\\[a-z][\w.$-]*", "[account]"),
        (r"\b([0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b", "[address]"),
        (r"\b\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?(:\d+)?\b", "[address]"),
        (r"(?<![\w:])(?=[0-9a-f:]*::|([0-9a-f]{1,4}:){4})[0-9a-f:]{2,}(%\w+)?(?![\w:])",
         "[address]"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[id]"),
        (rf"\b[\w-]{{1,63}}(\.[\w-]{{1,63}}){{0,8}}\.({_DOMAINS})\b", "[host]"),
        (r"\b(RB|LIN|L[123]|ESC|AUTO)-[\w-]+", "[id]"),
        (r"(?<!\w)(\+\d{1,3}[ .-]?)?(\(\d{3}\)|\d{3})[ .-]\d{3}[ .-]\d{4}(?!\w)", "[person]"),
        (r"\b(\d[ -]?){13,19}\b", "[number]"),
        (r"(?<![\w+/=-])(?=[a-z+/=_-]*\d)[\w+/=-]{32,}", "[opaque]"),
        # Secrets that nothing names: a word of letters, digits and signs that only passwords have;
        # and letters of both cases between which digits stand again and again.
        (r"(?<!\S)(?=\S{8,64}(?!\S))(?=\S*[a-z])(?=\S*\d)(?=\S*[!@#$^&*?~])\S+", "[opaque]"),
        (rf"{_MIXED}([a-z_]+\d+){{3,}}[a-z_]*(?!\w)", "[opaque]"),
        (rf"{_MIXED}(\d+[a-z_]+){{3,}}\d*(?!\w)", "[opaque]"),
    )
)  # fmt: skip
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class Hidden:
    """Names that must not be told, in lower case, the longest first.

    Found by plain search, one after the other: an expression of all of them would try each name at
    each place of a text, and both come from outside.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    def taken_out(self, text: str) -> str:
        """Return a text without these names, whatever their case; short ones as whole words."""
        # Pieces of the text, and None where a name stood.
        pieces: list[str | None] = [text]
        for name in self._names:
            if any(piece is not None and name in _lowered(piece) for piece in pieces):
                pieces = [part for piece in pieces for part in _apart(piece, name)]
        return "".join("[name]" if piece is None else piece for piece in pieces)


def _apart(piece: str | None, name: str) -> Iterator[str | None]:
    """Give what stands between the places of a name in a piece, and None for each place."""
    if piece is None:
        yield None
        return
    lowered, start, place = _lowered(piece), 0, 0
    while (place := lowered.find(name, place)) >= 0:
        end = place + len(name)
        if len(name) < _SHORT and _within_word(piece, place, end):
            place += 1
            continue
        yield piece[start:place]
        yield None
        start = place = end
    yield piece[start:]


def _within_word(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return any(each.isalnum() or each == "_" for each in (before, after) if each)


def incident_input(
    *,
    incident_type: str,
    severity: str,
    platform: str | None,
    raw: Mapping[str, Any],
    names: Iterable[str] = (),
) -> dict[str, Any]:
    """Return what a planner may know of an incident.

    ``names`` are the host's, the site's and whatever else must not be told; the values of secret
    and naming fields anywhere in ``raw`` are added to them.
    """
    hidden = _hidden(raw, names)
    found: dict[str, Any] = {
        "incident_type": text(incident_type, hidden),
        "severity": text(severity, hidden),
        "platform": text(platform or "unknown", hidden),
    }
    return found | {"details": {} if hidden is None else _details(raw, hidden)}


def _details(raw: Mapping[str, Any], hidden: Hidden) -> dict[str, Any]:
    """Return the allowed fields, scrubbed; beyond a total length none: each costs its patterns."""
    details: dict[str, Any] = {}
    length = 0
    for key in sorted(ALLOWED & raw.keys()):
        length += _length(raw[key])
        if length > _MOST_SCRUBBED:
            break
        value = _value(raw[key], hidden)
        if value is not None:
            details[key] = value
    return details


def _length(value: Any) -> int:
    """Return how many characters of a value would be scrubbed."""
    if isinstance(value, str):
        return min(len(value), _LONGEST_READ)
    if isinstance(value, list):
        return sum(_length(each) for each in value[:_MOST_LIST] if isinstance(each, str))
    return 0


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an input: equal inputs have equal ones."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def text(value: str, hidden: Hidden | None = None) -> str:
    """Return a text without secrets, persons, places and instructions, in plain ASCII."""
    # Bounded first: no pattern ever meets a text of the sender's length. A cut word is no word.
    if len(value) > _LONGEST_READ:
        value = value[:_LONGEST_READ].rpartition(" ")[0]
    if hidden is not None:
        value = hidden.taken_out(value)
    plain = _UNPRINTABLE.sub(" ", value).strip()[: 2 * MOST_VALUE]
    if _INSTRUCTION.search(plain):
        return WITHHELD
    for pattern, word in _PATTERNS:
        plain = pattern.sub(word, plain)
    return plain[:MOST_VALUE]


def _value(value: Any, hidden: Hidden) -> Any:
    """Return a scalar or a short list of scalars, scrubbed; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        # A long number may be a person's.
        return value if abs(value) < 1e9 else None  # noqa: PLR2004 - ports, codes, sizes
    if isinstance(value, str):
        return text(value, hidden)
    if isinstance(value, list):
        scalars = [each for each in value[:_MOST_LIST] if not isinstance(each, dict | list)]
        return [found for each in scalars if (found := _value(each, hidden)) is not None]
    return None


def _hidden(raw: Mapping[str, Any], names: Iterable[str]) -> Hidden | None:
    """Return what finds all that must not be told wherever it stands; None: too much to say."""
    texts = list(itertools.islice(_texts(raw), _MOST_WALKED + 1))
    found = {name.strip() for name in names}
    found |= {value.strip() for key, value in texts if _tells(key)}
    kept = sorted(
        (each for each in found if len(each) >= _SHORTEST), key=lambda each: (-len(each), each)
    )
    if len(texts) > _MOST_WALKED or len(kept) > _MOST_HIDDEN:
        return None
    return Hidden([_lowered(each) for each in kept])


def _lowered(text: str) -> str:
    """Return a text in lower case, as long as it was: some characters have several for one."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)


def _tells(key: str) -> bool:
    return key.lower() in _NAMING_KEYS or (
        key not in ALLOWED and _SECRET_KEY.search(key) is not None
    )


def _texts(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give every scalar as text with its key, those under a secret key with that key."""
    stack: list[tuple[str, Any]] = [("", raw)]
    while stack:
        key, value = stack.pop()
        if isinstance(value, Mapping):
            stack.extend(
                (key if _tells(key) else str(each), inner) for each, inner in value.items()
            )
        elif isinstance(value, list):
            stack.extend((key, inner) for inner in value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield key, str(value)
