"""The end of the process: as soon as the main thread ends, no more jobs are taken, and those that run are put back.

From that moment executors refuse work, and newer Pythons start no thread. So jobs that were taken would fail. Without
this, jobs that run at the end would stay active until the lease has run out, and count as lost.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Protocol

from kue.common.clock import TimeBudget
from kue.errors import ShutdownInProgress
from kue.worker.intake import ENDING, intake
from kue.worker.run import Run

logger = logging.getLogger("kue")
_MAX_SECONDS = 2.0
_MAX_JOBS_IN_WARNING = 20


# They register an end of their executors, which waits for work. It must come after ours, so ours is registered later.
_REGISTER_BEFORE = ("concurrent.futures.thread", "concurrent.futures.process")


class _Works(Protocol):
    @property
    def is_closed(self) -> bool:
        """Whether a shutdown ends the runs, with a deadline of its own."""
        ...

    def give_back(self) -> None:
        """Start nothing more, and have every run give its job back."""

    def finish(self, budget: TimeBudget) -> list[Run]:
        """Write what became of the runs, and end the threads. Returns the runs whose jobs went back."""
        ...


class Exit:
    """Ends the pools of this process in order.

    `at_end_of_main` runs before Python waits for threads and executors, `at_end_of_threads` after that: it ends what a
    shutdown on a daemon thread has not ended by then, or everything if a new Python lacks the earlier hook.
    Each pool is ended once, and both share the time that there is.
    """

    def __init__(self) -> None:
        self._is_registered = False
        self.forget_all()

    def forget_all(self) -> None:
        """In a forked child: the pools stay with the parent."""
        self._pools: weakref.WeakSet[_Works] = weakref.WeakSet()
        self._budget = TimeBudget(_MAX_SECONDS)

    def prepare(self) -> None:
        """Have Python call this at its end. Raises `ShutdownInProgress` if the main thread has ended already."""
        if not self._is_registered:
            self._is_registered = True
            self._register()
        if intake.is_closed_for(ENDING):
            raise ShutdownInProgress("the process is ending, and takes no more handlers")

    def _register(self) -> None:
        for name in _REGISTER_BEFORE:
            with contextlib.suppress(ImportError, RuntimeError):
                importlib.import_module(name)
        atexit.register(self.at_end_of_threads)
        with contextlib.suppress(AttributeError):  # a newer Python may lack this hook
            try:
                threading._register_atexit(self.at_end_of_main)  # type: ignore[attr-defined]
            except RuntimeError:  # the main thread has ended
                intake.close(ENDING)

    def watch(self, pool: _Works) -> None:
        """End a pool in order when the main thread ends."""
        self._pools.add(pool)

    def at_end_of_main(self) -> None:
        self._end([pool for pool in self._pools if not pool.is_closed])

    def at_end_of_threads(self) -> None:
        self._end(list(self._pools))

    def _end(self, pools: list[_Works]) -> None:
        """Put back what runs, within what is left of two seconds."""
        intake.close(ENDING)
        self._pools.difference_update(pools)
        for pool in pools:
            pool.give_back()
        put_back = [f"{run.type} {run.id}" for pool in pools for run in pool.finish(self._budget)]
        if put_back:
            more = len(put_back) - _MAX_JOBS_IN_WARNING
            names = ", ".join(put_back[:_MAX_JOBS_IN_WARNING]) + (f" and {more} more" if more > 0 else "")
            logger.warning("the process ends while jobs run, which go back to their queues: %s", names)


def before_end_of_child(call: Callable[[], object]) -> None:
    """Have a call made when a child of `multiprocessing` ends: if it was forked, it ends without `atexit`.

    It is made in no other process, and not if a newer Python lacks the hook.
    """

    def end() -> None:
        module = sys.modules.get("multiprocessing.process")
        if module is not None and module.parent_process() is not None:
            call()

    with contextlib.suppress(AttributeError, RuntimeError):  # RuntimeError: the main thread has ended
        threading._register_atexit(end)  # type: ignore[attr-defined]


at_exit = Exit()
os.register_at_fork(after_in_child=at_exit.forget_all)
