"""Every error of kue and kue_send, with its message: one tree, in which all derive from `KueError`.

If a built-in exception has the same meaning, the class derives from that too. So code that knows nothing of kue
still catches it (`except TimeoutError`, `except ValueError`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

__all__ = ["ConnectionFailed", "ConnectionRestored", "ForkedChild", "HeldByNode", "InvalidHandler", "InvalidJobData"]
__all__ += ["InvalidOption", "InvalidSchedule", "InvalidURL", "JobFailed", "JobInvalid", "JobLost"]
__all__ += ["JobNotFound", "JobRemoved", "KueError", "ListenerError", "MissingExtra", "NewerProtocol"]
__all__ += ["PromiseTimeout", "Recovered", "RedisRefused", "SaveInDoubt", "SaveInterrupted"]
__all__ += ["ScheduleNotFound", "ShutdownInProgress", "UnknownOption", "WouldDeadlock"]


class KueError(Exception):
    """Base class of every error raised by kue and kue_send."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Pools of processes pickle errors. A copy gets the finished message, since the arguments of __init__ differ.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[KueError], args: tuple[Any, ...], fields: dict[str, Any]) -> KueError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error


class InvalidOption(KueError, ValueError):
    """An option or an argument has a value that cannot be used. The message names both."""


class UnknownOption(InvalidOption, TypeError):
    """There is no option with this name. The message lists those that there are."""


class InvalidURL(InvalidOption):
    """The `redis` option, or the environment variable KUE_REDIS_URL, cannot be read as an address."""


class InvalidSchedule(InvalidOption):
    """A schedule that makes no sense: `when` cannot be read, never comes, or does not fit the other arguments."""


class InvalidHandler(KueError, TypeError):
    """A handler, a listener or a middleware cannot be called as it would be. A middleware yields exactly once."""


class InvalidJobData(KueError, ValueError):
    """JSON cannot hold a value without changing it.

    Attributes: `path` (where the value is, as in ``data.rows[3].price``).
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


class JobNotFound(KueError, LookupError):
    """There is no job with this id, or the job was not saved yet.

    Attributes: `id` (the id that was asked for; None if the job has none yet).
    """

    def __init__(self, id: object, why: str = "") -> None:
        super().__init__(why or f"there is no job {id!r}")
        self.id = id


class ScheduleNotFound(KueError, LookupError):
    """There is no schedule with this name, or not any more.

    Attributes: `name` (of the schedule).
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no schedule {name!r}")
        self.name = name


class JobInvalid(KueError, ValueError):
    """The hash of a job cannot be read: it has no type, or data that is not JSON.

    Attributes: `id` (of the job).
    """

    def __init__(self, id: object, problem: str) -> None:
        shown = repr(id) if isinstance(id, str) and not id.isdecimal() else id  # a set of jobs may hold anything
        super().__init__(f"job {shown} {problem}")
        self.id = id


class JobLost(KueError):
    """A run reported or changed something, but it no longer holds its job. Nothing of it was written.

    Another run may hold the job now, or the job has ended or was removed.

    Attributes: `id` (of the job).
    """

    def __init__(self, id: object, what: str) -> None:
        super().__init__(f"job {id} is no longer held by this run: what the run reports is discarded ({what})")
        self.id = id


class HeldByNode(KueError):
    """A job cannot be cancelled, since Node or release 0.1 has it, or is about to. Attributes: `id` (of the job)."""

    def __init__(self, id: object) -> None:
        super().__init__(f"job {id} is not cancelled: Node (or release 0.1) has it, and cannot be told")
        self.id = id


class JobFailed(KueError):
    """The last attempt of a job has failed; a promise raises this.

    Attributes: `id` (of the job), `message` (one line), `stack` (as stored in the job's hash, or None).
    """

    def __init__(self, id: int, message: str, stack: str | None = None) -> None:
        super().__init__(f"job {id} failed: {message}")
        self.id = id
        self.message = message
        self.stack = stack


class JobRemoved(KueError):
    """The job was removed before its promise saw the outcome.

    Attributes: `id` (of the job), `outcome_unknown` (True if the job may have ended and been removed after that, by
    `remove_on_complete`, by `remove_on_fail` or by a program).
    """

    def __init__(self, id: int, *, outcome_unknown: bool = False) -> None:
        super().__init__(
            f"job {id} is gone, and its outcome is unknown: it may have ended before it was removed"
            if outcome_unknown
            else f"job {id} was removed before it finished"
        )
        self.id = id
        self.outcome_unknown = outcome_unknown


class PromiseTimeout(KueError, TimeoutError):
    """A promise was not settled within its timeout. The job itself goes on.

    Attributes: `id` (of the job; None if it has none yet).
    """

    def __init__(self, id: int | None, milliseconds: float) -> None:
        super().__init__(f"job {id} did not settle within {milliseconds:g} ms")
        self.id = id


class ConnectionFailed(KueError, ConnectionError):
    """Redis could not be reached, the connection broke before the reply came, or no connection became free in time.

    Attributes: `sent` (False: no command was sent, so nothing was done; True: the commands may have been carried out),
    `silent_since` (if the reply did not come in time: when something was received last, in seconds of the monotonic
    clock; otherwise None).
    """

    silent_since: float | None = None

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class Recovered(KueError):
    """Not an error: the `error` event brings it when a background problem that it reported is over."""


class ConnectionRestored(Recovered):
    """Not an error: Redis can be reached again and carries out commands that it had refused for a while."""


class SaveInDoubt(ConnectionFailed):
    """The connection broke after a save was sent, so the job may or may not exist. Kue does not repeat the save."""


class SaveInterrupted(KueError):
    """`save_all` broke off; `__cause__` is the reason.

    Attributes: `saved` (the jobs that are known to be saved, in order).
    """

    def __init__(self, saved: Sequence[Any], problem: object) -> None:
        super().__init__(f"save_all broke off after {len(saved)} saved jobs: {problem}")
        self.saved = list(saved)


class RedisRefused(KueError):
    """Redis answered with an error (READONLY, OOM, LOADING, WRONGTYPE, NOAUTH ...).

    Attributes: `transient` (True if the state of the server is the reason, so that a retry may succeed: it is loading,
    read-only or out of memory, or it refuses the password).
    """

    def __init__(self, message: str, *, transient: bool = False, passing: bool | None = None) -> None:
        super().__init__(message)
        self.transient = transient if passing is None else passing

    @property
    def passing(self) -> bool:
        """The name of `transient` before version 0.2. The release after that removes it."""
        warnings.warn("RedisRefused.passing is now RedisRefused.transient", DeprecationWarning, stacklevel=2)
        return self.transient


class NewerProtocol(KueError):
    """A process of a newer release works under the same prefix. This one leaves alone what that process holds.

    Attributes: `process` (the first one that was met), `protocol` (the number that it speaks).
    """

    def __init__(self, process: str, protocol: int, own: int) -> None:
        super().__init__(
            f"{process} speaks protocol {protocol}, and this process knows only {own}: it leaves alone the jobs and "
            "leases of such processes; run the newer release here, too"
        )
        self.process = process
        self.protocol = protocol


class ShutdownInProgress(KueError, RuntimeError):
    """The queue is shut down, or is being shut down, and takes no more work."""


class ForkedChild(KueError, RuntimeError):
    """Only the parent process, which this one was forked from, can do or learn what was asked."""


class WouldDeadlock(KueError, RuntimeError):
    """The call would wait for the thread that makes it, and would never end."""


class ListenerError(KueError):
    """A listener raised an exception, which is the `__cause__`."""


class MissingExtra(KueError, ImportError):
    """An optional package is not installed. The message names the extra that installs it."""
