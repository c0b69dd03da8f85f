"""Sites: what is sent to change them."""

from pydantic import Field, model_validator

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import Name, OperatorBody


class SiteChange(OperatorBody):
    """What to change; what is absent or null stays as it is."""

    name: Name | None = Field(None, description="Its new name.", examples=["Main practice"])
    healing_tier: accounts.HealingTier | None = Field(
        None, description="Which built-in rules it gets.", examples=["full_coverage"]
    )

    @model_validator(mode="after")
    def _something(self) -> "SiteChange":
        if self.name is None and self.healing_tier is None:
            raise ValueError("give `name` or `healing_tier`")
        return self
