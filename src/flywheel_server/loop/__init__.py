"""The learning loop: every step, in order. A step is one idempotent transaction over what is new.

To see what runs in the background, read ``STEPS``; how it is run, ``turns`` and ``keeper``.
"""

from flywheel_server.core.step import Step
from flywheel_server.evidence.steps import anchor_evidence, verify_evidence
from flywheel_server.executions import steps as settle_orders
from flywheel_server.learning.steps import (
    aggregate_platform,
    count_days,
    count_rules,
    follow_cluster,
    generate_patterns,
    mark_eligible,
    promote_platform,
)
from flywheel_server.loop import housekeeping
from flywheel_server.rules.steps import deliver_rules, observe_deliveries, watch_rules

# Counting comes first: what was done before a rule was made is not the rule's. Of what runs at the
# same time the longest begins first. Step 1, promotion of a site's own candidates, is missing by
# design: a person approves those.
STEPS: tuple[Step, ...] = (
    Step(name="follow_cluster", run=follow_cluster.run, counts=(None, "rebuilds after a restore")),
    Step(name="settle_orders", run=settle_orders.run, counts=(None, "executions taken back")),
    Step(
        name="generate_patterns",
        run=generate_patterns.run,
        counts=("facts read", "patterns changed"),
        apart=True,
    ),
    Step(
        name="count_rules", run=count_rules.run, counts=("facts read", "rules counted"), apart=True
    ),
    Step(
        name="aggregate_platform",
        run=aggregate_platform.run,
        counts=("facts read", "platform patterns changed"),
        apart=True,
    ),
    Step(
        name="observe_deliveries",
        run=observe_deliveries.run,
        counts=("facts read", "deliveries changed"),
        apart=True,
    ),
    Step(
        name="count_days",
        run=count_days.run,
        counts=("facts read", "daily counts changed"),
        apart=True,
    ),
    Step(
        name="verify_evidence",
        run=verify_evidence.run,
        counts=("bundles verified", "chains broken"),
        apart=True,
    ),
    Step(
        name="anchor_evidence",
        run=anchor_evidence.run,
        counts=("bundles batched", "batches made"),
        apart=True,
        errand=anchor_evidence.errand,
    ),
    Step(
        name="mark_eligible", run=mark_eligible.run, counts=("patterns evaluated", "states changed")
    ),
    Step(
        name="promote_platform",
        run=promote_platform.run,
        counts=("platform patterns evaluated", "rules promoted"),
    ),
    Step(name="watch_rules", run=watch_rules.run, counts=("rules judged", "rules withdrawn")),
    Step(
        name="deliver_rules",
        run=deliver_rules.run,
        counts=(None, "deliveries, orders and alarms changed"),
    ),
    Step(name="housekeeping", run=housekeeping.run, counts=(None, "rows added, ended or deleted")),
)
NAMES = [step.name for step in STEPS]
COUNTS = {step.name: step.counts for step in STEPS}
