"""The object that users have of one schedule: what Redis held of it, and what they can do with it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from kue.common.names import with_kue_names
from kue.jobs.indexing import complete_index
from kue.jobs.job import Job
from kue.options.values import parse_number, read_whole
from kue.runtime import Runtime
from kue.schedules.definition import Definition
from kue.schedules.planning import next_after
from kue.schedules.template import collected_hash, read_data, read_type
from kue.schedules.zone import WallClock
from kue.store.schedules import Schedules, StoredSchedule


@with_kue_names
class Schedule:
    """A recurring job, as `queue.every` or `queue.schedules` found it. Its methods bring it up to date.

    - `name`, and `when`: a cron expression or a timedelta, and `tz`, the time zone of the expression
    - `type` and `data` of its jobs
    - `next_at`: when the next job is due, in ms since the epoch; None if the schedule is paused or over
    - `last_at`: when its last job was due; `last_job_id`: the last job that it saved, `trigger` included
    - `fired`: how many jobs were saved at their times; `skipped`: how many were left out by `overlap="skip"`
    - `paused`: whether `pause` was called, and not `resume`

    In test mode its methods change only this object, and `trigger` collects the job. Otherwise they raise
    `ScheduleNotFound` if the schedule was removed, and `ConnectionFailed` or `RedisRefused`.
    """

    def __init__(self, runtime: Runtime, job_class: type[Job], name: str, stored: StoredSchedule) -> None:
        self._runtime = runtime
        self._job_class = job_class
        self._schedules = Schedules(runtime.store)
        self.name = name
        self._take(stored)

    def _take(self, stored: StoredSchedule) -> None:
        """Read what Redis holds. Raises `InvalidSchedule` if this release cannot."""
        hash = stored.hash
        self._stored = stored
        self._definition = Definition.from_hash(self.name, hash)
        when = self._definition.when
        self.when: str | timedelta = timedelta(milliseconds=when) if isinstance(when, int) else when
        self.tz = self._definition.tz
        self.type = read_type(hash)
        self.data: Any = read_data(self.name, hash)
        self.next_at: int | None = None if math.isinf(stored.due) else round(stored.due)
        self.last_at = _number(hash, "last_at")
        self.last_job_id = _number(hash, "last_job_id")
        self.fired = _number(hash, "fired") or 0
        self.skipped = _number(hash, "skipped") or 0
        self.paused = "paused" in hash

    @property
    def _only_collects(self) -> bool:
        return self._runtime.test_mode.only_collects

    def __repr__(self) -> str:
        state = "paused" if self.paused else "over" if self.next_at is None else f"next at {self.next_at}"
        return f"<Schedule {self.name!r} {self.when!s} {state}>"

    def next(self, n: int = 1) -> list[datetime]:
        """The next `n` times, as datetimes in the zone of the schedule; fewer if it ends, none if it is paused.

        Raises `InvalidOption` if `n` is less than 1, and `InvalidSchedule` if this machine does not know the zone.
        """
        count = read_whole("n", n, least=1)
        zone = WallClock(self.tz).zone
        if self.next_at is None:
            return []
        if self._definition.times is not None:
            count = min(count, self._definition.times - self.fired)
        times = self._definition.timetable(_number(self._stored.hash, "first") or 0).following(self.next_at, count)
        return [datetime.fromtimestamp(time / 1000, zone) for time in times]

    def pause(self) -> None:
        """Save no more jobs, in any process, until `resume`."""
        if self._only_collects:
            return self._take(StoredSchedule(math.inf, self._stored.hash | {"paused": b"1"}))
        self._take(self._schedules.pause(self.name))

    def resume(self) -> None:
        """Go on after `pause`, from now on: what was due meanwhile is left out.

        Raises `InvalidSchedule` if this machine does not know the zone.
        """
        if self._only_collects:
            due = next_after(self.name, self._stored.hash, self._runtime.store.clock())
            hash = {field: value for field, value in self._stored.hash.items() if field != "paused"}
            return self._take(StoredSchedule(math.inf if due is None else due, hash))
        stored = None
        while stored is None:
            read = self._schedules.read_one(self.name)
            due = next_after(self.name, read.hash, self._runtime.store.now())
            stored = self._schedules.resume(self.name, read, due)
        self._take(stored)

    def trigger(self) -> Job:
        """Save a job now, and return it. The next time and the counters stay as they are.

        Raises `SaveInDoubt` if the connection broke before the reply.
        """
        if self._only_collects:
            collected = collected_hash(self.name, self._stored.hash, self._runtime.store.clock())
            job = self._job_class.from_hash(self._runtime, 0, collected)
            self._runtime.test_mode.collect(job)
            self.last_job_id = job.id
            return job
        id, hash, is_indexed = self._schedules.trigger(self.name, self._runtime.store.now())
        self._runtime.counters.of(self.type).created.append(1)
        if is_indexed:
            complete_index(self._runtime, [id])
        self.last_job_id = id
        job = self._job_class.from_hash(self._runtime, id, hash)
        self._runtime.test_mode.collect(job)
        return job

    def remove(self) -> None:
        """Remove the schedule. The jobs that it has saved stay."""
        if not self._only_collects:
            self._schedules.remove(self.name)
        self._runtime.declared_schedules.pop(self.name, None)


def _number(hash: dict[str, bytes], field: str) -> int | None:
    number = parse_number(hash.get(field))
    return None if number is None else int(number)
