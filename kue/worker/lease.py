"""Renews the lease of this process, and its record: while it is valid, no other process touches its active jobs.

A thread of its own renews it, and Redis measures it by its own clock. If a handler holds the GIL for longer than the
lease, that thread cannot run either, and the process counts as dead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from kue.common.backoff import Backoff
from kue.common.clock import steady
from kue.common.flag import Flag
from kue.errors import ShutdownInProgress
from kue.runtime import Runtime
from kue.store.process_record import ProcessRecord

_RENEWALS_PER_LEASE = 3


class Lease:
    """Held from `start` to `stop`. Unless it is valid, no job may be taken.

    Its length is the option `lease`. `types` gives the number of slots of each type, for the record. `renewed` is
    called whenever the lease becomes valid. Its argument is true if the lease had run out in Redis before, so that
    other processes may have taken over jobs.
    """

    def __init__(
        self, runtime: Runtime, process: str, types: Callable[[], Mapping[str, int]], renewed: Callable[[bool], None]
    ) -> None:
        self._store = runtime.store
        self._fleet = runtime.fleet
        self._options = runtime.options
        self._error_reporter = runtime.error_reporter
        self._process = process
        self._types = types
        self._renewed = renewed
        self._valid_until = 0.0
        self._was_held = False
        self._stopping = False
        self._wakeup = Flag()
        self._gives_up = False
        self._thread = threading.Thread(target=self._run, name="kue-lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def renew_soon(self) -> None:
        """Renew now, since the record has changed."""
        self._wakeup.set()

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
        self._stopping = True
        self._wakeup.set()
        self._thread.join(timeout)
        self._valid_until = 0.0

    def _run(self) -> None:
        self._renew()
        if self._gives_up:
            try:
                self._store.end_lease(self._process)
            except ShutdownInProgress:  # the queue stopped waiting for Redis; the lease runs out by itself
                pass
            except Exception as problem:
                self._error_reporter.failed("lease", problem)

    def _renew(self) -> None:
        length = self._options.lease / 1000
        every = length / _RENEWALS_PER_LEASE
        backoff = Backoff()
        renewals = 0
        while not self._stopping:
            requested_at = steady()
            try:
                left = self._store.renew_lease(self._process, self._record())
            except Exception as problem:
                self._error_reporter.failed("lease", problem)
                self._sleep(min(backoff.next(), every))
                continue
            self._error_reporter.outage_ended("lease")
            backoff.reset()
            was_valid, was_held = self.is_valid, self._was_held
            self._was_held = True
            self._valid_until = requested_at + length
            if not was_valid:
                self._renewed(was_held and (left is None or left <= 0))
            if renewals % _RENEWALS_PER_LEASE == 0:  # it reads a hash for each process, so that a fleet pays for it
                self._look_around()
            renewals += 1
            self._sleep(every)

    def _look_around(self) -> None:
        """Note which versions work here. If that fails, the lease is no worse for it."""
        try:
            self._fleet.seen(*self._store.versions())
        except ShutdownInProgress:
            pass
        except Exception as problem:
            self._error_reporter.failed("lease", problem)

    def _sleep(self, seconds: float) -> None:
        if self._wakeup.wait(seconds) and not self._stopping:
            self._wakeup.clear()

    def _record(self) -> ProcessRecord:
        options = self._options
        return ProcessRecord.of_this_process(
            self._process, options.lease, options.ghost_retries, options.ghost_delay, self._types()
        )
