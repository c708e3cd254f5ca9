"""The threads that synchronous handlers run on: as many as are busy at once, reused, never waited for by Redis traffic.

A handler that is given up (its ttl or the shutdown deadline passed) cannot be stopped: its thread is a stray until the
handler returns, and a fresh thread takes its place.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kue.worker.run import Run


class HandlerThreads:
    """A thread pool without a limit of its own; the slots are the limit. `submit` is for one thread."""

    def __init__(self, execute: Callable[[Run], None]) -> None:
        self._execute = execute
        self._runs: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._busy = 0

    def submit(self, run: Run) -> None:
        """Have a run executed, on a thread that is idle or a new one. Raises `RuntimeError` where there is none."""
        with self._lock:
            new = self._busy >= self._threads
        if new:
            threading.Thread(target=self._work, name="kue-handler", daemon=True).start()
        with self._lock:
            self._busy += 1
            self._threads += new
        run.executing = True
        self._runs.put(run)

    def _work(self) -> None:
        try:
            while (run := self._runs.get()) is not None:
                try:
                    self._execute(run)
                finally:
                    run.executing = False
                    with self._lock:
                        self._busy -= 1
                del run
        finally:  # also where a run brings it down: the next one gets a new thread
            with self._lock:
                self._threads -= 1

    def stop(self) -> None:
        """End the threads that are idle now, and each other one when its handler returns."""
        with self._lock:
            threads = self._threads
        for _ in range(threads):
            self._runs.put(None)
