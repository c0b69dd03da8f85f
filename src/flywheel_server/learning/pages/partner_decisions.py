"""One candidate of a partner's sites: its page, and deciding on it."""

from flywheel_server.learning.pages import candidates, deciding
from flywheel_server.web.access import PARTNER_ACTOR, PARTNER_READER

PLACE = candidates.Place(
    candidates="/partner/learning/candidates",
    fleet="/partner/fleet",
    then="/partner/learning",
    template="partner/candidate.html",
)
router = deciding.router(PLACE, PARTNER_READER, PARTNER_ACTOR)
