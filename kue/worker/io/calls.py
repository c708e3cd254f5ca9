"""What the I/O thread sends: each call is a command, and what is to be done with its reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kue.connection.connection import Command
from kue.store.transitions import Completion
from kue.worker.run import Run
from kue.worker.slots import TypeSlots

_WORDS = 6  # the arguments of a log line


class Call:
    """One command of a round trip. Calls that were cut off are dropped, but for reports."""

    __slots__ = ("command",)

    def __init__(self, command: Command) -> None:
        self.command = command

    @property
    def reports(self) -> Sequence[Report]:
        """The reports that it carries."""
        return ()

    def answered(self, reply: Any) -> None:
        """The reply has come, maybe an error."""

    def dropped(self) -> None:
        """There is no reply, or none that counts."""


class Report(Call):
    """What a run said, or how it ended. Kept until it is answered; sent again after an outage.

    A completion has no command of its own: it is sent in a `Batch`, if need be alone.
    """

    __slots__ = ("_settled", "alone", "completion", "ends", "in_doubt", "now", "run", "weight")

    def __init__(
        self,
        command: Command,
        run: Run,
        *,
        ends: bool,
        settled: Callable[[Report, Any], None],
        said: int = 0,
        completion: Completion | tuple[()] = (),
        now: int = 0,
    ) -> None:
        super().__init__(command)
        self.run = run
        self.ends = ends
        self.weight = max(1, said // _WORDS)  # about how many messages it carries
        self.completion = completion
        self.now = now
        self.alone = False
        self.in_doubt = False
        self._settled = settled

    @property
    def reports(self) -> Sequence[Report]:
        return (self,)

    def answered(self, reply: Any) -> None:
        self._settled(self, reply)


class Take(Call):
    """Asks for as many jobs as a type has free slots."""

    __slots__ = ("_taken", "count", "first_run", "slots")

    def __init__(
        self, command: Command, slots: TypeSlots, count: int, first_run: int, taken: Callable[[Take, Any], None]
    ) -> None:
        super().__init__(command)
        self.slots = slots
        slots.requested += count
        self.count = count
        self.first_run = first_run
        self._taken = taken

    def answered(self, reply: Any) -> None:
        self.dropped()
        self._taken(self, reply)

    def dropped(self) -> None:
        self.slots.requested -= self.count


class RunCheck(Call):
    """Asks Redis something about a run that is not over; `again` is called where there is no answer."""

    __slots__ = ("_again", "_found", "run")

    def __init__(
        self, command: Command, run: Run, found: Callable[[Run, Any], None], again: Callable[[Run], None]
    ) -> None:
        super().__init__(command)
        self.run = run
        self._found = found
        self._again = again

    def dropped(self) -> None:
        self._again(self.run)

    def answered(self, reply: Any) -> None:
        self._found(self.run, reply)
