"""The learning loop: every step, in order. A step is one idempotent transaction over what is new.

To see what runs in the background, read ``STEPS``; how it is run, ``turns`` and ``keeper``.
"""

from flywheel_server.loop import (
    aggregate_platform,
    anchor_evidence,
    count_days,
    count_rules,
    deliver_rules,
    follow_cluster,
    generate_patterns,
    housekeeping,
    mark_eligible,
    observe_deliveries,
    promote_platform,
    settle_orders,
    verify_evidence,
    watch_rules,
)
from flywheel_server.loop.step import Step

# Counting comes first: what was done before a rule was made is not the rule's. Of what runs at the
# same time the longest begins first. Step 1, promotion of a site's own candidates, is missing by
# design: a person approves those.
STEPS: tuple[Step, ...] = (
    Step(name="follow_cluster", run=follow_cluster.run),
    Step(name="settle_orders", run=settle_orders.run),
    Step(name="generate_patterns", run=generate_patterns.run, apart=True),
    Step(name="count_rules", run=count_rules.run, apart=True),
    Step(name="aggregate_platform", run=aggregate_platform.run, apart=True),
    Step(name="observe_deliveries", run=observe_deliveries.run, apart=True),
    Step(name="count_days", run=count_days.run, apart=True),
    Step(name="verify_evidence", run=verify_evidence.run, apart=True),
    Step(
        name="anchor_evidence", run=anchor_evidence.run, apart=True, errand=anchor_evidence.errand
    ),
    Step(name="mark_eligible", run=mark_eligible.run),
    Step(name="promote_platform", run=promote_platform.run),
    Step(name="watch_rules", run=watch_rules.run),
    Step(name="deliver_rules", run=deliver_rules.run),
    Step(name="housekeeping", run=housekeeping.run),
)
NAMES = [step.name for step in STEPS]
