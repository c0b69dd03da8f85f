"""What operators send: strict, bounded, and without unknown fields; ids in paths and filters.

People see a foreign or unknown id as 404, in the path, the query and the body alike.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from flywheel_server.accounts.store import accounts
from flywheel_server.core import errors
from flywheel_server.web import bodies

_LONGEST_REASON = 2_000


class OperatorBody(BaseModel):
    """What an operator's tool sends: a misspelt field is refused, not ignored."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class View(BaseModel):
    """What an operator is shown of a stored value."""

    model_config = ConfigDict(from_attributes=True)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank: give at least one visible character")
    return text


NotBlank = Annotated[bodies.Text, AfterValidator(_not_blank)]
Name = Annotated[NotBlank, Field(max_length=bodies.MOST_NAME)]
Label = Annotated[bodies.Text, Field(max_length=bodies.MOST_NAME)]
Reason = Annotated[NotBlank, Field(max_length=_LONGEST_REASON)]
# JSON has no UUIDs: the text of one is exact enough.
Id = Annotated[UUID, Field(strict=False)]
Filter = Annotated[
    str | None,
    Query(min_length=1, max_length=300, description="Only what has exactly this value."),
]

Search = Annotated[
    str | None,
    Query(min_length=1, max_length=300, description="Only what has this somewhere in its words."),
]


class ReasonBody(OperatorBody):
    """Why something is done."""

    reason: Reason = Field(
        description="Why, for the audit.", examples=["Restarts a service that must stay stopped."]
    )


class RuleName(OperatorBody):
    """What people call a rule."""

    name: Annotated[NotBlank, Field(max_length=bodies.MOST_NAME)] = Field(
        description="Its name for people.", examples=["Spooler back on"]
    )


def _path_id(id: Annotated[str, Path(description="The id that creating it answered.")]) -> UUID:
    found = accounts.as_uuid(id)
    if found is None:
        raise errors.NotFound("The id in the path is not one of ours: take it from a list.")
    return found


PathId = Annotated[UUID, Depends(_path_id)]

SearchFilter = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=300,
        description="In its type, host, rule or runbook, whatever the case.",
    ),
]
