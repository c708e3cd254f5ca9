"""What the I/O thread sends: each call is a command, and what to do with its reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import Any

from kue.connection.connection import Command
from kue.store.transitions import Completion
from kue.worker.run import Run
from kue.worker.shared_slots import SharedSlots
from kue.worker.slots import TypeSlots

_ARGUMENTS_PER_MESSAGE = 6  # a log line has so many


class Call:
    """One command of a round trip. If the connection breaks, it is dropped; only reports are sent again."""

    __slots__ = ("command",)

    def __init__(self, command: Command) -> None:
        self.command = command

    @property
    def reports(self) -> Sequence[Report]:
        """The reports in it."""
        return ()

    def answered(self, reply: Any) -> None:
        """Handle the reply, which may be an error."""

    def dropped(self, *, sent: bool) -> None:
        """Handle that there is no reply, or that Redis refused the command for a while. `sent`: it may have acted."""


class Report(Call):
    """The latest effects of a run, and its outcome if it has ended. Sent again until Redis has answered.

    A completion has no command of its own: it is sent in a `Batch`, if need be alone. `on_reply` handles the reply.
    """

    __slots__ = ("alone", "completion", "ends", "in_doubt", "now", "on_reply", "outcome", "run", "weight")

    def __init__(
        self,
        command: Command,
        run: Run,
        *,
        ends: bool,
        on_reply: Callable[[Report, Any], None],
        arguments: int = 0,
        completion: Completion | tuple[()] = (),
        now: int = 0,
        outcome: str = "",
    ) -> None:
        self.command = command  # not by a call of the base class, which each job would pay for
        self.run = run
        self.ends = ends
        self.weight = arguments // _ARGUMENTS_PER_MESSAGE or 1  # about how many messages it has
        self.completion = completion
        self.now = now
        self.outcome = outcome  # of a run that did not complete: `failed` or `snoozed`, if it is counted
        self.alone = False  # not to be sent in one call with others, which Redis refused
        self.in_doubt = False  # it was sent before, and may have been carried out
        self.on_reply = on_reply

    @property
    def reports(self) -> Sequence[Report]:
        return (self,)

    def answered(self, reply: Any) -> None:
        self.on_reply(self, reply)


class Take(Call):
    """Asks for `count` jobs of a type. Until it is answered or dropped, so many slots count as taken.

    `lost` is called if the reply was lost, so that jobs may have become active.
    """

    __slots__ = ("_lost", "_taken", "count", "ended_before", "first_run", "shared", "slots")

    def __init__(
        self,
        command: Command,
        slots: TypeSlots,
        count: int,
        first_run: int,
        taken: Callable[[Take, Any], None],
        lost: Callable[[Take], None],
    ) -> None:
        self.command = command  # as in `Report`
        self.slots = slots
        self.shared: Sequence[SharedSlots] = ()  # those whose slots the last jobs of the take get, one each
        if slots.shared:
            self.shared = slots.request(count)
        else:
            slots.requested += count
        self.count = count
        self.ended_before = slots.ended  # runs of the type that ended before Redis counts those that are active
        self.first_run = first_run
        self._taken = taken
        self._lost = lost

    @property
    def last_run(self) -> int:
        """The number of the last run that it asks for."""
        return self.first_run + self.count - 1

    @property
    def places(self) -> Iterable[SharedSlots | None]:
        """Whose slot each job of the take gets. None: a slot that the type has for itself."""
        if not self.shared:
            return repeat(None, self.count)
        return chain(repeat(None, self.count - len(self.shared)), self.shared)

    def answered(self, reply: Any) -> None:
        if self.shared:
            self.slots.request_ended(self.count, self.shared)
        else:
            self.slots.requested -= self.count
        self._taken(self, reply)

    def dropped(self, *, sent: bool) -> None:
        self.slots.request_ended(self.count, self.shared)
        if sent:
            self._lost(self)


class WaitingCheck(Call):
    """Asks how many jobs wait, of all types. `found` is called with the reply, which may be an error."""

    __slots__ = ("_found",)

    def __init__(self, command: Command, found: Callable[[Any], None]) -> None:
        super().__init__(command)
        self._found = found

    def answered(self, reply: Any) -> None:
        self._found(reply)


class RunCheck(Call):
    """Asks Redis about a run that has not ended. `again` is called if there is no reply."""

    __slots__ = ("_again", "_found", "run")

    def __init__(
        self, command: Command, run: Run, found: Callable[[Run, Any], None], again: Callable[[Run], None]
    ) -> None:
        super().__init__(command)
        self.run = run
        self._found = found
        self._again = again

    def dropped(self, *, sent: bool) -> None:
        self._again(self.run)

    def answered(self, reply: Any) -> None:
        self._found(self.run, reply)
