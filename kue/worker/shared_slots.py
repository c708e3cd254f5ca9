"""Slots that several types share: so many jobs of all these types together run at once.

- keeps which of them are free, and how many are asked for by takes of any of the types
- goes on for the other types if one is shut down

Which type takes next, the slots of the types and the fetcher decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kue.worker.handler import Handler
from kue.worker.slot import Worker, retire


class SharedSlots:
    """The slots of one `process` with `shared=True`. Only the I/O thread changes them."""

    def __init__(self, ids: Iterable[str], types: Sequence[str], handler: Handler) -> None:
        self.handler = handler
        self.types: Sequence[str] = tuple(types)  # those that still take jobs
        self.slots = [Worker(id, types[0], self) for id in ids]
        self.free = list(self.slots)
        self.requested = 0  # jobs asked for in takes that are not answered yet, of all types

    @property
    def wanted(self) -> int:
        """How many jobs they have room for."""
        return len(self.free) - self.requested

    def retire(self, slot: Worker) -> None:
        """Remove a slot, at once or when its run has ended."""
        retire(slot, self.slots, self.free)

    def leave(self, type: str) -> None:
        """Run no more jobs of a type. After the last type the slots are removed."""
        self.types = tuple(one for one in self.types if one != type)
        for slot in list(self.slots):
            if not self.types:
                self.retire(slot)
            elif slot.run is None and slot.type == type:
                slot.type = self.types[0]
