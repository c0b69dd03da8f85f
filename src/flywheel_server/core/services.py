"""Services outside of the server that it needs, and when their failures need a person."""

from typing import Literal, get_args

Service = Literal["mail", "planner"]
SERVICES: tuple[Service, ...] = get_args(Service)
LONGEST_REASON = 400
# So many failures in a row are an alarm: a mail that is lost is lost, a plan is made without.
ALARM_AFTER: dict[Service, int] = {"mail": 1, "planner": 3}
