"""How a run may end: it completes its job, fails it, gives it back, or puts it off."""

from __future__ import annotations

from dataclasses import dataclass

from kue.common.clock import Moment
from kue.store.transitions import Failure, Retry


@dataclass(slots=True)  # to freeze it would make it three times as slow to create, and each run creates one
class Completed:
    """The handler is done. `result` is JSON, or None if there is none.

    If JSON cannot hold what it returned, `result` is Kue's note about that, and `invalid` is the path and the reason.
    """

    result: bytes | None
    invalid: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The run failed. `ttl_mode` is how the ttl comes in, as in the script `fail`."""

    failure: Failure
    retry: Retry
    ttl_mode: str = ""
    cause: BaseException | None = None  # what the handler raised


@dataclass(frozen=True, slots=True)
class PutBack:
    """The run gives its job back, which uses up no attempt. `reason` is for the log of the job."""

    reason: str


@dataclass(frozen=True, slots=True)
class Snoozed:
    """The run puts its job off, which uses up no attempt."""

    wait: int | Moment

    def left(self, now: int) -> int:
        """The milliseconds that the job waits if it is put off now."""
        return self.wait.left(now) if isinstance(self.wait, Moment) else self.wait


Outcome = Completed | Failed | PutBack | Snoozed
