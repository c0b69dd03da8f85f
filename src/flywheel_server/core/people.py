"""What holds for everybody who signs in: roles by home, lifetimes, passwords, addresses.

A home is the platform, one partner or one organization; a person has exactly one.
"""

import datetime as dt
import hashlib
import unicodedata

INVITATION_LASTS = dt.timedelta(days=7)
LINK_LASTS = dt.timedelta(minutes=60)

# So many wrong passwords in a row lock an address for as long, whether it has an account or not.
MOST_FAILURES = 10
LOCK_LASTS = dt.timedelta(minutes=15)

OPERATOR_ROLES = frozenset({"admin", "viewer"})
PARTNER_ROLES = frozenset({"owner", "technician", "viewer"})
CLIENT_ROLES = frozenset({"admin", "viewer"})

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1_000
LONGEST_EMAIL = 254

# Pages where a link is used: they ask for a click first, for mail scanners follow links.
LINK_PATHS = {"invitation": "/invitation", "sign_in": "/sign-in/link"}


def link_url(reached_at: str, kind: str, token: str) -> str:
    """Return the address of a one-time link."""
    return f"{reached_at}{LINK_PATHS[kind]}?token={token}"


def email_digest(email: str) -> bytes:
    """Return what the failures of an address are counted by, whatever its case."""
    return hashlib.sha256(email.strip().lower().encode("utf-8", "surrogatepass")).digest()


def composed(password: str) -> str:
    """Return a password as it is compared: however a keyboard sends accents, it is the same one."""
    return unicodedata.normalize("NFC", password)


def password_fault(password: str, email: str) -> str | None:
    """Say what is wrong with a new password, or None: length counts, kinds of characters do not."""
    password = composed(password)
    if len(password) < SHORTEST_PASSWORD:
        return f"The password is too short: use at least {SHORTEST_PASSWORD} characters."
    if len(set(password)) < SHORTEST_PASSWORD // 2:
        return "The password repeats few characters: use more different ones."
    if password.strip().lower() == email.lower():
        return "The password is the e-mail address: use another one."
    return None
