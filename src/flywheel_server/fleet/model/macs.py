"""MAC addresses as agents write them: any usual form is read, anything else is text.

A MAC identifies a machine only if it can belong to one machine: zeros and broadcast do not.
"""

import re

# Ethernet, EUI-64 and InfiniBand.
_SIZES = frozenset({6, 8, 20})
# What is kept of a text that is no MAC.
MOST_TEXT = 200
_LONGEST = 100
# Pairs with or without one separator, or groups of four digits as network devices print them.
_PAIRS = re.compile(r"[0-9A-F]{2}(?:[:. -]?[0-9A-F]{2})*")
_GROUPS = re.compile(r"[0-9A-F]{4}(?:[:.-][0-9A-F]{4})*")
_SEPARATORS = str.maketrans("", "", ":.- ")
# How long a MAC is within an id: with a separator behind each pair, dotted, bare.
_TAIL_LENGTHS = (59, 49, 40, 23, 19, 17, 16, 14, 12)
_ZEROS = "00:00:00:00:00:00"


def parse(text: str | None) -> str | None:
    """Return a MAC in upper case with colons; None for anything that identifies no machine."""
    digits = _digits(text)
    if digits is None or set(digits) in ({"0"}, {"F"}):
        return None
    return _colons(digits)


def unreadable(text: str | None) -> str | None:
    """Return what was reported in place of a MAC, or None for a MAC and for nothing."""
    return (text or "").strip() or None if _digits(text) is None else None


def tails(text: str) -> list[tuple[str, str]]:
    """Return each way to read ``{site}-{MAC}``: with the MAC in its usual form, and that MAC."""
    found = []
    for length in _TAIL_LENGTHS:
        beginning, tail = text[:-length], text[-length:]
        mac = parse(tail) if beginning.endswith("-") else None
        if mac is not None:
            found.append((beginning + mac, mac))
    return found


def zeros(text: str) -> bool:
    """Say whether an id ends with the zeros that an agent without a MAC writes."""
    tail = text[-len(_ZEROS) :].replace("-", ":")
    return tail == _ZEROS and text[: -len(_ZEROS)].endswith("-")


def _digits(text: str | None) -> str | None:
    """Return the hex digits of a MAC in any usual form."""
    plain = (text or "").strip().upper()
    if len(plain) > _LONGEST:
        return None
    if _PAIRS.fullmatch(plain) is None and _GROUPS.fullmatch(plain) is None:
        return None
    digits = plain.translate(_SEPARATORS)
    return digits if len(digits) // 2 in _SIZES and len(digits) % 2 == 0 else None


def _colons(digits: str) -> str:
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))
