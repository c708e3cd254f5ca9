"""Runs short handlers on the I/O thread itself: waking another thread costs more than they take.

Whether a handler is short is told by how long it took lately. One that takes longer than it used to holds nobody up: a
second thread, the relief, takes the I/O over within milliseconds; the first is left to its handler, and ends with it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable

from kue.errors import ForkedChild
from kue.worker.run import PutBack, Run

_SLICE = 1e-3  # seconds of the I/O thread's time, before it looks at its connections again
_LOOK = 2e-3  # seconds between two looks of the relief, and how long a handler may take
_LULL = 0.1  # seconds without a run, after which the relief sleeps


class InlineRunner:
    """Runs waiting for the I/O thread. `submit` and `run` are for that thread, whichever it is at the time."""

    def __init__(self, execute: Callable[[Run], None], elsewhere: Callable[[Run], None]) -> None:
        self._execute = execute
        self._elsewhere = elsewhere
        self._runs: deque[Run] = deque()
        self._lock = threading.Lock()
        self._turn = 0  # counts the threads that have had the I/O
        self._called: float | None = None  # when the handler that is running now was called
        self._last = 0.0
        self._relief: threading.Thread | None = None
        self._awake = threading.Event()
        self._stopping = False
        self.take_over: Callable[[], None] = lambda: None

    @property
    def waiting(self) -> bool:
        """Whether there are runs to be run."""
        return bool(self._runs)

    def submit(self, run: Run) -> None:
        """Have a run executed by the next `run`."""
        self._runs.append(run)

    def run(self) -> bool:
        """Execute what waits, for a while; False where another thread has the I/O by now, and the caller is to end."""
        turn, until, process = self._turn, 0.0, os.getpid()
        while self._runs:
            run = self._runs.popleft()
            if run.settled:  # by a shutdown, before it began
                continue
            with self._lock:
                self._last = time.monotonic()
                relieved = not self._stopping and (self._awake.is_set() or self._wake_relief())
                self._called = self._last if relieved else None
            if not relieved:
                self._start_elsewhere(run)
                continue
            run.executing = True
            try:
                self._execute(run)
            except ForkedChild:  # the handler has forked, and this child came back from it: the I/O is its parent's
                raise
            except BaseException:  # whoever has the I/O by now deals with trouble: two threads must not
                if not self._still_leads(run, turn):
                    return False
                raise
            if os.getpid() != process or not self._still_leads(run, turn):
                return False
            until = until or self._last + _SLICE
            if self._last > until:
                break
        return True

    def stop(self) -> None:
        """End the relief."""
        self._stopping = True
        self._awake.set()

    def _still_leads(self, run: Run, turn: int) -> bool:
        """After a run: whether no relief has taken over meanwhile."""
        with self._lock:
            run.executing = False
            if self._turn != turn:
                return False
            self._called = None
            return True

    def _start_elsewhere(self, run: Run) -> None:
        try:
            self._elsewhere(run)
        except BaseException:  # no other thread either: the job goes back, and the I/O thread waits a little
            run.settle(PutBack())
            raise

    def _wake_relief(self) -> bool:
        if self._relief is None:
            relief = threading.Thread(target=self._stand_by, name="kue-relief", daemon=True)
            try:
                relief.start()
            except RuntimeError:  # there is no thread to be had
                return False
            self._relief = relief
        self._awake.set()
        return True

    def _stand_by(self) -> None:
        """The relief: asleep while nothing is run here, else looking whether somebody is held up."""
        while not self._stopping:
            self._awake.wait()
            time.sleep(_LOOK)
            with self._lock:
                now = time.monotonic()
                if self._called is None:
                    if now - self._last > _LULL and not self._stopping:
                        self._awake.clear()
                elif now - self._called > _LOOK:
                    self._turn += 1
                    self._called = None
                    self._relief = None
                    self._awake.clear()
                    break
        else:
            return
        threading.current_thread().name = "kue-io"
        self.take_over()
