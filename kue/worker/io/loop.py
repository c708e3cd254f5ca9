"""The I/O thread: all Redis traffic of a process's workers, as many commands to a round trip as there are.

One round: report what runs said and how they ended, and in the same round trip take jobs for free slots. With nothing
to do it waits in a selector for a token, for a handler, or for the next timer. Short handlers run on this thread,
between sending and receiving; where one takes long, another thread goes on from there.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

from redis.exceptions import RedisError, ResponseError

from kue.common.backoff import Backoff
from kue.common.error_reporter import ErrorReporter
from kue.common.timer_queue import TimerQueue
from kue.connection.connection import Connection
from kue.connection.pool import BROKEN, is_transient, refusal
from kue.errors import ForkedChild, KueError
from kue.store import scripts
from kue.store.store import Store
from kue.worker.execution.inline import InlineRunner
from kue.worker.io.calls import Call, Report
from kue.worker.io.idle import IdleWait, Tokens
from kue.worker.io.outbox import Outbox
from kue.worker.io.pipeline import Pipeline

_WHO = "the workers' I/O thread"
_MOST_ROUNDS = 6  # until all that a run told is answered, though it was refused for its company, and sent again
_AHEAD = 2  # batches on their way at once: one that Redis works on, and the next


class Work(Tokens, Protocol):
    """What the loop serves."""

    def ended(self, report: Report) -> None:
        """A report that ends its run is about to be sent: the slot is free."""

    def takes(self) -> list[Call]:
        """What to ask of Redis besides the reports: jobs for free slots, tokens given back."""

    def idle_types(self) -> set[str]:
        """The types whose free slots wait for a token."""

    @property
    def wants_more(self) -> bool:
        """Whether `takes` would ask for jobs."""

    in_doubt: bool
    """Whether a take may have succeeded though it was not answered well; looked at when all reports are written."""

    def find_orphans(self, connection: Connection) -> None:
        """Put back what was taken without this process learning of it, and look at every queue again."""


class IOLoop:
    """Runs on one thread from `start` to `stop`."""

    def __init__(
        self, store: Store, work: Work, outbox: Outbox, inline: InlineRunner, error_reporter: ErrorReporter
    ) -> None:
        self._store = store
        self._work = work
        self._outbox = outbox
        self._pipeline = Pipeline(outbox, store.transitions)
        self._inline = inline
        self._error_reporter = error_reporter
        self._idle = IdleWait(store.connections, store.commands, work, lambda: self._stopping)
        self._connection: Connection | None = None
        self._backoff = Backoff()
        self._pause = 0.0
        self._lost_before = False
        self._heard_at: float | None = None  # on the last connection
        self._refused = False  # by what is no passing trouble, and ends the next connection too until it is mended
        self._stopping = False
        self._giving_up = False
        self._ended = threading.Event()
        self.timers = TimerQueue()
        self.started = False
        self.connected = False
        self.heartbeat = time.monotonic()
        inline.take_over = self._run

    def start(self) -> None:
        self.started = True
        threading.Thread(target=self._run, name="kue-io", daemon=True).start()

    @property
    def running(self) -> bool:
        """Whether it has started and not ended."""
        return self.started and not self._ended.is_set()

    def stop(self, timeout: float) -> None:
        """Give the wait and its tokens back, send what is still to be sent, and end, if that can be done in time."""
        self._stopping = True
        self._idle.wake()
        self._ended.wait(timeout)
        self._giving_up = True

    def settle_down(self, timeout: float) -> bool:
        """Return when whatever was asked of Redis before this call has been answered, or the time is up.

        True where some of it was refused, and is to be asked again.
        """
        if not self.running:
            return False  # whatever was asked, it has its answer or gets none
        passed = threading.Event()
        again = False

        def look() -> None:
            nonlocal again
            again = self.connected and self._outbox.keeps
            passed.set()

        self.timers.add(0, look)
        self.wake()
        passed.wait(timeout)
        return again

    def flush(self, timeout: float) -> None:
        """Return when whatever was told before this call has been answered too, Redis is away, or the time is up."""
        deadline = time.monotonic() + timeout
        rounds = 2  # the one under way may have missed it; the next one sends it
        for _ in range(_MOST_ROUNDS):
            left = deadline - time.monotonic()
            if not rounds or left <= 0:
                return
            rounds = 2 if self.settle_down(left) else rounds - 1

    def wake(self) -> None:
        """Something changed that the loop should see. Any thread."""
        self._idle.wake()

    def _run(self) -> None:
        """From the start, or from wherever the thread before this one was held up, to the end."""
        while True:
            try:
                if not self._has_work:
                    if self._connection is not None:
                        self._idle.give_back(self._connection)
                    break
                if self.connected:
                    if not self._round():
                        return
                elif self._inline.waiting:
                    if not self._inline.run():
                        return
                elif self._pause:
                    pause, self._pause = self._pause, 0.0
                    self._sit_out(pause)
                else:
                    self._connect()
                    self._backoff.reset()
            except ForkedChild:
                raise
            except Exception as problem:
                self._lost_before = True
                self._pipeline.give_up()
                self._heard_at = None if self._connection is None else self._connection.heard_at
                self._disconnect()
                self._tell(problem)
                self._pause = self._backoff.next()
        self._disconnect()
        self._idle.close()
        self._ended.set()

    @property
    def _has_work(self) -> bool:
        if self._giving_up:
            return False
        return not self._stopping or self._outbox.waiting > 0 or self._pipeline.outstanding > 0

    def _tell(self, problem: Exception) -> None:
        self._refused = isinstance(problem, ResponseError) and not is_transient(problem)
        if isinstance(problem, KueError):
            self._error_reporter.outage_began(_WHO, problem)
        elif isinstance(problem, BROKEN):
            self._error_reporter.outage_began(_WHO, self._store.connections.lost(problem, self._heard_at))
        elif isinstance(problem, RedisError):
            self._error_reporter.outage_began(_WHO, refusal(problem))
        else:
            self._error_reporter.unexpected(_WHO, problem)

    def _connect(self) -> None:
        self._connection = self._store.connections.open()
        scripts.load_all(self._connection)
        self._refuse_unless_writable(self._connection)
        self._idle.open()
        if self._lost_before:
            self._absorb()
            while self._outbox.keeps:  # what is said meanwhile is for later, or this might never end
                self._pipeline.run(self._connection, self._outbox.collect())
            self._find_orphans(self._connection)
        self.connected = True
        if not self._refused:
            self._error_reporter.outage_ended(_WHO)
        if self._outbox.dropped:
            self._error_reporter.report(
                KueError(f"{self._outbox.dropped} messages of running jobs were dropped meanwhile")
            )
            self._outbox.dropped = 0

    def _refuse_unless_writable(self, connection: Connection) -> None:
        """A server that answers may still be read-only: a write that changes nothing tells."""
        if isinstance(reply := connection.exchange([self._store.commands.probe_write()])[0], ResponseError):
            raise refusal(reply)

    def _disconnect(self) -> None:
        self.connected = False
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._idle.disconnect()

    def _round(self) -> bool:
        """False where this thread was held up by a handler, and another one has gone on meanwhile."""
        self.heartbeat = time.monotonic()
        self._idle.stay_awake()
        connection, exchange = self._connection, self._pipeline
        assert connection is not None
        if self.timers.is_due:
            exchange.finish(connection)
            self.timers.run_due()
        calls = self._collect()
        try:
            if not self._stopping:
                calls += self._work.takes()
            self._renew_wait(calls)
        except BaseException:
            exchange.drop(calls)
            raise
        if calls:
            exchange.send(connection, calls)
        busy = exchange.outstanding
        if busy == _AHEAD or not calls or not (self._outbox.waiting or self._work.wants_more):
            if busy:
                exchange.receive(connection)
            if not self._inline.run():
                return False
        if self._work.in_doubt and not self._outbox.keeps:
            self._find_orphans(connection)
        if busy or self._inline.waiting:
            self._idle.look()
        else:
            self._idle.sleep(self.timers.wait, self._work.idle_types)
        if self._refused and not self._idle.refused:
            self._refused = False
            self._error_reporter.outage_ended(_WHO)
        return True

    def _find_orphans(self, connection: Connection) -> None:
        """Only once every report was written: a run that has ended no longer counts as one that holds its job."""
        self._pipeline.finish(connection)  # what was taken just now is no orphan
        if self._outbox.keeps:  # some are to be sent again, each alone
            return
        self._work.find_orphans(connection)

    def _collect(self) -> list[Call]:
        """The reports that are due."""
        self._absorb()
        return [*self._outbox.collect(self._pipeline.runs)] if self._outbox.keeps else []

    def _absorb(self) -> None:
        """Make reports of all that is new; the slots of runs that have ended are free from here on."""
        if not self._outbox.has_news:
            return
        for report in self._outbox.absorb(self._store.clock(), self._pipeline.runs if self.connected else None):
            if report.ends:
                self._work.ended(report)

    def _renew_wait(self, calls: list[Call]) -> None:
        """Have an outstanding wait for every type that wants one."""
        command = self._idle.renew(set() if self._stopping else self._work.idle_types())
        if command is not None:
            calls.append(Call(command))

    def _sit_out(self, seconds: float) -> None:
        """Without Redis: wait, keep the outbox in bounds, and let timers run; only `stop` ends it early."""
        deadline = time.monotonic() + seconds
        while not self._stopping and (left := deadline - time.monotonic()) > 0:
            self.heartbeat = time.monotonic()
            self._idle.nap(self.timers.wait(left))
            self._idle.stay_awake()
            self.timers.run_due()
            self._absorb()
