"""How a run may end: it completes its job, fails it, gives it back, or puts it off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kue.common.clock import Moment
from kue.options.values import parse_number
from kue.store.transitions import GHOST_REPLY_LENGTH, Failure, Retry


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


def if_cancelled(outcome: Outcome, error: str) -> Outcome:
    """What an outcome comes to if the run was cancelled: work that is done counts, and all else fails for good."""
    if isinstance(outcome, Completed):
        return outcome
    failure = Failure(error, error, error)
    if isinstance(outcome, Failed):
        return Failed(failure, Retry("failed"), outcome.ttl_mode, outcome.cause)
    return Failed(failure, Retry("failed"))


Outcome = Completed | Failed | PutBack | Snoozed


def became_a_ghost(reply: Any, attempts_made: int) -> bool:
    """Whether a reply to `fail` shows that the job has become a ghost. It had made so many attempts before the run.

    A reply to a repeated `fail` may show that the first one, whose reply was lost, made a ghost: the job goes on then,
    and no attempt was counted.
    """
    if isinstance(reply, list) and reply[0] == 1:
        return len(reply) == GHOST_REPLY_LENGTH
    if not isinstance(reply, list) or reply[0] != -1 or not reply[1] or reply[1] == b"failed":
        return False
    return (parse_number(reply[3]) or 0) <= attempts_made
