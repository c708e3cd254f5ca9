"""What waits for the events of one job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from kue.store.stored_error import message_of

ENDS = frozenset(("complete", "failed", "remove"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, as Redis has it: `state` is complete, failed or removed; unheard where nobody listens on,
    forked where the process that does is another."""

    state: str
    result: Any = None
    error: str | None = None
    sent: tuple[Any, ...] = ()
    kept: bytes | None = None

    @property
    def message(self) -> str:
        """Of a failure: what the event said."""
        return message_of(self.error or "", self.kept)


class Watcher(Protocol):
    """Something that hears the events of one job, until it says that it has heard enough. All on one thread."""

    must_settle: bool
    """Whether it must learn the outcome even when the event is lost."""

    def wants(self, event: str) -> bool:
        """Whether an event is of any interest to it."""

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        """An event that it wants; True when the watch is over."""

    def on_outcome(self, outcome: Outcome) -> None:
        """Redis says that the job has ended; the watch is over."""
