"""Calls that may run code of users for long, each on a thread of its own: nothing else has to wait for it."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any

from kue.common.clock import TimeBudget
from kue.common.error_reporter import ErrorReporter
from kue.errors import KueError
from kue.jobs.failure import failure_of


class OwnThreads:
    """Makes calls, each on a thread. Any thread may ask for one."""

    def __init__(self) -> None:
        self._alive: set[threading.Thread] = set()

    def call(self, call: Callable[[], Any]) -> None:
        """Make a call on a thread that may wait for it."""

        def make_it() -> None:
            try:
                call()
            finally:
                self._alive.discard(thread)

        thread = threading.Thread(target=make_it, name="kue-handler", daemon=True)
        self._alive.add(thread)
        try:
            thread.start()
        except RuntimeError:  # there are no more threads
            make_it()

    def stop(self, timeout: float) -> None:
        """Wait at most `timeout` seconds for the calls that are under way."""
        budget = TimeBudget(timeout)
        for thread in self._alive.copy():
            if thread is not threading.current_thread():
                budget.spend(thread.join)


def cancel_future(future: concurrent.futures.Future[Any], id: int | None, error_reporter: ErrorReporter) -> None:
    """Cancel the Future that the handler of a job returned. What it or its callbacks raise is reported."""
    try:
        future.cancel()
    except BaseException as problem:
        error = KueError(f"the Future of job {id} raised {failure_of(problem).line} when it was cancelled")
        error.__cause__ = problem
        error_reporter.report(error)
