"""Types, processes, schedules and numbers as they are shown. Keys of the wrong kind are shown as what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from kue.errors import InvalidSchedule
from kue.options.values import ALL_TYPES, STATES
from kue.schedules.schedule import Schedule
from kue.stats.processes import Process, read_processes
from kue.stats.series import Numbers, read_stats
from kue.store.flow import EVERY_TYPE, Flow, StoredFlow
from kue.store.schedules import Schedules, StoredSchedule
from kue.store.stats import StatsReader
from kue.web.read_model.facts import or_else
from kue.web.security.redaction import Redaction
from kue.web.site import Site

Row = dict[str, Any]


def type_rows(site: Site, types: Sequence[str]) -> list[Row]:
    """For each type how many jobs are in each state, how long the oldest waits (ms), pauses and limits."""
    counts = iter(site.pages.counts([(state, type) for type in types for state in STATES]))
    now = site.store.now()
    unknown: list[tuple[int, int | None]] = [(0, None)] * len(types)
    waits = or_else(unknown, lambda: StatsReader(site.store).waiting(types))
    flows = flows_of(site, types)
    rows: list[Row] = []
    for type, (_, due), flow in zip(types, waits, flows, strict=True):
        counted = {state: next(counts) for state in STATES}
        rows.append({"type": type, "counts": counted, "oldest_wait": 0 if due is None else max(0, now - due), **flow})
    return rows


def flows_of(site: Site, types: Sequence[str]) -> list[Row]:
    """The pause and the limits of each type; "" stands for all types."""
    if not types:
        return []
    return [_flow(flow) for flow in or_else([StoredFlow()] * len(types), lambda: Flow(site.store).read(*types))]


def _flow(flow: StoredFlow) -> Row:
    per = None if flow.rate is None else {"jobs": flow.rate[0], "duration": flow.rate[1]}
    return {
        "paused": flow.paused > 0,
        "paused_for": int(flow.paused) if 0 < flow.paused < float("inf") else None,
        "limit": None if flow.concurrency is None and per is None else {"concurrency": flow.concurrency, "per": per},
    }


def total_row(site: Site) -> Row:
    """The same for all types together."""
    counts = site.pages.counts([(state, None) for state in STATES])
    return {"counts": dict(zip(STATES, counts, strict=True)), **flows_of(site, [EVERY_TYPE])[0]}


def process_rows(site: Site) -> list[Row]:
    """The Python processes, those that work first; `lost` is when the lease ran out, in ms."""
    none: list[Process] = []
    found = or_else(none, lambda: read_processes(StatsReader(site.store), site.store.now()))
    return [asdict(process) | {"types": dict(process.types)} for process in found]


def schedule_rows(site: Site, redaction: Redaction, *, with_data: bool) -> list[Row]:
    """Every schedule by name. `unreadable` says why one cannot be read."""
    rows: list[Row] = []
    none: dict[str, StoredSchedule] = {}
    for name, stored in sorted(or_else(none, lambda: Schedules(site.store).all()).items()):
        try:
            schedule = Schedule(site.queue.runtime, site.queue.job_class, name, stored)
        except (InvalidSchedule, ValueError, LookupError, TypeError) as problem:
            rows.append({"name": name, "unreadable": str(problem)})
        else:
            rows.append(schedule_row(schedule, redaction, with_data=with_data))
    return rows


def schedule_row(schedule: Schedule, redaction: Redaction, *, with_data: bool) -> Row:
    """One schedule. `when` is a cron expression, or the ms between two jobs."""
    when = schedule.when
    return {
        "name": schedule.name,
        "when": when // timedelta(milliseconds=1) if isinstance(when, timedelta) else when,
        "tz": schedule.tz,
        "type": schedule.type,
        "data": redaction.apply(schedule.data) if with_data else None,
        "next_at": schedule.next_at,
        "last_at": schedule.last_at,
        "last_job_id": schedule.last_job_id,
        "fired": schedule.fired,
        "skipped": schedule.skipped,
        "paused": schedule.paused,
        "unreadable": None,
    }


def stats_rows(site: Site, since: int, type: str | None) -> Row:
    """What happened in the last `since` ms, by type; "*" is all types together."""
    types = [*site.pages.some_types(_MAX_TYPES), ALL_TYPES] if type is None else [type]
    found = read_stats(StatsReader(site.store), types, since, site.store.now())
    return {
        name: {
            **{key: value for key, value in asdict(stats).items() if key != "series"},
            "series": [{"at": at, **asdict(numbers)} for at, numbers in stats.series],
        }
        for name, stats in found.items()
    } or ({} if type is None else {type: asdict(Numbers()) | {"waiting": 0, "oldest_wait": 0, "series": []}})


_MAX_TYPES = 200
