"""`/metrics`: how many jobs there are, how long they wait, and who works, for Prometheus.

It counts what is in Redis at the moment. Of many types the first 200 have numbers of their own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.responses import Response

from kue.errors import RedisRefused
from kue.options.values import STATES, parse_number
from kue.stats.processes import read_processes
from kue.store.flow import EVERY_TYPE, Flow
from kue.store.stats import StatsReader
from kue.web.call import Call
from kue.web.routing import Route
from kue.web.site import Site

MAX_TYPES = 200
OTHERS = "py:others"
"""Stands for the types beyond those. It can be the name of none."""


def metrics(call: Call) -> Response:
    """The numbers in Prometheus's format, from a registry of their own."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(call.site))
    return Response(generate_latest(registry), 200, {"Content-Type": CONTENT_TYPE_LATEST})


ROUTES = (Route("GET", "/metrics", "read", metrics),)


class _Snapshot(Collector):
    """Reads everything when it is made.

    What has the wrong kind in Redis, or is a number that no float can hold, is left out; `kue doctor` reports it.
    """

    def __init__(self, site: Site) -> None:
        self._metrics: list[Metric] = []
        types = site.pages.some_types(MAX_TYPES)
        for read in (_jobs, _waits, _pauses, _work_time, _processes):
            with contextlib.suppress(RedisRefused, OverflowError):
                self._metrics += read(site, types)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _jobs(site: Site, types: Sequence[str]) -> Iterator[Metric]:
    sets = [(state, type) for type in types for state in STATES]
    counts = site.pages.counts([*sets, *((state, None) for state in STATES)])
    jobs = GaugeMetricFamily("kue_jobs", "Jobs in a state.", labels=["type", "state"])
    named: dict[str, int] = dict.fromkeys(STATES, 0)
    for (state, type), count in zip(sets, counts, strict=False):
        if count is not None:
            jobs.add_metric([type, state], count)
            named[state] += count
    for state, total in zip(STATES, counts[len(sets) :], strict=True):
        if total is not None and total > named[state]:
            jobs.add_metric([OTHERS, state], total - named[state])
    yield jobs


def _waits(site: Site, types: Sequence[str]) -> Iterator[Metric]:
    waits = GaugeMetricFamily("kue_oldest_wait_seconds", "For how long the oldest queued job waits.", labels=["type"])
    now = site.store.now()
    for type, (_, due) in zip(types, StatsReader(site.store).waiting(types), strict=True):
        waits.add_metric([type], 0 if due is None else max(0, now - due) / 1000)
    yield waits


def _pauses(site: Site, types: Sequence[str]) -> Iterator[Metric]:
    paused = GaugeMetricFamily("kue_paused", "Whether a type is paused; without a name: all types.", labels=["type"])
    for type, flow in zip([EVERY_TYPE, *types], Flow(site.store).read(EVERY_TYPE, *types), strict=True):
        paused.add_metric([type], float(flow.paused > 0))
    yield paused


def _work_time(site: Site, types: Sequence[str]) -> Iterator[Metric]:
    work = CounterMetricFamily("kue_work_seconds", "The duration of all completed runs.")
    work.add_metric([], (parse_number(site.pages.work_time()) or 0) / 1000)
    yield work


def _processes(site: Site, types: Sequence[str]) -> Iterator[Metric]:
    processes = read_processes(StatsReader(site.store), site.store.now())
    alive = [process for process in processes if process.lost is None]
    for name, help, value in (
        ("kue_processes", "Python processes with workers.", len(alive)),
        ("kue_processes_lost", "Processes whose lease ran out in the last hour.", len(processes) - len(alive)),
        ("kue_slots", "Slots of these processes.", sum(sum(process.types.values()) for process in alive)),
        ("kue_slots_busy", "Slots that run a job.", sum(process.busy or 0 for process in alive)),
    ):
        yield GaugeMetricFamily(name, help, value=float(value))
