"""Finds out about runs that mail names, and that this process does not have.

Such a run holds its job until the process ends: its outcome was refused by Redis, or the job was made active by hand
after the run had ended. So the job is looked for, as after a take whose reply was lost, and fails as cancelled. An
outcome that is still to be written comes first, since work that is done counts.
"""

from __future__ import annotations

from functools import partial

from kue.store.worker_id import process_of, type_of
from kue.worker.io.loop import IOLoop
from kue.worker.io.orphans import OrphanSearch
from kue.worker.io.outbox import Outbox
from kue.worker.slots import AllSlots

_AGAIN_SECONDS = 1.0  # while an outcome is still to be written


class UnknownRuns:
    """For the I/O thread, while nothing is on its way to Redis or back: then all runs that began are known."""

    def __init__(self, process: str, slots: AllSlots, outbox: Outbox, loop: IOLoop, orphans: OrphanSearch) -> None:
        self._process = process
        self._slots = slots
        self._outbox = outbox
        self._loop = loop
        self._orphans = orphans

    def look_for(self, worker: str) -> None:
        """Have the job looked for that the run with this worker id holds, once nothing of that run is left here."""
        if process_of(worker) != self._process:
            return  # mail that no release writes
        if self._outbox.keeps_report_of(worker) or any(
            run.worker_id == worker and not run.written for run in self._slots.runs()
        ):
            self._loop.settled_timers.add(_AGAIN_SECONDS, partial(self.look_for, worker))
            return
        number = int(worker.rpartition(":")[2])
        self._orphans.cut_off(type_of(worker) or "", number, number, looks=1)
