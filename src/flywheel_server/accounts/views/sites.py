"""A site as people see it, and as they filter by it."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.store import accounts
from flywheel_server.core import errors
from flywheel_server.core.db import Connection

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"


class PlaceView(BaseModel):
    """A site."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    site_id: str = Field(description="What its appliances call it.", examples=["site-lab-01"])
    name: str = Field(description="What people call it.", examples=["Main practice"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFilter:
    """A site to filter by, as it was written; it may be none of the caller's."""

    text: str | None

    async def find(self, connection: Connection) -> UUID | None:
        """Return the site's id, or None for all. Raises NotFound for a foreign or unknown one."""
        if self.text is None:
            return None
        found = await accounts.find_site(connection, self.text)
        if found is None:
            raise errors.NotFound("You have no such site: leave `site` out to see all of yours.")
        return found.id


def _site_filter(
    site: Annotated[
        str | None, Query(min_length=1, max_length=300, description="Only this site.")
    ] = None,
    # The name that operators' lists and appliances use.
    site_id: Annotated[
        str | None, Query(min_length=1, max_length=300, include_in_schema=False)
    ] = None,
) -> SiteFilter:
    return SiteFilter(text=site or site_id)


SiteFilterDep = Annotated[SiteFilter, Depends(_site_filter)]
