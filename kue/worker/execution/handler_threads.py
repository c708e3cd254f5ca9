"""The threads that plain handlers run on: as many as handlers run at once, each used again for the next run.

A plain handler cannot be stopped. If its run is abandoned (at its ttl, or at the deadline of a shutdown), its thread is
a stray until the handler returns, and a new thread takes its place.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kue.worker.run import Run


class HandlerThreads:
    """A thread pool without a limit of its own: the slots are the limit. Only one thread calls `submit`."""

    def __init__(self, execute: Callable[[Run], None]) -> None:
        self._execute = execute
        self._runs: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._lock = threading.RLock()
        self._threads = 0
        self._busy = 0

    def submit(self, run: Run) -> None:
        """Have a run executed, on an idle thread or a new one. Raises `RuntimeError` if no thread can be started."""
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
        finally:  # also if a run ends the thread by an exception: the next run gets a new one
            with self._lock:
                self._threads -= 1

    def stop(self) -> None:
        """End the idle threads now, and each busy one when its handler returns."""
        with self._lock:
            threads = self._threads
        for _ in range(threads):
            self._runs.put(None)
