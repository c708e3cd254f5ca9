"""Sees to it that no type is left out by the types that it shares slots with.

A type that other types leave no slot is not waited for, so no token says that its jobs wait.

- asks whether jobs of such a type wait, in the same round trip as the takes of the others
- lets it look first at the next free slot if it was not asked about for a while

Of the types that look, `AllSlots.in_turn` decides which is first. Without shared slots it does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from kue.common.timer_queue import TimerQueue
from kue.store.commands import Commands
from kue.worker.io.calls import Call, WaitingCheck
from kue.worker.slots import AllSlots, TypeSlots

_SECONDS_BETWEEN_CHECKS = 0.005
KNOWN_FOR_SECONDS = 0.1  # handlers that take longer than this lose little if an empty type looks first


class SharedTurns:
    """For the I/O thread."""

    def __init__(
        self, slots: AllSlots, commands: Commands, timers: TimerQueue, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._slots = slots
        self._commands = commands
        self._timers = timers
        self._clock = clock
        self._left_out: dict[TypeSlots, float] = {}  # since when it is not known whether jobs wait
        self._next_check_at = 0.0
        self._is_timed = False
        self._must_check = False

    def before_takes(self) -> None:
        """Let types look for jobs that were left out for a while, if a slot is free now."""
        if self._left_out:
            now = self._clock()
            for slots, known_at in self._left_out.items():
                if slots.wanted and now - known_at >= KNOWN_FOR_SECONDS:
                    slots.should_look = True

    def after_takes(self, *, took: bool) -> list[Call]:
        """What to ask about types that are left out. `took`: a type that shares slots has asked for jobs just now."""
        if not (took or self._left_out):
            return []
        now = self._clock()
        self._left_out = {slots: self._left_out.get(slots, now) for slots in self._slots.left_out()}
        self._must_check = bool(self._left_out) and (self._must_check or took)
        if not self._must_check:
            return []
        if now < self._next_check_at:
            self._check_later(self._next_check_at - now)
            return []
        self._must_check, self._next_check_at = False, now + _SECONDS_BETWEEN_CHECKS
        count = self._commands.count
        return [
            WaitingCheck(count("inactive", slots.type), partial(self._checked, slots, now)) for slots in self._left_out
        ]

    def _check_later(self, seconds: float) -> None:
        """Have a round when the next check may be sent, though nothing else may happen until then."""
        if not self._is_timed:
            self._is_timed = True
            self._timers.add(seconds, self._time_is_up)

    def _time_is_up(self) -> None:
        self._is_timed = False

    def _checked(self, slots: TypeSlots, asked_at: float, reply: Any) -> None:
        if slots in self._left_out:
            self._left_out[slots] = asked_at
        if reply:  # an error, too: the take then shows what is wrong
            slots.should_look = True
