"""Reads jobs anew from Redis for watchers that have learned the outcome, so that they can show the job as it is then.

- sends one query at a time, for all jobs that were asked for since the last
- answers each reader once: with the hash of its job, or with None if there is none
- queries again if that fails, since a connection may just have broken
- lets no reader wait for long: if there is no answer within a second, or the subscription ends, all get None
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from kue.common.timer_queue import Timer
from kue.events.subscriber import Subscriber
from kue.events.watcher import Outcome
from kue.store.job_hash import JobHash
from kue.store.store import Store

logger = logging.getLogger("kue")
MAX_SECONDS = 1.0
_RETRY_SECONDS = 0.05
_Hash = JobHash | None


class Reader(Protocol):
    """Waits for its job to be read. Both calls come once at most, on the subscriber's thread, or in a forked child."""

    def on_read(self, hash: JobHash | None) -> None:
        """Take the hash of the job; None if it could not be read."""

    def on_outcome(self, outcome: Outcome) -> None:
        """Take the outcome `forked`: only the parent process gets an answer."""


class Rereading:
    """For the subscriber's thread."""

    def __init__(self, store: Store, subscriber: Callable[[], Subscriber]) -> None:
        self._store = store
        self._subscriber = subscriber
        self._waiting: dict[Reader, None] = {}
        self._timer: Timer | None = None  # while any reader waits
        self._unasked: list[tuple[int, Reader]] = []
        self._is_asking = False

    def ask(self, id: int, reader: Reader) -> None:
        """Read a job for a reader."""
        self._waiting[reader] = None
        self._unasked.append((id, reader))
        if self._timer is None:
            self._start_timer()
        self._ask_next()

    def _ask_next(self) -> None:
        if self._unasked and not self._is_asking:
            self._is_asking = True
            asked, self._unasked = self._unasked, []
            ids = [id for id, _ in asked]
            self._subscriber().fetch(lambda: self._query(ids), lambda hashes: self._answered(asked, hashes))

    def _query(self, ids: Sequence[int]) -> Sequence[_Hash] | None:
        """Send the query. None if it failed. Not on the subscriber's thread, since it may block."""
        try:
            return self._store.known_fields(ids)
        except Exception:  # the pending watchers are looked up too, and that is reported
            logger.debug("jobs could not be read anew", exc_info=True)
            return None

    def _answered(self, asked: Sequence[tuple[int, Reader]], hashes: Sequence[_Hash] | None) -> None:
        if hashes is None:
            self._unasked = [one for one in asked if one[1] in self._waiting] + self._unasked
            self._subscriber().call_later(_RETRY_SECONDS, self._ask_again)
            return
        self._is_asking = False
        self._ask_next()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_asking:
            self._start_timer()
        for (_, reader), hash in zip(asked, hashes, strict=True):
            self._answer(reader, hash)

    def _ask_again(self) -> None:
        self._is_asking = False
        self._ask_next()

    def _answer(self, reader: Reader, hash: _Hash) -> None:
        if reader not in self._waiting:
            return  # it was answered when its time was up
        del self._waiting[reader]
        try:
            reader.on_read(hash)
        except BaseException:  # even sys.exit() in a promise's callback: the other readers wait for this thread
            logger.exception("settling after a job was read failed")

    def _start_timer(self) -> None:
        self._timer = self._subscriber().call_later(MAX_SECONDS, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        self.finish()

    def finish(self) -> None:
        """No answer will come any more, or it takes too long: those that wait get none."""
        self._unasked.clear()
        for reader in list(self._waiting):
            self._answer(reader, None)

    def after_fork(self) -> None:
        """In a forked child: the thread that answers exists only in the parent."""
        waiting, self._waiting = self._waiting, {}
        for reader in waiting:
            reader.on_outcome(Outcome("forked"))
