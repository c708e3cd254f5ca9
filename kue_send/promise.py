"""A job as a `concurrent.futures.Future`: settled by the job's events, or from Redis where an event was lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures._base import CANCELLED
from typing import Any

from kue.common.timer_queue import Timer
from kue.errors import ForkedChild, JobFailed, JobRemoved, PromiseTimeout, ShutdownInProgress, WouldDeadlock
from kue.events.watcher import Outcome
from kue.jobs.job import Job
from kue.runtime import Runtime
from kue.store.stored_error import message_of

logger = logging.getLogger("kue")
_HEARD = frozenset(("result", "complete", "error", "failed", "remove"))


class _Waiters(list[Any]):
    """Where `concurrent.futures.wait` and `as_completed` leave whom a Future is to wake."""

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__()
        self._check = check

    def append(self, waiter: Any) -> None:
        self._check()
        super().append(waiter)


class Promise(Future[Any]):
    """Settles on the subscriber's thread. Waiting for one there raises `WouldDeadlock`."""

    must_settle = True

    def __init__(self, runtime: Runtime, job: Job, timeout: int | None) -> None:
        super().__init__()
        self._runtime = runtime
        self._timeout = timeout
        self._timer: Timer | None = None
        self._stack: str | None = None
        self._removes_itself = job.remove_on_complete()
        self.job = job
        self._waiters = _Waiters(self._refuse_to_deadlock)

    def begin(self) -> None:
        """Save the job if it is not saved, and hear of it from then on."""
        hub = self._runtime.hub
        if self.job.id is None:
            with hub.saving() as watch:
                self.job.save()
                if not self.job.only_collected:
                    watch(self._id, self)
        elif not self.job.only_collected:
            hub.watch(self._id, self)
        if self._timeout is not None:
            self._timer = hub.call_later(self._timeout / 1000, self._time_is_up)

    @property
    def _id(self) -> int:
        return self.job.id or 0

    def result(self, timeout: float | None = None) -> Any:
        """What the job came to, waiting for it at most `timeout` seconds."""
        self._refuse_to_deadlock()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Why there is no result, or None, waiting for it at most `timeout` seconds."""
        self._refuse_to_deadlock()
        return super().exception(timeout)

    def add_done_callback(self, fn: Callable[[Future[Any]], object]) -> None:
        """As with any Future; `sys.exit()` in it does not end the thread that settles promises."""

        def call(future: Future[Any]) -> None:
            try:
                fn(future)
            except Exception:
                raise
            except BaseException:
                if not self._runtime.hub.is_current:
                    raise
                logger.exception("a done-callback of the promise of job %s", self.job.id)

        super().add_done_callback(call)

    def cancel(self) -> bool:
        """Stop waiting; the job itself goes on."""
        cancelled = super().cancel()
        if cancelled:
            self._tell_waiters()
            self._forget()
        return cancelled

    def _tell_waiters(self) -> None:
        """Once: `wait` and `as_completed` believe a cancelled Future only when whoever works on it has taken note."""
        with self._condition:
            if self._state == CANCELLED:
                self.set_running_or_notify_cancel()

    def _refuse_to_deadlock(self) -> None:
        if not self.done() and self._runtime.hub.is_current:
            problem = WouldDeadlock(
                "this promise is waited for on the thread that settles promises (a done-callback runs there); "
                "wait on another thread, or add a done-callback to it"
            )
            self._runtime.error_reporter.report(problem)
            raise problem

    # what is heard, on the subscriber's thread

    def wants(self, event: str) -> bool:
        return event in _HEARD

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        if event == "result":
            return self._resolve(args[0] if args else None)
        if event == "complete":
            return self._resolve(args[0])
        if event == "error":
            self._stack = args[0] if isinstance(args[0], str) else None
        elif event == "failed":
            message = args[0] if isinstance(args[0], str) else message_of(self._stack or "")
            return self._reject(JobFailed(self._id, message, self._stack))
        elif event == "remove":
            return self._reject(JobRemoved(self._id))
        return False

    def on_outcome(self, outcome: Outcome) -> None:
        if outcome.sent:
            self._resolve(outcome.sent[0])
        elif outcome.state == "complete":
            self._resolve(outcome.result)
        elif outcome.state == "failed":
            self._reject(JobFailed(self._id, outcome.message, outcome.error or None))
        elif outcome.state == "unheard":
            problem = f"the queue was shut down before job {self._id} settled; the job itself goes on"
            self._reject(ShutdownInProgress(problem))
        elif outcome.state == "forked":
            self._forget_the_parent()
            problem = f"the promise of job {self._id} was made before a fork: make another in this process"
            self._reject(ForkedChild(problem))
        else:
            self._reject(JobRemoved(self._id, outcome_unknown=bool(self._removes_itself)))

    def _forget_the_parent(self) -> None:
        """In a forked child: whoever held the lock or waits is not here, and the callbacks are called by the parent."""
        self._condition = threading.Condition()
        self._done_callbacks: list[Callable[[Future[Any]], object]] = []
        self._waiters = _Waiters(self._refuse_to_deadlock)

    def _time_is_up(self) -> None:
        if not self.done():
            self._reject(PromiseTimeout(self.job.id, self._timeout or 0))
            self._runtime.hub.unwatch(self._id, self)

    def _resolve(self, value: Any) -> bool:
        return self._settle(value, None)

    def _reject(self, problem: BaseException) -> bool:
        return self._settle(None, problem)

    def _settle(self, value: Any, problem: BaseException | None) -> bool:
        if self._timer is not None:
            self._timer.cancel()
        try:
            if problem is None:
                self.set_result(value)
            else:
                self.set_exception(problem)
        except InvalidStateError:
            logger.debug("promise of job %s was settled or cancelled before", self.job.id)
        return True

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.job.id is not None:
            self._runtime.hub.unwatch(self._id, self)
