"""The I/O thread: all Redis traffic of a process's workers, with as many commands in a round trip as there are.

- reports the effects and outcomes of runs, and takes jobs for free slots in the same round trip
- runs short handlers between sending and receiving; if one takes long, another thread goes on from there
- sleeps if there is nothing to do, until a token, a handler or a timer wakes it
- sits out an outage, and then first finds out what became of the commands that were cut off

What to take, and what to do with the jobs, the fetcher decides.
"""

from __future__ import annotations

import threading
import time

from kue.common.error_reporter import ErrorReporter
from kue.common.timer_queue import TimerQueue
from kue.connection.connection import Connection
from kue.connection.pool import BROKEN
from kue.errors import ForkedChild, KueError
from kue.store.store import Store
from kue.worker.execution.inline import InlineRunner
from kue.worker.io.answer_wait import AnswerWait
from kue.worker.io.calls import Call
from kue.worker.io.idle import IdleWait
from kue.worker.io.outbox import Outbox
from kue.worker.io.pipeline import Pipeline
from kue.worker.io.session import Session
from kue.worker.io.work import Work
from kue.worker.run import Run

_FLUSH_SECONDS = 10.0


class IOLoop:
    """Runs on one thread from `start` to `stop`. Runs report through `notify` and `flush`."""

    _work: Work

    def __init__(self, store: Store, outbox: Outbox, inline: InlineRunner, error_reporter: ErrorReporter) -> None:
        self.store = store
        self._outbox = outbox
        self._pipeline = Pipeline(outbox, store.transitions)
        self._inline = inline
        self._error_reporter = error_reporter
        self._idle = IdleWait(store.connections, store.commands, lambda: self._stopping)
        self._session = Session(store, error_reporter)
        self._pause_seconds = 0.0
        self._stopping = False
        self._giving_up = False
        self._ended = threading.Event()
        self.answers = AnswerWait(self.wake, lambda: self.connected and self._outbox.keeps)
        self.pacing = self._pipeline.pacing
        self.timers = TimerQueue()
        self.settled_timers = TimerQueue()  # run while nothing is on its way to Redis or back
        self.started = False
        self.connected = False
        self.heartbeat = time.monotonic()
        inline.take_over = self._run

    def start(self, work: Work) -> None:
        """Start the thread that serves `work`."""
        self._work = work
        self._idle.listener = work
        self.answers.open()
        self.started = True
        threading.Thread(target=self._run, name="kue-io", daemon=True).start()

    @property
    def running(self) -> bool:
        """Whether it has started and not ended."""
        return self.started and not self._ended.is_set()

    @property
    def has_unwritten(self) -> bool:
        """Whether there are reports that were not sent, or not answered."""
        return self._outbox.waiting > 0 or bool(self._pipeline.runs)

    def stop(self, timeout: float) -> None:
        """Give the wait and its tokens back, send what is still to be sent, and end, if that can be done in time."""
        self._stopping = True
        self._idle.wake()
        self._ended.wait(timeout)
        self._giving_up = True

    # any thread

    def wake(self) -> None:
        """Something changed that the loop should see."""
        self._idle.wake()

    def notify(self, run: Run) -> None:
        """A run has something new to report."""
        self._outbox.notify(run)
        self._idle.wake()

    def ttl_changed(self, run: Run) -> None:
        """The deadline of a run is to be computed anew."""
        self.timers.add(0, lambda: self._work.ttl_changed(run))
        self.wake()

    def flush(self, timeout: float = _FLUSH_SECONDS) -> None:
        """Return when all reports before this call have been answered, Redis is away, or the time is up."""
        self.answers.flush(timeout)

    # the I/O thread

    def _run(self) -> None:
        """Work until the end: from the start, or from where a handler held up the thread that had the I/O before."""
        while True:
            try:
                if not self._has_work:
                    if self._session.connection is not None:
                        self._idle.give_back(self._session.connection)
                        self._work.finish(self._session.connection, lambda: self._giving_up)
                    break
                if self.connected:
                    if not self._round():
                        return
                elif self._inline.waiting:
                    if not self._inline.run():
                        return
                elif self._pause_seconds:
                    pause, self._pause_seconds = self._pause_seconds, 0.0
                    self._sit_out(pause)
                else:
                    self._connect()
            except ForkedChild:
                raise
            except BaseException as problem:  # even one that was thrown into this thread, too late for a short handler
                self.connected = False
                if not isinstance(problem, BROKEN):
                    self._pipeline.receive_rest(self._session.connection)
                self._pipeline.give_up()
                self._pause_seconds = self._session.give_up(problem)
                self._idle.disconnect()
        self.connected = False
        self._session.close()
        self._idle.disconnect()
        self._idle.close()
        self._ended.set()
        self.answers.close()

    @property
    def _has_work(self) -> bool:
        if self._giving_up:
            return False
        return not self._stopping or self._outbox.waiting > 0 or self._pipeline.outstanding > 0

    def _connect(self) -> None:
        connection = self._session.open()
        self._idle.open()
        self.pacing.connected(self._session.round_trip)
        if self._session.was_cut_off:
            self._absorb(self.store.clock())
            while self._outbox.keeps:  # what is reported meanwhile is sent later, or this might never end
                self._pipeline.run(connection, self._outbox.collect())
            self._work.reconnected()
        self.connected = True
        self._session.established()
        if self._outbox.dropped:
            dropped = f"{self._outbox.dropped} messages of running jobs were dropped: too many came during the outage"
            self._error_reporter.report(KueError(dropped))
            self._outbox.dropped = 0

    def _round(self) -> bool:
        """Send what there is, and handle replies.

        False if a handler held this thread up, so that another one has the I/O by now.
        """
        connection, pipeline = self._session.connection, self._pipeline
        assert connection is not None
        if self.pacing.gap_seconds and not self._inline.waiting:
            pipeline.keep_gap()
        self.heartbeat = time.monotonic()
        self._idle.clear_wakes()
        if self.timers.is_due or self.settled_timers.is_due:
            self._run_timers(connection)
        waits = self.answers.new
        calls = self._calls()
        if calls:
            pipeline.send(connection, calls)
        if waits:
            self.answers.end_later(waits, pipeline.when_answered, held_back=self._outbox.waiting > 0)
        go_on = bool(calls) and not pipeline.is_full and (self._outbox.waiting > 0 or self._work.wants_more)
        if not go_on:
            go_on = pipeline.receive(connection)
            if not self._inline.run():
                return False
        if go_on or self._inline.waiting:
            self._idle.poll()
        elif pipeline.outstanding:
            self._idle.sleep_beside(connection, self._until_timer)
        else:
            self._idle.sleep(self._until_timer, self._work.idle_types)
        if self._session.is_refused and not self._idle.refused:
            self._session.granted_again()
        return True

    def _run_timers(self, connection: Connection) -> None:
        self.timers.run_due()
        if self.settled_timers.is_due:
            self._pipeline.finish(connection)
            self.settled_timers.run_due()

    def _until_timer(self, max_seconds: float) -> float:
        """Seconds until a timer is due, at most `max_seconds`."""
        return self.settled_timers.wait(self.timers.wait(max_seconds))

    def _calls(self) -> list[Call]:
        """What to send in a round: the reports that are due, takes, and what renews the wait for tokens."""
        now = self.store.clock()
        self._absorb(now)
        calls: list[Call] = [*self._outbox.collect(self._pipeline.runs)] if self._outbox.keeps else []
        try:
            if not self._stopping:
                calls += self._work.takes(now)
            self._renew_wait(calls)
        except BaseException:
            self._pipeline.drop(calls)
            raise
        return calls

    def _absorb(self, now: int) -> None:
        """Make reports of all that is new; the slots of runs that have ended are free from here on."""
        if not self._outbox.has_news:
            return
        for report in self._outbox.absorb(now, self._pipeline.runs if self.connected else None):
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
            self._idle.nap(self._until_timer(left))
            self._idle.clear_wakes()
            self.timers.run_due()
            self.settled_timers.run_due()
            self.answers.end_all()
            self._absorb(self.store.clock())
