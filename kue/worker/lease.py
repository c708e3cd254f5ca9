"""The lease of this process, and its record: while it is valid, no other process touches its active jobs.

It is renewed with the pulse, and Redis measures it by its own clock. If a handler holds the GIL for longer than the
lease, the pulse cannot beat either, and the process counts as dead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.common.backoff import Backoff
from kue.common.clock import steady
from kue.connection.connection import Command
from kue.connection.pool import refusal
from kue.runtime import Runtime
from kue.store.process_record import ProcessRecord
from kue.store.queries import read_versions

_RENEWALS_PER_LEASE = 3
_RECORD_EVERY_SECONDS = 1.0  # while the number of busy slots changes


class Lease:
    """A part of the pulse. Unless the lease is valid, no job may be taken.

    Its length is the option `lease`. `types` gives the number of slots of each type, and `busy` how many slots run a
    job, for the record. `renewed` is called whenever the lease becomes valid. Its argument is true if the lease had run
    out in Redis before, so that other processes may have taken over jobs.
    """

    name = "lease"

    def __init__(
        self,
        runtime: Runtime,
        process: str,
        types: Callable[[], Mapping[str, int]],
        busy: Callable[[], int],
        renewed: Callable[[bool], None],
    ) -> None:
        self._store = runtime.store
        self._fleet = runtime.fleet
        self._options = runtime.options
        self._error_reporter = runtime.error_reporter
        self._process = process
        self._types = types
        self._busy = busy
        self._started = self._busy_before = 0
        self._renewed = renewed
        self._length = runtime.options.lease / 1000
        self._every = self._length / _RENEWALS_PER_LEASE
        self._due_at = self._requested_at = self._valid_until = self._look_at = 0.0
        self._was_held = False
        self._backoff = Backoff()
        self._gives_up = False

    @property
    def is_valid(self) -> bool:
        """Whether the lease has certainly not run out: its time is counted from before it was requested."""
        return steady() < self._valid_until

    def renew_soon(self) -> None:
        """Renew with the next beat, since the record has changed."""
        self._due_at = 0.0

    def give_up(self) -> None:
        """Have the lease ended in Redis when the pulse stops. Otherwise, it runs out by itself.

        A process must not give up its lease while jobs are active under its name.
        """
        self._gives_up = True

    # what the pulse asks

    @property
    def due_in(self) -> float:
        due_at = self._due_at
        if self._busy() != self._busy_before:
            due_at = min(due_at, self._requested_at + _RECORD_EVERY_SECONDS)
        return due_at - steady()

    def commands(self) -> Sequence[Command]:
        self._requested_at = steady()
        self._due_at = self._requested_at + self._every  # before the record is read, so that no later change is missed
        record = self._record()
        renewal = self._store.transitions.renew_lease(self._process, record.lease, record.fields())
        if self._requested_at < self._look_at:  # it reads a hash for each process, so that a fleet pays for it
            return [renewal]
        self._store.connections.server_clock.is_due = True
        return [renewal, self._store.commands.versions()]

    def answered(self, replies: Sequence[Any]) -> None:
        left, *versions = replies
        if isinstance(left, ResponseError):
            raise refusal(left)
        self._backoff.reset()
        was_valid, was_held = self.is_valid, self._was_held
        self._was_held = True
        self._valid_until = self._requested_at + self._length
        if not was_valid:
            self._renewed(was_held and (left is None or int(left) <= 0))
        for reply in versions:
            self._look_at = self._requested_at + self._length - self._every / 2
            self._look_around(reply)

    def missed(self, *, sent: bool) -> None:
        self._due_at = steady() + min(self._backoff.next(), self._every)

    def stopped(self) -> None:
        self._valid_until = 0.0
        if self._gives_up:
            self._store.end_lease(self._process)

    def _look_around(self, reply: Any) -> None:
        """Note which versions work here. If that fails, the lease is no worse for it."""
        if isinstance(reply, ResponseError):
            self._error_reporter.failed("versions", refusal(reply))
        else:
            self._error_reporter.outage_ended("versions")
            self._fleet.seen(*read_versions(reply))

    def _record(self) -> ProcessRecord:
        options = self._options
        self._started = self._started or self._store.clock()
        self._busy_before = self._busy()
        return ProcessRecord.of_this_process(
            *(self._process, options.lease, options.ghost_retries, options.ghost_delay, self._types()),
            busy=self._busy_before,
            started=self._started,
        )
