"""Lets a type rest while a pause or a limit holds its jobs back: it takes no jobs and waits for no token.

- begins a rest if the reply to a take asks for one
- ends it when its time is up, so that the next take shows what holds then
- ends it at once if as many jobs were active as may be, and one of them has ended here

That jobs of a type must wait, the script `take` decides.
"""

from __future__ import annotations

from functools import partial

from kue.common.timer_queue import TimerQueue
from kue.worker.io.calls import Take
from kue.worker.slots import TypeSlots

FULL = b"full"
FULL_REST_SECONDS = 0.5  # until a place that another process has left free is seen


class Rests:
    """For the I/O thread."""

    def __init__(self, timers: TimerQueue) -> None:
        self._timers = timers
        self._full: set[TypeSlots] = set()

    def begin(self, take: Take, reason: bytes | int) -> None:
        """The reply to a take begins with `reason`: the ms to rest as a negative number, or that the type is full."""
        slots = take.slots
        self._cancel(slots)
        if reason.__class__ is int:
            seconds = -int(reason) / 1000
        elif slots.ended > take.ended_before:  # the take may have overtaken that end, so that this place is free
            slots.should_look = True
            return
        else:
            self._full.add(slots)
            seconds = FULL_REST_SECONDS
        slots.rest = self._timers.add(seconds, partial(self.end, slots))

    def run_ended(self, slots: TypeSlots) -> None:
        """A run of a type that rests has ended, which Redis learns of before the next take."""
        if slots in self._full:
            self.end(slots)

    def end(self, slots: TypeSlots) -> None:
        """Look for jobs again."""
        self._cancel(slots)
        slots.should_look = True

    def _cancel(self, slots: TypeSlots) -> None:
        self._full.discard(slots)
        if slots.rest is not None:
            slots.rest.cancel()
            slots.rest = None
