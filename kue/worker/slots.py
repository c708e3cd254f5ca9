"""The slots of each type, and which of them are free. A slot is what Kue calls a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kue.common.timer_queue import Timer
from kue.worker.handler import Handler
from kue.worker.intake import intake
from kue.worker.run import Run

if TYPE_CHECKING:
    from kue.jobs.job import Job


class Worker:
    """One slot: it runs one job of its type at a time. `queue.workers` lists them."""

    __slots__ = ("_type_slots", "id", "run", "running")

    def __init__(self, id: str, type_slots: TypeSlots) -> None:
        self.id = id
        self.run: Run | None = None
        self.running = True
        self._type_slots = type_slots

    @property
    def type(self) -> str:
        """The type of the jobs it runs."""
        return self._type_slots.type

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
        self._workers: dict[Run, Worker] = {}
        self.paused = False  # takes no more jobs, and does not start those that were taken
        self.stopping = False  # is being shut down: takes no more jobs
        self.closed = False  # does not start those that were taken, either
        self.returned: list[Run] = []  # these
        self.should_look = True  # there may be jobs in the queue
        self.tokens = 0  # received, and neither used nor given back
        self.requested = 0  # jobs asked for in takes that are not answered yet
        self.refused = False  # the last take
        self.pause_timer: Timer | None = None

    def add(self, id: str, handler: Handler) -> None:
        """Add a slot."""
        slot = Worker(id, self)
        self.slots.append(slot)
        self.handlers[slot] = handler
        self.free.append(slot)

    def other_handlers(self, handler: Handler) -> list[str]:
        """The names of the functions, other than that of `handler`, that run jobs of this type."""
        handlers = [] if self.closed else [self.handlers[slot] for slot in list(self.slots) if slot in self.handlers]
        return [one.name for one in handlers if one.function != handler.function]

    def cancel_pause_timer(self) -> None:
        """Let the jobs that run go on beyond the pause."""
        if self.pause_timer is not None:
            self.pause_timer.cancel()
            self.pause_timer = None

    def retire(self, slot: Worker) -> None:
        """Remove a slot, at once or when its run has ended."""
        slot.running = False
        if slot in self.slots:
            self.slots.remove(slot)
        if slot in self.free:
            self.free.remove(slot)
            self.handlers.pop(slot, None)

    def occupy(self, run: Run) -> Handler:
        """Put a run into a free slot, and return the handler of that slot."""
        slot = self.free[-1]
        slot.run = run
        run.slot, run.type_slots = slot, self
        self._workers[run] = slot
        del self.free[-1]  # last, and not by a call, at whose end an exception could be thrown into this thread
        return self.handlers[slot]

    def worker_of(self, run: Run) -> Worker:
        """The slot that a run has."""
        return self._workers[run]

    def release(self, run: Run) -> None:
        """A run has ended, and its slot is free; a retired slot is forgotten."""
        slot = self._workers.pop(run)
        slot.run = None
        if slot.running:
            self.free.append(slot)
        else:
            self.handlers.pop(slot, None)

    @property
    def wanted(self) -> int:
        """How many more jobs it would take now."""
        is_held_back = self.paused or self.stopping or self.closed or not intake.is_open
        return 0 if is_held_back else len(self.free) - self.requested

    @property
    def runs(self) -> list[Run]:
        return [run for slot in list(self.handlers) if (run := slot.run) is not None]


class AllSlots(dict[str, TypeSlots]):
    """The slots of a process by type. Any thread may add a type, so they are read from copies."""

    def all(self) -> list[TypeSlots]:
        """The slots of every type."""
        return list(self.values())

    @property
    def types(self) -> list[str]:
        return list(self)

    @property
    def workers(self) -> list[Worker]:
        """Every slot."""
        return [slot for type_slots in self.all() for slot in type_slots.slots]

    def counts(self) -> dict[str, int]:
        """How many slots there are of each type."""
        return {type_slots.type: len(type_slots.slots) for type_slots in self.all()}

    @property
    def count(self) -> int:
        """How many slots there are."""
        return sum(len(type_slots.slots) for type_slots in self.all())

    def worker_of(self, run: Run) -> Worker:
        """The slot that a run has."""
        return self[run.type].worker_of(run)

    def runs(self, type: str | None = None) -> list[Run]:
        """The runs of a type, or all."""
        return [run for type_slots in self.all() if type in (None, type_slots.type) for run in type_slots.runs]
