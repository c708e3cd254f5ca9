"""Builds a command for each transition: the script of that name in lua/transitions, with its arguments in order.

It sends nothing, so that a worker can put many transitions into one round trip.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from kue.common.clock import Moment
from kue.connection.connection import Argument, Command
from kue.store import scripts
from kue.store.codec import encode, text_bytes
from kue.store.effects import Effects
from kue.store.keys import PROMOTION_LOCK, TTL_LOCK, Keys, zid
from kue.store.stored_error import keep_message

NewJob = tuple[str, bytes, bytes, str, str, str, str, str, *tuple[Argument, ...]]  # as `save` takes them
Completion = tuple[int, str, int, bytes, bytes, int, *tuple[Argument, ...]]  # as `complete` takes them
_NO_ARGUMENTS: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed: the content of the `error` field, the line for the log, and the message for the events."""

    error: str
    line: str
    message: str


@dataclass(frozen=True, slots=True)
class Retry:
    """What follows a failure while attempts remain: the next state, and its delay in ms (None keeps promote_at).

    If `until` is given, the delay is what is left until that moment. If `wait` is given, the job waits for so many ms:
    its jitter makes that less than the delay. With both, it is due so much before the moment as `wait` is less than
    `delay`.
    """

    state: str
    delay: int | None = None
    until: Moment | None = None
    wait: int | None = None

    def delay_from(self, now: int) -> int | None:
        """The delay if the run fails now."""
        return self.delay if self.until is None else self.until.left(now) or None

    def wait_from(self, now: int) -> Argument:
        """The delay as `fail` takes it, with the wait behind a slash if that is another."""
        delay = self.delay_from(now)
        if delay is None:
            return ""
        if self.wait is None:
            return delay
        return f"{delay}/{max(0, delay - ((self.delay or 0) - self.wait))}"


class GhostOptions(NamedTuple):
    """What applies to a job without ghost options of its own, if its run ends at its ttl.

    The record of the process that held the job comes first, if it is named: another process ends the run.
    """

    retries: int
    delay: int
    process: str = ""


NO_GHOSTS = GhostOptions(0, 0)
GHOST_REPLY_LENGTH = 4  # of the reply of `fail` if the job became a ghost
CANCELLED_REPLY_LENGTH = 3  # and if its run had been cancelled
CANCELLED_BEFORE_REPLY_LENGTH = 5  # and if the run does not hold the job any more, and had been cancelled


@lru_cache(maxsize=1024)
def _json(type: str) -> bytes:
    return encode(type, "type")


def new_job(
    type: str,
    data: bytes,
    now: int,
    promote_at: int | None = None,
    priority: int = 0,
    attempts: int = 1,
    others: Sequence[Argument] = _NO_ARGUMENTS,
) -> NewJob:
    """One of the jobs for `save`, delayed if `promote_at` is given. `others` are further fields and their contents.

    Its numbers are text, so that a command of many jobs is packed as it is.
    """
    due = "" if promote_at is None else str(promote_at)
    return (type, _json(type), data, str(priority), str(attempts), str(now), due, str(len(others)), *others)


def completion(
    id: int, worker: str, duration: int, result: bytes | None, effects: Effects = _NO_ARGUMENTS, more: bytes = b""
) -> Completion:
    """One of the runs for `complete`, which took `duration` ms. `more` is further keys of its message."""
    return (id, worker, duration, result or b"", more, len(effects), *effects)


class Transitions:
    """Commands for the jobs under one prefix. The head of each script explains its arguments and its reply."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._heads: dict[str, Command] = {name: scripts.command(name, keys) for name in scripts.names()}

    def save(self, *jobs: NewJob) -> Command:
        return (*self._heads["save"], *chain.from_iterable(jobs))

    def save_unique(self, job: Sequence[Argument]) -> Command:
        return (*self._heads["save_unique"], *job)

    def save_indexed(self, job: Sequence[Argument]) -> Command:
        return (*self._heads["save_indexed"], *job)

    def take(self, type: str, count: int, tokens: int, stem: str, first_run: int, now: int) -> Command:
        return (*self._heads["take"], type, _json(type), count, tokens, stem, first_run, now)

    def complete(self, now: int, *runs: Completion) -> Command:
        return (*self._heads["complete"], now, *chain.from_iterable(runs))

    def fail(
        self,
        id: int,
        worker: str,
        type: str,
        now: int,
        failure: Failure,
        retry: Retry,
        *,
        mode: str = "",
        ttl_lock: str = "",
        dead_process: str = "",
        ghosts: GhostOptions = NO_GHOSTS,
        effects: Effects = _NO_ARGUMENTS,
    ) -> Command:
        return (
            *self._heads["fail"],
            *(id, worker, _json(type), now, text_bytes(failure.error), text_bytes(failure.line)),
            *(encode(failure.error, "error"), encode(failure.message, "message")),
            *(retry.state, retry.wait_from(now)),
            *(mode, TTL_LOCK if ttl_lock else "", ttl_lock or dead_process),
            *ghosts,
            *effects,
            *keep_message(failure.error, failure.message),
        )

    def apply_effects(self, id: int, fence: str, now: int, effects: Effects) -> Command:
        return (*self._heads["apply_effects"], id, fence, now, *effects)

    def requeue(
        self, id: int, worker: str, type: str, now: int, reason: str, effects: Effects = _NO_ARGUMENTS
    ) -> Command:
        return (*self._heads["requeue"], id, worker, _json(type), now, f"put back: {reason}", *effects)

    def snooze(
        self, id: int, worker: str, type: str, now: int, delay: int, effects: Effects = _NO_ARGUMENTS
    ) -> Command:
        line = f"snoozed for {delay} ms"
        return (*self._heads["snooze"], id, worker, _json(type), now, delay, line, *effects)

    def requeue_orphans(
        self, type: str, stem: str, runs: Iterable[tuple[int, int]], cursor: bytes, count: int, now: int, reason: str
    ) -> Command:
        return (
            *self._heads["requeue_orphans"],
            *(type, _json(type), stem, cursor, count, now, f"put back: {reason}"),
            *chain.from_iterable(runs),
        )

    def update(self, id: int, now: int, changes: Effects, fence: str = "") -> Command:
        return (*self._heads["update"], id, fence, now, *changes)

    def set_state(self, id: int, state: str, now: int, changes: Effects = _NO_ARGUMENTS, fence: str = "") -> Command:
        return (*self._heads["set_state"], id, fence, state, now, *changes)

    def remove(self, id: int, fence: str = "") -> Command:
        return (*self._heads["remove"], id, fence)

    def drop_broken(self, job: int | str, types: Iterable[str]) -> Command:
        return (*self._heads["drop_broken"], zid(job) if isinstance(job, int) else job, *types)

    def promote(self, lock: str, now: int, limit: int) -> Command:
        return (*self._heads["promote"], PROMOTION_LOCK, lock, now, limit)

    def announce_expired(self, lock: str, now: int, limit: int, passed: int = 0) -> Command:
        return (*self._heads["announce_expired"], TTL_LOCK, lock, now, limit, passed)

    def add_tokens(self, type: str) -> Command:
        return (*self._heads["add_tokens"], type)

    def restore_stuck(self, id: int, updated_at: str, now: int) -> Command:
        return (*self._heads["restore_stuck"], id, updated_at, now)

    def renew_lease(
        self, process: str, lease: int, record: Sequence[Argument] = _NO_ARGUMENTS, *, only_new: bool = False
    ) -> Command:
        return (*self._heads["renew_lease"], process, lease, "NX" if only_new else "", *record)

    def end_lease(self, process: str, *, only_expired: bool = False) -> Command:
        return (*self._heads["end_lease"], process, "expired" if only_expired else "")

    def rescue(self, process: str, now: int, retries: int, delay: int, runs: Sequence[tuple[int, str]]) -> Command:
        pairs = [value for run in runs for value in run]
        return (*self._heads["rescue"], process, now, retries, delay, *pairs)

    def hold_lock(self, key: str, token: str, ttl: int) -> Command:
        return (*self._heads["hold_lock"], key, token, ttl)

    def release_lock(self, key: str, token: str) -> Command:
        return (*self._heads["release_lock"], key, token)
