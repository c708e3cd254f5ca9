"""A Future that the subscriber's thread settles, and that nothing on that thread may wait for.

All that is private to `concurrent.futures` is here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures._base import CANCELLED
from contextvars import copy_context
from typing import Any

from kue.errors import WouldDeadlock
from kue.runtime import Runtime

logger = logging.getLogger("kue")


class _Waiters(list[Any]):
    """The list to which `concurrent.futures.wait` and `as_completed` add waiters. A check runs before each addition."""

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__()
        self._check = check

    def append(self, waiter: Any) -> None:
        self._check()
        super().append(waiter)


class GuardedFuture(Future[Any]):
    """A Future that raises `WouldDeadlock` if the thread that settles it would wait for it."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self._runtime = runtime
        self._waiters = _Waiters(self._refuse_to_deadlock)

    @property
    def name(self) -> str:
        """What logs call it."""
        return "a promise"

    def result(self, timeout: float | None = None) -> Any:
        """Wait at most `timeout` seconds (None: no limit), and return the result.

        Raises the error that the promise was settled with, `TimeoutError` if it is not settled in time, `WouldDeadlock`
        on the thread that settles promises, and `concurrent.futures.CancelledError` after `cancel`.
        """
        self._refuse_to_deadlock()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait as `result` does, and return the error that the promise was settled with; None if there is a result."""
        self._refuse_to_deadlock()
        return super().exception(timeout)

    def add_done_callback(self, fn: Callable[[Future[Any]], object]) -> None:
        """Call `fn(promise)` once the promise is settled. `sys.exit()` in `fn` does not end the thread that settles.

        A context variable that `fn` sets is seen by no other callback.
        """

        def call(future: Future[Any]) -> None:
            try:
                copy_context().run(fn, future)
            except Exception:
                raise
            except BaseException:
                if not self._runtime.hub.is_current:
                    raise
                logger.exception("a done-callback of %s raised", self.name)

        super().add_done_callback(call)

    def notify_waiters(self) -> None:
        """Wake `wait` and `as_completed`, which count a cancelled Future as done only once it was notified of that."""
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

    def reset_after_fork(self) -> None:
        """In a forked child: threads that held the lock or wait exist only in the parent, which calls the callbacks."""
        self._condition = threading.Condition()
        self._done_callbacks: list[Callable[[Future[Any]], object]] = []
        self._waiters = _Waiters(self._refuse_to_deadlock)
