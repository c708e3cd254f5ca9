"""The slots of each type, and which of them are free. A slot is what Kue calls a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kue.common.timer_queue import Timer
from kue.worker.handler import Handler

if TYPE_CHECKING:
    from kue.jobs.job import Job
    from kue.worker.run import Run

_MANY = 4  # below that, small batches cost Redis more than is won


class Worker:
    """One slot: it runs one job of its type at a time. `queue.workers` lists them."""

    __slots__ = ("_group", "id", "run", "running")

    def __init__(self, id: str, group: TypeSlots) -> None:
        self.id = id
        self.run: Run | None = None
        self.running = True
        self._group = group

    @property
    def type(self) -> str:
        return self._group.type

    @property
    def job(self) -> Job | None:
        """The job it runs; None while it is idle."""
        run = self.run
        return None if run is None else run.job

    def __repr__(self) -> str:
        return f"<Worker {self.id} {self.job or 'idle'}>"


class TypeSlots:
    """The slots of one type. Only the I/O thread takes from and gives to `free`."""

    def __init__(self, type: str) -> None:
        self.type = type
        self.slots: list[Worker] = []
        self.free: list[Worker] = []
        self.handlers: dict[Worker, Handler] = {}
        self.paused = False  # takes no more
        self.closed = False  # nor starts what was taken
        self.hungry = True
        self.tokens = 0
        self.asked = 0  # jobs asked for, whose reply was not yet dealt with
        self.refused = False
        self.pause_timer: Timer | None = None

    def add(self, id: str, handler: Handler) -> None:
        """One slot more."""
        slot = Worker(id, self)
        self.slots.append(slot)
        self.handlers[slot] = handler
        self.free.append(slot)

    def let_run_on(self) -> None:
        """What runs need not end within a pause any more."""
        if self.pause_timer is not None:
            self.pause_timer.cancel()
            self.pause_timer = None

    def retire(self, slot: Worker) -> None:
        """One slot less, at once or when its run has ended."""
        slot.running = False
        if slot in self.slots:
            self.slots.remove(slot)
        if slot in self.free:
            self.free.remove(slot)
            self.handlers.pop(slot, None)

    def release(self, slot: Worker) -> None:
        """The run in a slot has ended; a retired slot is forgotten."""
        slot.run = None
        if slot.running:
            self.free.append(slot)
        else:
            self.handlers.pop(slot, None)

    @property
    def wants(self) -> int:
        """How many more jobs it would take now."""
        return 0 if self.paused or self.closed else len(self.free) - self.asked

    @property
    def share(self) -> int:
        """How many jobs to take at once: of many slots half, so that one half runs while Redis serves the other."""
        return len(self.slots) if len(self.slots) < _MANY else (len(self.slots) + 1) // 2

    @property
    def runs(self) -> list[Run]:
        return [run for slot in list(self.handlers) if (run := slot.run) is not None]
