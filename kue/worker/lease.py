"""Renews the lease of this process: while it is valid, no other process touches the jobs active under its name.

A thread of its own renews it, and Redis measures it by its own clock. If a handler holds the GIL for longer than the
lease, that thread cannot run either, and the process counts as dead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from kue.common.backoff import Backoff
from kue.common.clock import steady
from kue.common.error_reporter import ErrorReporter
from kue.errors import KueError, ShutdownInProgress
from kue.store.store import Store

_RENEWALS_PER_LEASE = 3


class Lease:
    """Held from `start` to `stop`. Unless it is valid, no job may be taken.

    `length` is in ms. `renewed` is called whenever the lease becomes valid. Its argument is true if it had run out in
    Redis before, so that other processes may have taken over jobs.
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
        self._was_held = False
        self._stopping = threading.Event()
        self._gives_up = False
        self._thread = threading.Thread(target=self._run, name="kue-lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_valid(self) -> bool:
        """Whether the lease has certainly not run out: its time is counted from before it was requested."""
        return steady() < self._valid_until

    def stop(self, timeout: float = 5.0, *, give_up: bool = True) -> None:
        """Stop renewing, and with `give_up` end the lease in Redis.

        Without it, or if Redis does not answer in time, the lease runs out by itself. A process must not give up its
        lease while jobs are active under its name.
        """
        self._gives_up = give_up
        self._stopping.set()
        self._thread.join(timeout)
        self._valid_until = 0.0

    def _run(self) -> None:
        self._renew()
        if self._gives_up:
            try:
                self._store.end_lease(self._process)
            except ShutdownInProgress:  # the queue stopped waiting for Redis; the lease runs out by itself
                pass
            except KueError as problem:
                self._error_reporter.outage_began("lease", problem)
            except Exception as problem:
                self._error_reporter.unexpected("lease", problem)

    def _renew(self) -> None:
        every = self._length / 1000 / _RENEWALS_PER_LEASE
        backoff = Backoff()
        while not self._stopping.is_set():
            requested_at = steady()
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
            was_valid, was_held = self.is_valid, self._was_held
            self._was_held = True
            self._valid_until = requested_at + self._length / 1000
            if not was_valid:
                self._renewed(was_held and (left is None or left <= 0))
            self._stopping.wait(every)
