"""The slots of each type, those that it shares with other types, and which of them are free."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from kue.common.describe import short_repr
from kue.common.timer_queue import Timer
from kue.errors import InvalidOption
from kue.stats.type_counts import TypeCounts
from kue.worker.handler import Handler
from kue.worker.intake import intake
from kue.worker.run import Run
from kue.worker.shared_slots import SharedSlots
from kue.worker.slot import Worker, retire

_turns = itertools.count(1)


class TypeSlots:
    """The slots of one type. Only the I/O thread takes from and gives to `free`.

    `slots`, `free` and `requested` are of the slots that it has for itself.
    """

    def __init__(self, type: str, counts: TypeCounts | None = None) -> None:
        self.type = type
        self.counts = counts or TypeCounts(counts=False)
        self.types: Sequence[str] = (type,)
        self.slots: list[Worker] = []
        self.free: list[Worker] = []
        self.handlers: dict[Worker, Handler] = {}
        self.shared: tuple[SharedSlots, ...] = ()
        self.turn = 0  # grows with each take into shared slots: the type with the lowest turn is next
        self._shared_runs: dict[Run, SharedSlots] = {}
        self.paused = False  # takes no more jobs, and does not start those that were taken
        self.stopping = False  # is being shut down: takes no more jobs
        self.closed = False  # does not start those that were taken, either
        self.returned: list[Run] = []  # these
        self.should_look = True  # there may be jobs in the queue
        self.tokens = 0  # received, and neither used nor given back
        self.requested = 0  # jobs asked for in takes that are not answered yet
        self.refused = False  # the last take
        self.pause_timer: Timer | None = None
        self.rest: Timer | None = None  # takes no jobs until this is due, since a pause or a limit holds them back
        self.ended = 0  # how many of its runs have ended

    def add(self, id: str, handler: Handler) -> None:
        """Add a slot."""
        slot = Worker(id, self.type, self)
        self.slots.append(slot)
        self.handlers[slot] = handler
        self.free.append(slot)

    def other_handlers(self, handler: Handler) -> list[str]:
        """The names of the functions, other than that of `handler`, that run jobs of this type."""
        handlers = [] if self.closed else [self.handlers[slot] for slot in list(self.slots) if slot in self.handlers]
        handlers += [shared.handler for shared in self.shared]
        return [one.name for one in handlers if one.function != handler.function]

    def cancel_pause_timer(self) -> None:
        """Let the jobs that run go on beyond the pause."""
        if self.pause_timer is not None:
            self.pause_timer.cancel()
            self.pause_timer = None

    def retire(self, slot: Worker) -> None:
        """Remove a slot, at once or when its run has ended."""
        if retire(slot, self.slots, self.free):
            self.handlers.pop(slot, None)

    def occupy(self, run: Run, shared: SharedSlots | None = None) -> Handler:
        """Put a run into a free slot, one of its own or of shared ones, and return the handler of that slot."""
        free = self.free if shared is None else shared.free
        slot = free[-1]
        slot.run = run
        run.slot, run.type_slots = slot, self
        if shared is not None:
            slot.type = self.type
            self._shared_runs[run] = shared
        del free[-1]  # last, and not by a call, at whose end an exception could be thrown into this thread
        return self.handlers[slot] if shared is None else shared.handler

    def release(self, run: Run) -> None:
        """A run has ended, and its slot is free; a retired slot is forgotten."""
        slot: Worker = run.slot
        slot.run = None
        shared = self._shared_runs.pop(run, None) if self._shared_runs else None
        if shared is not None:
            if slot.running:
                shared.free.append(slot)
        elif slot.running:
            self.free.append(slot)
        else:
            self.handlers.pop(slot, None)

    @property
    def is_held_back(self) -> bool:
        """Whether it takes no jobs, however many slots are free."""
        return self.paused or self.stopping or self.closed or self.rest is not None or not intake.is_open

    @property
    def wanted(self) -> int:
        """How many more jobs it would take now."""
        if self.paused or self.stopping or self.closed or self.rest is not None or not intake.is_open:
            return 0
        own = len(self.free) - self.requested
        return own + sum(shared.wanted for shared in self.shared) if self.shared else own

    @property
    def capacity(self) -> int:
        """How many jobs of this type can run at once."""
        own = len(self.slots)
        return own + sum(len(shared.slots) for shared in self.shared) if self.shared else own

    def request(self, count: int) -> Sequence[SharedSlots]:
        """Count slots as taken by a take of `count` jobs, at most `wanted`: its own first.

        Returns, for each shared slot among them, the shared slots that it is one of. A type that shares none need not
        ask: it adds to `requested`.
        """
        own = min(count, len(self.free) - self.requested)
        self.requested += own
        places: list[SharedSlots] = []
        for shared in self.shared:
            part = min(count - own - len(places), shared.wanted)
            shared.requested += part
            places += [shared] * part
        if places:
            self.turn = next(_turns)
        return places

    def request_ended(self, count: int, places: Sequence[SharedSlots]) -> None:
        """A take of `count` jobs was answered or dropped; `places` is what `request` returned for it."""
        self.requested -= count - len(places)
        for shared in places:
            shared.requested -= 1

    def leave(self, left: Sequence[SharedSlots]) -> None:
        """Share these slots no more. The other types keep them."""
        self.shared = tuple(shared for shared in self.shared if shared not in left)
        for shared in left:
            shared.leave(self.type)

    @property
    def runs(self) -> list[Run]:
        own = [run for slot in list(self.handlers) if (run := slot.run) is not None]
        return own + list(self._shared_runs) if self._shared_runs else own


class AllSlots(dict[str, TypeSlots]):
    """The slots of a process by type. Any thread may add a type, so they are read from copies."""

    shared: tuple[SharedSlots, ...] = ()

    def share(self, process: str, types: Sequence[str], count: int, handler: Handler) -> None:
        """Add slots that types share. Each type must have an entry."""
        first = self.count + 1
        ids = [f"{process}:{'+'.join(types)}:{number}" for number in range(first, first + count)]
        added = SharedSlots(ids, types, handler)
        self.shared = (*(one for one in self.shared if one.types), added)
        for type in types:
            self[type].shared += (added,)

    def in_turn(self) -> list[TypeSlots]:
        """The slots of every type. Of types that share slots, the one comes first whose last take was longest ago."""
        return sorted(self.all(), key=lambda type_slots: type_slots.turn) if self.shared else self.all()

    def left_out(self) -> list[TypeSlots]:
        """Types that are not waited for, since other types have all slots that they share."""
        return [one for one in self.all() if one.shared and not (one.should_look or one.is_held_back or one.wanted)]

    def of(self, type: str) -> TypeSlots:
        """The slots of a type. Raises `InvalidOption` if it is not processed here."""
        type_slots = self.get(type)
        if type_slots is None:
            raise InvalidOption(f"type {short_repr(type)} is not processed here; there are {sorted(self)}")
        return type_slots

    def all(self) -> list[TypeSlots]:
        """The slots of every type."""
        return list(self.values())

    @property
    def types(self) -> list[str]:
        return list(self)

    @property
    def workers(self) -> list[Worker]:
        """Every slot."""
        own = [slot for type_slots in self.all() for slot in type_slots.slots]
        return own + [slot for shared in self.shared for slot in shared.slots]

    def counts(self) -> dict[str, int]:
        """How many slots there are for each type; one that types share counts for each of them."""
        return {type_slots.type: type_slots.capacity for type_slots in self.all()}

    @property
    def count(self) -> int:
        """How many slots there are."""
        return sum(len(one.slots) for one in self.all()) + sum(len(shared.slots) for shared in self.shared)

    def runs(self, type: str | None = None) -> list[Run]:
        """The runs of a type, or all."""
        return [run for type_slots in self.all() if type in (None, type_slots.type) for run in type_slots.runs]

    def busy(self) -> int:
        """How many slots run a job."""
        return len(self.runs())

    def unsettled_runs(self, type: str | None = None) -> list[Run]:
        """The runs of a type, or all, that have not ended."""
        return [run for run in self.runs(type) if not run.settled]
