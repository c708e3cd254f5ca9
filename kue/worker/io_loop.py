"""The I/O thread: all Redis traffic of a process's workers, as many commands to a round trip as there are.

One round: report what runs said and how they ended, and in the same round trip take jobs for free slots. With nothing
to do it waits in a selector for a token, for a handler, or for the next timer.
"""

from __future__ import annotations

import select
import threading
import time
from typing import Protocol

from redis.exceptions import RedisError, ResponseError

from kue.common.later import Timers
from kue.common.reconnect import Backoff
from kue.common.trouble import Trouble
from kue.common.wakeup import Wakeup
from kue.errors import KueError
from kue.store import scripts
from kue.store.connection import BROKEN, refusal
from kue.store.link import Link
from kue.store.store import Store
from kue.worker.calls import Call, Report
from kue.worker.exchange import Exchange
from kue.worker.outbox import Outbox
from kue.worker.waiter import BLOCK, Waiter

_WHO = "the workers' I/O thread"
_FAKE_POLL = 0.02
_PATIENCE = 8.0
_MANY = 12  # reports for whose sake the replies to the last batch may wait


class Work(Protocol):
    """What the loop serves."""

    def ended(self, report: Report) -> None:
        """A report that ends its run is about to be sent: the slot is free."""

    def takes(self) -> list[Call]:
        """What to ask of Redis besides the reports: jobs for free slots, tokens given back."""

    def idle_types(self) -> set[str]:
        """The types whose free slots wait for a token."""

    def token(self, type: str) -> None:
        """A token came."""

    def look(self, types: set[str]) -> None:
        """It is time to look at the queues of these types without a token."""

    in_doubt: bool
    """Whether a take may have succeeded though it was not answered well; looked at when all reports are written."""

    def find_orphans(self, link: Link) -> None:
        """Put back what was taken without this process learning of it, and look at every queue again."""


class IoLoop:
    """Runs on one thread from `start` to `stop`."""

    def __init__(self, store: Store, work: Work, outbox: Outbox, trouble: Trouble) -> None:
        self._store = store
        self._work = work
        self._outbox = outbox
        self._exchange = Exchange(outbox)
        self._trouble = trouble
        self._wakeup = Wakeup()
        self._waiter = Waiter(store.connections, store.keys)
        self._link: Link | None = None
        self._sleeping = False
        self._woken = False
        self._stopping = False
        self._giving_up = False
        self._unblocked = False
        self._waiting_since = 0.0
        self._poll = select.poll()
        self._poll.register(self._wakeup, select.POLLIN)
        self._watched: int | None = None
        self.timers = Timers()
        self.connected = False
        self.heartbeat = time.monotonic()
        self.thread = threading.Thread(target=self._run, name="kue-io", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self, timeout: float) -> None:
        """Give the wait and its tokens back, send what is still to be sent, and end, if that can be done in time."""
        self._stopping = True
        self._wakeup.wake()
        self.thread.join(timeout)
        self._giving_up = True

    def settle_down(self, timeout: float) -> None:
        """Return when whatever was asked of Redis before this call has been answered, or the time is up."""
        if not self.thread.is_alive():
            return  # whatever was asked, it has its answer or gets none
        passed = threading.Event()
        self.timers.add(0, passed.set)
        self.wake()
        passed.wait(timeout)

    def flush(self, timeout: float) -> None:
        """Return when whatever was told before this call has been answered too, or the time is up."""
        deadline = time.monotonic() + timeout
        for _ in range(2):  # the round under way may have missed it; the next one sends it
            self.settle_down(max(0.0, deadline - time.monotonic()))

    def wake(self) -> None:
        """Something changed that the loop should see. Any thread."""
        self._woken = True
        if self._sleeping:
            self._wakeup.wake()

    def _run(self) -> None:
        backoff = Backoff()
        lost_before = False
        while self._has_work:
            try:
                self._connect(lost_before)
                backoff.reset()
                while self._has_work:
                    self._round()
                self._give_back_wait()
            except Exception as problem:
                lost_before = True
                self._exchange.settle()
                self._disconnect()
                self._tell(problem)
                self._sit_out(backoff.next())
        self._disconnect()
        self._wakeup.close()

    @property
    def _has_work(self) -> bool:
        return not self._giving_up and (not self._stopping or self._outbox.waiting > 0 or self._exchange.pending)

    def _tell(self, problem: Exception) -> None:
        if isinstance(problem, KueError):
            self._trouble.began(_WHO, problem)
        elif isinstance(problem, BROKEN):
            self._trouble.began(_WHO, self._store.connections.lost(problem))
        elif isinstance(problem, RedisError):
            self._trouble.began(_WHO, refusal(problem))
        else:
            self._trouble.stumbled(_WHO, problem)

    def _connect(self, lost_before: bool) -> None:
        self._link = self._store.connections.open()
        scripts.load_all(self._link)
        self._refuse_unless_writable(self._link)
        self._waiter.open()
        if self._waiter.link is not None and self._waiter.link.socket is not None:
            self._watched = self._waiter.link.socket.fileno()
            self._poll.register(self._watched, select.POLLIN)
        if lost_before:
            while reports := self._collect():
                self._exchange.run(self._link, reports)
            self._find_orphans(self._link)
        self.connected = True
        self._trouble.ended(_WHO)

    def _refuse_unless_writable(self, link: Link) -> None:
        """A server that answers may still be read-only: a write that changes nothing tells."""
        if isinstance(reply := link.exchange([("ZREM", self._store.keys.leases, "")])[0], ResponseError):
            raise refusal(reply)

    def _disconnect(self) -> None:
        self.connected = False
        self._unblocked = False
        if self._link is not None:
            self._link.close()
        self._link = None
        if self._watched is not None:  # by its number: a broken connection has dropped its socket by now
            self._poll.unregister(self._watched)
            self._watched = None
        self._waiter.close()

    def _round(self) -> None:
        self.heartbeat = time.monotonic()
        self._woken = False
        assert self._link is not None
        if self._exchange.pending and (self._outbox.waiting < _MANY or self.timers.wait(1) == 0):
            self._exchange.settle_or_raise()
            self._see_to_waiter(0)
        if not self._exchange.pending:
            self.timers.run_due()
        calls = self._collect()
        try:
            if not self._stopping:
                calls += self._work.takes()
            self._renew_wait(calls)
        except BaseException:
            self._exchange.drop(calls)
            raise
        if calls:
            self._exchange.run(self._link, calls)
            if len(calls) < _MANY:
                self._exchange.settle_or_raise()
        if self._work.in_doubt and not self._outbox.keeps:
            self._find_orphans(self._link)
        if calls:
            self._see_to_waiter(0)
        else:
            self._wait()

    def _find_orphans(self, link: Link) -> None:
        """Only once every report was written: a run that has ended no longer counts as one that holds its job."""
        self._exchange.settle_or_raise()  # what was taken just now is no orphan
        self._work.find_orphans(link)

    def _collect(self) -> list[Call]:
        """The reports that are due."""
        self._absorb()
        return list(self._outbox.collect())

    def _absorb(self) -> None:
        """Make reports of all that is new; the slots of runs that have ended are free from here on."""
        for report in self._outbox.absorb(self._store.clock()):
            if report.ends:
                self._work.ended(report)

    def _renew_wait(self, calls: list[Call]) -> None:
        """Have an outstanding wait for every type that wants one."""
        wanted = set() if self._stopping else self._work.idle_types()
        waited = self._waiter.types
        if not waited:
            if wanted:
                self._waiter.wait_for(wanted)
                self._waiting_since = time.monotonic()
        elif wanted - waited and not self._unblocked:
            calls.append(Call(self._waiter.unblock()))
            self._unblocked = True

    def _wait(self) -> None:
        """Sleep until there is a token, something to report, or something due."""
        real = self._waiter.link is not None
        self._sleeping = True
        try:
            if not (self._woken or self._stopping):
                self._see_to_waiter(self.timers.wait(BLOCK if real else _FAKE_POLL))
        finally:
            self._sleeping = False
        if not real:
            self._work.look(self._work.idle_types())

    def _see_to_waiter(self, timeout: float) -> None:
        """Wait for the reply to the outstanding wait, or to be woken; with timeout 0 only look."""
        link = self._waiter.link
        if link is not None and self._waiter.types and link.holds_read_ahead:
            self._hear_waiter()
            return
        readable = False
        for fd, _ in self._poll.poll(timeout * 1000):
            if fd == self._wakeup.fileno():
                self._wakeup.clear()
            else:
                readable = True
        if readable:
            self._hear_waiter()
        elif self._waiter.types and time.monotonic() - self._waiting_since > BLOCK + _PATIENCE:
            raise TimeoutError("no answer to a blocking pop")

    def _hear_waiter(self) -> None:
        if not self._waiter.types:
            raise ConnectionError("the waiting connection was closed")
        waited, type = self._waiter.received()
        by_us, self._unblocked = self._unblocked, False
        if type is not None:
            self._work.token(type)
        elif not by_us:
            self._work.look(waited)

    def _give_back_wait(self) -> None:
        """Before the end: no token may be lost in the outstanding wait."""
        if self._link is None or not self._waiter.types:
            return
        if not self._unblocked:
            self._link.exchange([self._waiter.unblock()])
        _, type = self._waiter.received()
        if type is not None:
            self._link.exchange([("LPUSH", self._store.keys.tokens(type), 1)])

    def _sit_out(self, seconds: float) -> None:
        """Without Redis: wait, keep the outbox in bounds, and let timers run; only `stop` ends it early."""
        deadline = time.monotonic() + seconds
        self._sleeping = True
        while not self._stopping and (left := deadline - time.monotonic()) > 0:
            self.heartbeat = time.monotonic()
            self._poll.poll(1000 * self.timers.wait(left))
            self._wakeup.clear()
            self.timers.run_due()
            self._absorb()
        self._sleeping = False
