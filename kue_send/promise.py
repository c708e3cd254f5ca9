"""The outcome of a job as a `concurrent.futures.Future`, which may time out.

- watches the events of the job, and takes the outcome from the first that decides it
- takes the outcome that the hub reads from Redis, if an event was lost
- has the hub read the job anew, and settles then
- settles after its timeout, at a shutdown and in a forked child

It does not read Redis itself.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import InvalidStateError
from typing import Any

from kue.common.timer_queue import Timer
from kue.errors import (
    ForkedChild,
    InvalidJobData,
    JobFailed,
    JobInvalid,
    JobRemoved,
    PromiseTimeout,
    ShutdownInProgress,
)
from kue.events.watcher import Outcome, Watcher
from kue.jobs.job import Job
from kue.runtime import Runtime
from kue.store.identity import is_other, read_created_at
from kue.store.job_hash import JobHash
from kue.store.stored_error import message_of
from kue_send.future import GuardedFuture

logger = logging.getLogger("kue")
_EVENTS = frozenset(("result", "complete", "error", "failed", "remove"))
_MAX_SECONDS_PAST_TIMEOUT = 0.1  # for the job to be read anew
_SETTLING_EVENTS = frozenset(("result", "complete", "failed"))


class JobPromise(GuardedFuture):
    """All of `kue_send.Promise` but the type of its job, which is defined in the module of that job."""

    must_settle = True
    may_have_missed = False
    settled_by: frozenset[str] = _SETTLING_EVENTS
    created_at: int | None = None

    def __init__(self, runtime: Runtime, job: Job, timeout: int | None) -> None:
        super().__init__(runtime)
        self._timeout = timeout
        self._timer: Timer | threading.Timer | None = None
        self._stack: str | None = None
        self._decided: tuple[Any, BaseException | None] | None = None  # the outcome, while the job is read anew
        self._removes_itself = _removes_itself(job)
        self._job = job
        self._hash: JobHash | None = None  # what was read anew, until the job is asked for

    def begin(self) -> None:
        """Save the job if it is not saved, and watch its events from then on."""
        hub = self._runtime.hub
        if self._job.id is None and self._runtime.test_mode.only_collects:
            self._job.save()  # without a subscription, which would need Redis
        if self._job.id is None:
            with hub.saving(self._job.options.get("unique") is not None) as watch:
                self._job.save()
                self.start_watching(hub.watch if self._job.existing else watch)
        else:
            self.may_have_missed = not self._job.only_collected
            self.start_watching(hub.watch)

    def start_watching(self, watch: Callable[[int, Watcher], None]) -> None:
        """Watch the events of the job, which is saved now, and start the timeout; `watch` adds the watcher."""
        if self._job.existing:  # it may remove itself though this object was not to, or be gone by now
            self._removes_itself = _removes_itself(self._job) or self._job.state() is None
            self.may_have_missed = not self._job.only_collected
        if not self._job.only_collected:
            self.created_at = read_created_at(self._job.created_at)
            watch(self._id, self)
        if self._timeout is not None:
            self._timer = self._start_timer(self._timeout / 1000)

    def _start_timer(self, seconds: float) -> Timer | threading.Timer:
        if not self._job.only_collected:
            return self._runtime.hub.call_later(seconds, self._timed_out)
        # The thread of the hub runs only if Redis is used.
        timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), self._timed_out)
        timer.name = "kue-timeout"
        timer.daemon = True
        timer.start()
        return timer

    @property
    def name(self) -> str:
        return f"the promise of job {self._job.id}"

    @property
    def job(self) -> Job:
        """The job. Once the promise has settled and has read it: another object, the job as Redis had it then."""
        if (hash := self._hash) is not None:
            with contextlib.suppress(JobInvalid):
                self._job = type(self._job).from_hash(self._runtime, self._id, hash)
            self._hash = None  # last: until then, other threads make the object too
        return self._job

    @property
    def _id(self) -> int:
        return self._job.id or 0

    def cancel(self) -> bool:
        """Stop waiting; the job itself goes on. Returns False if the promise is settled already."""
        cancelled = super().cancel()
        if cancelled:
            self.notify_waiters()
            self._stop_watching()
        return cancelled

    # what the hub calls, on the subscriber's thread

    def wants(self, event: str) -> bool:
        return event in _EVENTS

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        if event == "result":
            return self._decide(args[0] if args else None)
        if event == "complete":
            return self._decide(args[0])
        if event == "error":
            self._stack = args[0] if isinstance(args[0], str) else None
        elif event == "failed":
            message = args[0] if isinstance(args[0], str) else message_of(self._stack or "")
            return self._decide(None, JobFailed(self._id, message, self._stack))
        return False

    def on_outcome(self, outcome: Outcome) -> None:
        if outcome.sent:
            self._decide(outcome.sent[0])
        elif outcome.state == "complete" and outcome.invalid is not None:
            self._decide(None, InvalidJobData(*outcome.invalid))
        elif outcome.state == "complete":
            self._decide(outcome.result)
        elif outcome.state == "failed":
            self._decide(None, JobFailed(self._id, outcome.message, outcome.error or None))
        elif outcome.state == "unheard":
            problem = f"the queue was shut down before job {self._id} settled; the job itself goes on"
            self._reject(ShutdownInProgress(problem))
        elif outcome.state == "forked":
            self.reset_after_fork()
            problem = f"the promise of job {self._id} was made before a fork: make another in this process"
            self._reject(ForkedChild(problem))
        else:
            self._reject(JobRemoved(self._id, outcome_unknown=self._removes_itself))

    def _timed_out(self) -> None:
        if self._decided is not None:
            self._settle(*self._decided)
        elif not self.done():
            self._runtime.hub.unwatch(self._id, self)
            problem = PromiseTimeout(self._job.id, self._timeout or 0)
            if self._job.only_collected:
                self._reject(problem)
                return
            self._timer = self._runtime.hub.call_later(_MAX_SECONDS_PAST_TIMEOUT, self._timed_out)
            self._decide(None, problem)

    def _decide(self, value: Any, problem: BaseException | None = None) -> bool:
        """Take the outcome, and settle with it once the job was read anew."""
        if self._decided is None:
            self._decided = (value, problem)
            self._runtime.hub.reread(self._id, self)
        return True

    def on_read(self, hash: JobHash | None) -> None:
        if self._decided is None or self.done():
            return
        if hash is not None and not is_other(read_created_at(hash.created_at), self.created_at):
            self._hash = hash
        self._settle(*self._decided)

    def _reject(self, problem: BaseException) -> None:
        self._settle(None, problem)

    def _settle(self, value: Any, problem: BaseException | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            if problem is None:
                self.set_result(value)
            else:
                self.set_exception(problem)
        except InvalidStateError:
            logger.debug("the promise of job %s was settled or cancelled before", self._job.id)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._job.id is not None:
            self._runtime.hub.unwatch(self._id, self)


def _removes_itself(job: Job) -> bool:
    return any(job.options.get(name) for name in ("remove_on_complete", "remove_on_fail"))
