"""Where rules come from, in words."""

_CUSTOM = {
    "site": "for this site",
    "organization": "for your organization",
    "partner": "by or for your IT partner",
    "platform": "for every site",
}


def origin(source: str, scope: str, tier: str | None = None) -> str:
    """Return where a rule comes from, as a sentence goes on after "a rule that …"."""
    if source == "builtin":
        return "is built into the appliances"
    if source == "synced" and tier == "full_coverage":
        return "belongs to the standard set for sites with full coverage"
    if source == "synced":
        return "belongs to the standard set that every site gets"
    if source == "platform":
        return "was learnt from many organizations together"
    if source == "promoted":
        return "was learnt at this site"
    return f"was written by hand {_CUSTOM[scope]}"
