"""Decisions on many candidates at once: what is asked, and what became of each."""

from collections import Counter
from typing import Annotated

from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import OperatorBody, Reason, View
from flywheel_server.core.signing import Signer
from flywheel_server.learning.actions import bulk
from flywheel_server.learning.actions.bulk import Outcome
from flywheel_server.learning.views.candidates import Notes
from flywheel_server.rules.views import delivery_notes
from flywheel_server.web import bodies

_LONGEST_ID = 64
PatternIds = Annotated[
    list[Annotated[bodies.Text, Field(max_length=_LONGEST_ID)]],
    Field(min_length=1, max_length=bulk.MOST_ITEMS),
]


class BulkApproveBody(OperatorBody):
    """What to approve."""

    pattern_ids: PatternIds = Field(
        description="At most 50 candidates.", examples=[["9f86d081884c7d65"]]
    )
    notes: Notes | None = Field(None, description="Why, for each.", examples=["Seen it work."])
    deploy_immediately: bool = Field(
        True, description="Order the sites' appliances to take the rules now."
    )
    dry_run: bool = Field(False, description="Only say what would happen.")

    def deed(self, signer: Signer) -> bulk.Approval:
        """Return the decision that this asks for; the orders are the signer's."""
        return bulk.Approval(
            notes=(self.notes or "").strip() or None,
            deploy_immediately=self.deploy_immediately,
            signer=signer,
        )


class BulkRejectBody(OperatorBody):
    """What to reject."""

    pattern_ids: PatternIds = Field(
        description="At most 50 candidates.", examples=[["9f86d081884c7d65"]]
    )
    reason: Reason = Field(description="Why, for each.", examples=["Handled elsewhere."])
    dry_run: bool = Field(False, description="Only say what would happen.")

    def deed(self) -> bulk.Rejection:
        """Return the decision that this asks for."""
        return bulk.Rejection(reason=self.reason)


class BulkItem(View):
    """What became of one candidate."""

    pattern_id: str = Field(description="Which.", examples=["9f86d081884c7d65"])
    verdict: bulk.Verdict = Field(
        description="skipped: no candidate now, or named twice; conflict: decided already"
    )
    reason: str | None = Field(description="Why nothing was decided.", examples=[None])
    rule_id: str | None = Field(description="The rule that came of it.", examples=[None])
    delivery_is_final: bool | None = Field(
        None, description=f"{delivery_notes.FINAL} Null: nothing is delivered.", examples=[True]
    )


class BulkView(BaseModel):
    """What became of all, in the order in which they were named."""

    results: list[BulkItem] = Field(description="One for each.")
    counts: dict[str, int] = Field(description="How many of each verdict.")
    dry_run: bool = Field(description="True: nothing was changed.", examples=[False])
    repeated: bool = Field(
        description="True: answered before under this Idempotency-Key.", examples=[False]
    )


def view(outcome: Outcome, dry_run: bool, final: dict[str, bool]) -> BulkView:
    """Return what became of all; ``final`` says of which delivery cannot be taken back."""
    return BulkView(
        results=[
            BulkItem.model_validate(item).model_copy(
                update={"delivery_is_final": final.get(item.pattern_id)}
            )
            for item in outcome.items
        ],
        counts=dict(Counter(item.verdict for item in outcome.items)),
        dry_run=dry_run,
        repeated=outcome.repeated,
    )
