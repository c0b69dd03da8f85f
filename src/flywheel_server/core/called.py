"""Lists are searched for the words that pages show, whatever a value is called within."""

from collections.abc import Mapping

# What people read of a person's access, of a key and of a webhook.
ACCESS: Mapping[str, str] = {
    "enabled": "may sign in",
    "invited": "invited",
    "disabled": "disabled",
}
KEYS: Mapping[str, str] = {"valid": "valid", "revoked": "revoked"}
WEBHOOKS: Mapping[str, str] = {"on": "on", "paused": "paused", "gone": "switched off"}


def called(text: str | None, words: Mapping[str, str]) -> list[str]:
    """Return the values whose words have a text in them."""
    if not text:
        return []
    return [value for value, said in words.items() if text.lower() in said.lower()]
