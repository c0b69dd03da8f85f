"""What delivering a rule means on the appliances that it goes to, told before a decision."""

from collections.abc import Iterable

from pydantic import Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.fleet.model.appliances import Appliance
from flywheel_server.rules.model import delivery_words

FINAL = "Whether any appliance that it goes to keeps it for good: switching off does not remove it."


class AgentNoteView(View):
    """What delivery means on appliances with one kind of agent."""

    agent: str = Field(description="Which kind.", examples=["older daemon"])
    appliances: int = Field(description="How many appliances have it.", examples=[2])
    delivery_is_final: bool = Field(
        description="Whether they keep a rule that was switched off.", examples=[True]
    )
    at_delivery: str = Field(
        description="How it gets there.",
        examples=["It is sent by an order and loaded at once."],
    )
    at_switching_off: str = Field(
        description="What happens when it is switched off.",
        examples=["Its file stays on the appliance and goes on firing, also after a restart."],
    )
    remedy: str | None = Field(
        description="How a person takes it off; null: the agent does.", examples=[None]
    )


class ApplianceNoteView(AgentNoteView):
    """The same for one appliance."""

    appliance_id: str = Field(
        description="Which appliance.", examples=["site-lab-01-02:00:5E:10:00:01"]
    )
    agent_version: str = Field(description="What runs on it.", examples=["0.1.0"])


def notes(versions: Iterable[str], rule_id: str = "{rule_id}") -> list[AgentNoteView]:
    """Return what delivery means on appliances with these agent versions."""
    return [AgentNoteView.model_validate(each) for each in delivery_words.notes(versions, rule_id)]


def of_appliances(found: Iterable[Appliance]) -> list[ApplianceNoteView]:
    """Return what delivery means on each of these."""
    views = []
    for appliance in found:
        (note,) = notes([appliance.agent_version])
        views.append(
            ApplianceNoteView(
                **note.model_dump(),
                appliance_id=appliance.wire_id,
                agent_version=appliance.agent_version,
            )
        )
    return views


def final(versions: Iterable[str]) -> bool:
    """Say whether delivery to any of these is final."""
    return delivery_words.final(versions)
