"""The figures of ``/metrics``. Labels are bounded: routes by template, never by path."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BUCKETS = (*map(str, map(float, _BOUNDS)), "+Inf")


class _Times:
    """How long the answers of one route took: how many per bucket, and their sum."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * len(_BUCKETS)
        self.seconds = 0.0


class Answers(Collector):
    """Counts of answers in plain numbers, which become metrics when somebody reads them.

    The library's instruments cost more than many an answer: they lock for each observation.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = {}
        self._times: dict[str, _Times] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (method, route, status)
        self._counts[key] = self._counts.get(key, 0) + 1
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = _Times()
        times.counts[bisect_left(_BOUNDS, seconds)] += 1
        times.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted so far."""
        requests = CounterMetricFamily(
            "flywheel_http_requests",
            "HTTP requests answered",
            labels=["method", "route", "status"],
        )
        for (method, route, status), count in self._counts.items():
            requests.add_metric([method, route, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily(
            "flywheel_http_request_seconds",
            "Time from the first byte read to the last byte written",
            labels=["route"],
        )
        for route, times in self._times.items():
            buckets = list(zip(_BUCKETS, accumulate(times.counts), strict=True))
            seconds.add_metric([route], buckets, times.seconds)
        yield seconds


class Metrics:
    """The instruments of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.answers = Answers()
        registry.register(self.answers)
        self.shed = Counter(
            "flywheel_http_shed",
            "HTTP requests refused because too many of their kind were underway or had come",
            ["kind"],
            registry=registry,
        )
        self.page_refusals = Counter(
            "flywheel_page_refusals",
            "Reports of browsers that refused part of a page by its content security policy",
            registry=registry,
        )
        self.executions = Counter(
            "flywheel_executions",
            "Executions received, by verdict",
            ["verdict"],
            registry=registry,
        )
        self.quota_refused = Counter(
            "flywheel_quota_refused",
            "What was refused because a site's quota was reached, by kind",
            ["kind"],
            registry=registry,
        )
        self.plans = Counter(
            "flywheel_plans",
            "Requests for a plan answered, by planner, what was told, and why",
            ["planner", "told", "reason"],
            registry=registry,
        )
        self.plan_calls = Counter(
            "flywheel_plan_calls", "Calls of the language model for plans", registry=registry
        )
        self.plan_micro_usd = Counter(
            "flywheel_plan_micro_usd",
            "What these calls cost, in millionths of a US dollar",
            registry=registry,
        )
        self.plan_seconds = Histogram(
            "flywheel_plan_seconds",
            "Time from a request for a plan to its committed answer",
            ["planner"],
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 20, 30),
            registry=registry,
        )
        self.plans_waiting = Gauge(
            "flywheel_plans_waiting", "Plans that wait for a person's approval", registry=registry
        )
        self.plans_unreported = Gauge(
            "flywheel_plans_unreported",
            "Plans of the last week never reported within an hour after they were to be executed",
            registry=registry,
        )
        self.plan_micro_usd_today = Gauge(
            "flywheel_plan_micro_usd_today",
            "What all sites spent or reserved for plans today, in millionths of a US dollar",
            registry=registry,
        )
        self.database_up = Gauge(
            "flywheel_database_up",
            "1 while the database answers and takes writes",
            registry=registry,
        )
        self.database_writable = Gauge(
            "flywheel_database_writable", "1 while the database takes writes", registry=registry
        )
        self.loop_seconds_since_turn = Gauge(
            "flywheel_loop_seconds_since_turn",
            "Seconds since any process last started a turn of the loop",
            registry=registry,
        )
        self.loop_silent = Gauge(
            "flywheel_loop_silent",
            "1 when no turn of the loop started for three intervals",
            registry=registry,
        )
        self.step_failed = Gauge(
            "flywheel_loop_step_failed",
            "1 when the newest run of a step ended in an error",
            ["step"],
            registry=registry,
        )
        self.step_seconds = Gauge(
            "flywheel_loop_step_seconds",
            "How long the newest run of a step took",
            ["step"],
            registry=registry,
        )
        self.rules_not_running = Gauge(
            "flywheel_rules_not_running",
            "Approved rules that should run on an appliance and are not known to",
            registry=registry,
        )
        self.evidence_anchors = Gauge(
            "flywheel_evidence_anchors",
            "Timestamps of evidence that are not verified, by state",
            ["state"],
            registry=registry,
        )
        self.evidence_oldest_pending_seconds = Gauge(
            "flywheel_evidence_oldest_pending_seconds",
            "How long the timestamp of evidence that has waited longest waits for its block",
            registry=registry,
        )
        self.evidence_chains_broken = Gauge(
            "flywheel_evidence_chains_broken",
            "Sites whose chain of evidence does not hold",
            registry=registry,
        )
        self.service_failures = Gauge(
            "flywheel_service_failures",
            "Failures in a row of a service outside of the server, 0 while it works",
            ["service"],
            registry=registry,
        )
        self.unresolved_executions = Gauge(
            "flywheel_unresolved_executions",
            "Executions kept whose id resolves to no rule and no runbook and is not set aside",
            registry=registry,
        )
        self.set_aside_executions = Gauge(
            "flywheel_set_aside_executions",
            "Executions kept under unresolved ids that operators set aside",
            registry=registry,
        )
