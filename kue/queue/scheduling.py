"""What a queue does for recurring jobs: declares and lists them, and saves single jobs now or for later."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from kue.common.clock import Moment
from kue.errors import InvalidSchedule
from kue.jobs.job import Job
from kue.maintenance.recurring import Recurring
from kue.maintenance.ticker import Duty, Ticker
from kue.runtime import Runtime
from kue.schedules.declaring import check_new, declare
from kue.schedules.schedule import Schedule
from kue.schedules.when import read_later
from kue.store.schedules import Schedules

_J = TypeVar("_J", bound=Job)


class Scheduling:
    """A part of `Queue`."""

    job_class: ClassVar[type[Job]]
    runtime: Runtime
    _lock: threading.RLock
    _ticker: Ticker | None
    _recurring: Recurring | None

    if TYPE_CHECKING:

        def _refuse_if_shut_down(self) -> None: ...

        def _add_duties(self, duties: Iterable[Duty]) -> None: ...

        def _recurring_duty(self) -> Recurring: ...

    def every(
        self,
        when: str | int | float | timedelta,
        job: Job,
        *,
        name: str | None = None,
        tz: str | tzinfo | None = None,
        start: datetime | None = None,
        until: datetime | None = None,
        times: int | None = None,
        catch_up: Literal["last", "all", "skip"] = "last",
        overlap: Literal["allow", "skip"] = "allow",
    ) -> Schedule:
        """Save a job like this one again and again. Returns the schedule, which Redis keeps until it is removed.

        `when` is a cron expression, read in the time zone `tz` (UTC), or an interval: a timedelta, milliseconds, or
        words such as "2 minutes". `name` (the type of the job) is its name in Redis: to declare it again, here or in
        another process, replaces the job and its options, and the schedule starts anew only if `when`, `tz` or `start`
        changed. It begins at `start` and ends after `until`, or after so many `times`.

        Each time has exactly one job, in whichever process: those with handlers, and those that said `every`, look for
        what is due. Of times that all of them missed, `catch_up` says which get a job: the "last", "all" (100 at most)
        or none ("skip"). With `overlap="skip"` a time has no job while the last one has not ended.

        Raises `InvalidSchedule`, `InvalidJobData`, `ConnectionFailed`, `RedisRefused`, or `ShutdownInProgress`.
        """
        with self._lock:
            self._refuse_if_shut_down()
        options = {"tz": tz, "start": start, "until": until, "times": times, "catch_up": catch_up, "overlap": overlap}
        schedule = declare(self.runtime, when, job, name, options)
        if not self.runtime.test_mode.only_collects:
            with self._lock:
                self._refuse_if_shut_down()
                duty = self._recurring_duty()
                self._add_duties([duty])
                if self._ticker is not None:
                    self._ticker.hasten(duty)
        return schedule

    def schedule(self, when: str | int | float | timedelta | datetime, job: _J) -> _J:
        """Save one job for later, and return it. `when` takes the place of its delay.

        It is an aware datetime, a timedelta, milliseconds, words such as "2 minutes", "in 2 minutes" or "2 minutes from
        now", or a cron expression, whose next time in UTC counts. Raises `InvalidSchedule`, and what `save` raises.
        """
        check_new(self.runtime, job)
        store = self.runtime.store
        now = store.clock() if self.runtime.test_mode.only_collects else store.now()
        later = read_later(when, job.type, now)
        if isinstance(later, Moment):
            job.options["delay"] = later
        else:
            job.delay(later)
        return job.save()

    def now(self, job: _J) -> _J:
        """Save one job without a delay, and return it. Raises `InvalidSchedule`, and what `save` raises."""
        check_new(self.runtime, job)
        return job.delay(None).save()

    def schedules(self) -> dict[str, Schedule]:
        """Every schedule under the prefix, by name. Raises `ConnectionFailed` or `RedisRefused`.

        One that a newer release wrote, so that this one cannot read it, is left out, and an `error` event reports it.
        """
        found = {}
        for name, stored in Schedules(self.runtime.store).all().items():
            try:
                found[name] = Schedule(self.runtime, self.job_class, name, stored)
            except InvalidSchedule as problem:
                self.runtime.error_reporter.warn(problem)
        return found
