"""The lease of this process: while it is renewed, nobody else touches the jobs that are active under its name.

Renewed by a thread of its own, by Redis's own clock. A handler that holds the GIL for longer than the lease keeps this
thread from running too, and the process counts as frozen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from kue.common.backoff import Backoff
from kue.common.clock import steady
from kue.common.error_reporter import ErrorReporter
from kue.errors import KueError, ShutdownInProgress
from kue.options.queue import RENEWALS_PER_LEASE
from kue.store.store import Store


class Lease:
    """Held from `start` to `stop`. Without it no job may be taken.

    `renewed` is told whenever it stands anew, and whether it had run out meanwhile, so that jobs may have been lost.
    """

    def __init__(
        self, store: Store, process: str, length: int, error_reporter: ErrorReporter, renewed: Callable[[bool], None]
    ) -> None:
        self._store = store
        self._process = process
        self._length = length
        self._error_reporter = error_reporter
        self._renewed = renewed
        self._valid_until = 0.0
        self._began = False
        self._stopping = threading.Event()
        self._gives_up = False
        self._thread = threading.Thread(target=self._run, name="kue-lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def stands(self) -> bool:
        """Whether the lease has certainly not run out: counted from before it was asked for."""
        return steady() < self._valid_until

    def stop(self, timeout: float = 5.0, *, give_up: bool = True) -> None:
        """Renew no more, and give the lease up if nothing is active under it; else, or where Redis does not answer in
        time, it runs out by itself."""
        self._gives_up = give_up
        self._stopping.set()
        self._thread.join(timeout)
        self._valid_until = 0.0

    def _run(self) -> None:
        self._renew()
        if self._gives_up:
            try:
                self._store.end_lease(self._process)
            except ShutdownInProgress:  # the queue would not wait for Redis any longer
                pass
            except KueError as problem:
                self._error_reporter.outage_began("lease", problem)
            except Exception as problem:
                self._error_reporter.unexpected("lease", problem)

    def _renew(self) -> None:
        every = self._length / 1000 / RENEWALS_PER_LEASE
        backoff = Backoff()
        while not self._stopping.is_set():
            asked_at = steady()
            try:
                left = self._store.renew_lease(self._process, self._length)
            except Exception as problem:
                if isinstance(problem, KueError):
                    self._error_reporter.outage_began("lease", problem)
                else:
                    self._error_reporter.unexpected("lease", problem)
                self._stopping.wait(min(backoff.next(), every))
                continue
            self._error_reporter.outage_ended("lease")
            backoff.reset()
            stood, began = self.stands, self._began
            self._began = True
            self._valid_until = asked_at + self._length / 1000
            if not stood:
                self._renewed(began and (left is None or left <= 0))
            self._stopping.wait(every)
