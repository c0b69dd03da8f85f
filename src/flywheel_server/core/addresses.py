"""E-mail addresses: which are taken, and in which form they are kept, compared and written to.

A domain beyond ASCII is kept as people write it; mail goes to the form that every server knows.
"""

import email_validator

# Reserved names that networks of companies do use, and the one that no mail ever reaches, for
# accounts that shall get none. Nothing is looked up, and nothing else allowed.
_OWN_NETWORKS = {"local", "localhost", "invalid"}
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in _OWN_NETWORKS
]


def normal(text: str) -> str:
    """Return an address as it is kept. Raises ValueError that says why it is none."""
    return _checked(text).normalized


def canonical(text: str) -> str:
    """Return an address as it would be kept; what is none stays as it is."""
    try:
        return normal(text)
    except ValueError:
        return text


def deliverable(text: str) -> str:
    """Return an address for a mail server: in ASCII unless its local part is not.

    Raises ValueError for what is none.
    """
    found = _checked(text)
    return found.ascii_email or found.normalized


def _checked(text: str) -> email_validator.ValidatedEmail:
    return email_validator.validate_email(
        text.strip(),
        check_deliverability=False,
        globally_deliverable=False,
        test_environment=True,
        strict=True,
    )
