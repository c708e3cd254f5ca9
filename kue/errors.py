"""The one tree of exceptions: every error this package raises derives from `KueError`.

Where a built-in exception says the same, the class derives from that too, so that code which knows nothing
of kue still catches it (`except TimeoutError`, `except ValueError`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

__all__ = [
    "ConnectionFailed",
    "ConnectionRestored",
    "ForkedChild",
    "InvalidHandler",
    "InvalidJobData",
    "InvalidOption",
    "InvalidURL",
    "JobFailed",
    "JobInvalid",
    "JobLost",
    "JobNotFound",
    "JobRemoved",
    "KueError",
    "ListenerError",
    "MissingExtra",
    "PromiseTimeout",
    "Recovered",
    "RedisRefused",
    "SaveInDoubt",
    "SaveInterrupted",
    "ShutdownInProgress",
    "UnknownOption",
    "WouldDeadlock",
]


class KueError(Exception):
    """Base class of every error raised by kue and kue_send."""

    def __reduce__(self) -> tuple[Any, ...]:
        # By the finished message: __init__ takes what the message is made of. Pools of processes pickle errors.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[KueError], args: tuple[Any, ...], fields: dict[str, Any]) -> KueError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error


class InvalidOption(KueError, ValueError):
    """An option or argument has a value that cannot be used; the message names both."""


class UnknownOption(InvalidOption, TypeError):
    """A keyword that no option has."""


class InvalidURL(InvalidOption):
    """The `redis` option cannot be read as an address."""


class InvalidHandler(KueError, TypeError):
    """A handler given to `process`, or a listener given to `on`, cannot be called the way it would be."""


class InvalidJobData(KueError, ValueError):
    """A value that JSON cannot hold without changing it; `path` says where, as in ``data.rows[3].price``."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


class JobNotFound(KueError, LookupError):
    """No job has this id, or this one has none yet (`id` is None)."""

    def __init__(self, id: object, why: str = "") -> None:
        super().__init__(why or f"there is no job {id!r}")
        self.id = id


class JobInvalid(KueError, ValueError):
    """The hash of a job cannot be read: it has no type, or data that is not JSON."""

    def __init__(self, id: object, problem: str) -> None:
        super().__init__(f"job {id} {problem}")
        self.id = id


class JobLost(KueError):
    """The run that wanted to say something no longer holds its job."""

    def __init__(self, id: object, what: str) -> None:
        super().__init__(f"job {id} is no longer held by this run: what it still says is dropped ({what})")
        self.id = id


class JobFailed(KueError):
    """The last attempt of a job has failed.

    Attributes: `id` (of the job), `message` (one line), `stack` (as stored in the job's hash, or None).
    """

    def __init__(self, id: int, message: str, stack: str | None = None) -> None:
        super().__init__(f"job {id} failed: {message}")
        self.id = id
        self.message = message
        self.stack = stack


class JobRemoved(KueError):
    """The job was removed before its outcome was seen."""

    def __init__(self, id: int, *, outcome_unknown: bool = False) -> None:
        super().__init__(
            f"job {id} is gone; its outcome is unknown, since remove_on_complete removes completed jobs"
            if outcome_unknown
            else f"job {id} was removed before it finished"
        )
        self.id = id
        self.outcome_unknown = outcome_unknown


class PromiseTimeout(KueError, TimeoutError):
    """A promise was not settled within its timeout; the job itself goes on."""

    def __init__(self, id: int | None, milliseconds: float) -> None:
        super().__init__(f"job {id} did not settle within {milliseconds:g} ms")
        self.id = id


class ConnectionFailed(KueError, ConnectionError):
    """Redis could not be reached (`sent` is False: nothing was done), or broke off before it answered.

    `silent_since` is set where it did not answer in time: when it was heard last, in seconds of the monotonic clock.
    """

    silent_since: float | None = None

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class Recovered(KueError):
    """Not an error: what the `error` event brings when reported background trouble is over."""


class ConnectionRestored(Recovered):
    """Redis can be reached again, and grants what it refused in passing."""


class SaveInDoubt(ConnectionFailed):
    """The connection broke after a save was sent: the job may or may not exist. It is not repeated by itself."""


class SaveInterrupted(KueError):
    """`save_all` broke off. `saved` holds, in order, the jobs known to be saved; `__cause__` says what happened."""

    def __init__(self, saved: Sequence[Any], problem: object) -> None:
        super().__init__(f"save_all broke off after {len(saved)} saved jobs: {problem}")
        self.saved = list(saved)


class RedisRefused(KueError):
    """Redis answered with an error (READONLY, OOM, LOADING, WRONGTYPE, NOAUTH ...).

    `transient` says whether that is the state of the server rather than what was asked (it is LOADING, READONLY, out of
    memory, or refuses the password), so that the same may be granted later.
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient

    @property
    def passing(self) -> bool:
        """The name of `transient` before version 0.2; it goes with the release after it."""
        warnings.warn("RedisRefused.passing is now RedisRefused.transient", DeprecationWarning, stacklevel=2)
        return self.transient


class ShutdownInProgress(KueError, RuntimeError):
    """The queue is shut down, or being shut down, and takes no more work."""


class ForkedChild(KueError, RuntimeError):
    """Only the process that this one was forked from can do, or learn, what was asked."""


class WouldDeadlock(KueError, RuntimeError):
    """The call would wait for the very thread that makes it."""


class ListenerError(KueError):
    """A listener raised; `__cause__` is what it raised."""


class MissingExtra(KueError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""
