"""The interface of a watcher, which waits for the events of one job, and the outcome that it may get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from kue.store.stored_error import message_of

END_EVENTS = frozenset(("complete", "failed", "remove"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, according to Redis, or why this process will not learn it.

    `state` is `complete`, `failed` or `removed`; `unheard` if this process stopped listening; `forked` if only the
    parent process listens; or the state of a job that goes on, if it has `sent` data. With `invalid`, a path and
    a reason, JSON cannot hold the result, and `result` is Kue's note about that.
    """

    state: str
    result: Any = None
    error: str | None = None
    sent: tuple[Any, ...] = ()
    kept_message: bytes | None = None
    invalid: tuple[str, str] | None = None

    @property
    def message(self) -> str:
        """The message of a failure, as the event has it."""
        return message_of(self.error or "", self.kept_message)


class Watcher(Protocol):
    """Receives the events of one job until it returns True. All calls come on the subscriber's thread."""

    must_settle: bool
    """Whether it must learn the outcome even if the event is lost."""

    may_have_missed: bool
    """Whether its job was saved before it watched, so that a `result` may have been sent before."""

    created_at: int | None
    """When its job was created, which tells the job from another one of the same number; None if unknown."""

    settled_by: frozenset[str]
    """The events after which it wants no more."""

    def wants(self, event: str) -> bool:
        """Whether it wants events of this name."""
        ...

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        """Take an event that it wants. Returns True if it wants no more."""
        ...

    def on_outcome(self, outcome: Outcome) -> None:
        """Take the outcome that was read from Redis. No more calls follow."""
