"""Runs short handlers on the I/O thread itself, since waking another thread would take longer than they do.

A handler counts as short if its calls were short of late. If one then takes longer, a second thread, the standby, takes
over the I/O: other jobs wait a few milliseconds at most. The first thread finishes its handler, and ends with it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from kue.common.forks import forks
from kue.errors import ForkedChild
from kue.worker.outcomes import PutBack
from kue.worker.run import Run

_MAX_SLICE_SECONDS = 1e-3  # for handlers at a stretch; then the I/O thread checks its connections again
_CHECK_EVERY_SECONDS = 2e-3  # by the standby, which takes over if a handler has taken longer than this
_SLEEP_AFTER_SECONDS = 0.1  # without a call of a handler the standby need not check


class InlineRunner:
    """The runs that wait for the I/O thread. Only the thread that has the I/O calls `submit` and `run`."""

    def __init__(
        self,
        execute: Callable[[Run], None],
        thrown: Callable[[Run, BaseException], None],
        start_on_thread: Callable[[Run], None],
    ) -> None:
        self._execute = execute
        self._thrown = thrown
        self._start_on_thread = start_on_thread
        self._runs: deque[Run] = deque()
        self._lock = threading.RLock()
        self._takeovers = 0
        self._called_at: float | None = None  # of the handler that runs now; None: the standby has nothing to watch
        self._last_call_at = 0.0
        self._standby: threading.Thread | None = None
        self._awake = threading.Event()
        self._is_watching = False  # as `_awake`, in fewer steps
        self._stopping = False
        self.take_over: Callable[[], None] = lambda: None

    @property
    def waiting(self) -> bool:
        """Whether there are runs to execute."""
        return bool(self._runs)

    def submit(self, run: Run) -> None:
        """Have a run executed by the next `run`."""
        self._runs.append(run)

    def run(self) -> bool:
        """Execute waiting runs for a while. False if another thread has the I/O by now: then the caller must end."""
        takeovers, until, forks_before = self._takeovers, 0.0, forks.count
        while self._runs:
            run = self._runs[0]
            del self._runs[0]  # not by a call, at whose end an exception could be thrown into this thread
            try:
                if run.settled:  # by a shutdown, before it began
                    continue
                with self._lock:
                    self._last_call_at = time.monotonic()
                    watched = not self._stopping and (self._is_watching or self._wake_standby())
                    self._called_at = self._last_call_at if watched else None
                if not watched:
                    self._start_elsewhere(run)
                    continue
                run.executing = True
                self._execute(run)
                if forks.count != forks_before or not self._still_leads(run, takeovers):
                    return False
            except ForkedChild:  # the handler forked, and this is the child: the I/O belongs to its parent
                raise
            except BaseException as problem:  # the thread that has the I/O handles it; after a takeover that is another
                self._thrown(run, problem)
                if not self._still_leads(run, takeovers):
                    return False
                raise
            until = until or self._last_call_at + _MAX_SLICE_SECONDS
            if self._last_call_at > until:
                break
        return True

    def stop(self) -> None:
        """End the standby."""
        self._stopping = True
        self._awake.set()

    def _still_leads(self, run: Run, takeovers: int) -> bool:
        """After a run: whether this thread still has the I/O."""
        with self._lock:
            run.executing = False
            if self._takeovers != takeovers:
                return False
            self._called_at = None
            return True

    def _start_elsewhere(self, run: Run) -> None:
        """Without a standby the run goes to a handler thread, where it may take as long as it likes."""
        try:
            self._start_on_thread(run)
        except RuntimeError:  # no thread could be started: the job goes back, and the I/O thread waits a little
            run.settle(PutBack("no thread could be started for its handler"))
            raise

    def _wake_standby(self) -> bool:
        if self._standby is None:
            standby = threading.Thread(target=self._stand_by, name="kue-standby", daemon=True)
            try:
                standby.start()
            except RuntimeError:  # the system has no more threads
                return False
            self._standby = standby
        self._is_watching = True
        self._awake.set()
        return True

    def _stand_by(self) -> None:
        """The standby: sleeps while no handler is called here, else checks whether one takes too long."""
        while not self._stopping:
            self._awake.wait()
            time.sleep(_CHECK_EVERY_SECONDS)
            with self._lock:
                now = time.monotonic()
                if self._called_at is None:
                    if now - self._last_call_at > _SLEEP_AFTER_SECONDS and not self._stopping:
                        self._is_watching = False
                        self._awake.clear()
                elif now - self._called_at > _CHECK_EVERY_SECONDS:
                    self._takeovers += 1
                    self._called_at = None
                    self._standby = None
                    self._is_watching = False
                    self._awake.clear()
                    break
        else:
            return
        threading.current_thread().name = "kue-io"
        self.take_over()
