"""The round trips of the I/O thread: while Redis works on one batch, the next is on its way.

While replies are outstanding, jobs may have been taken that are not started yet, for slots that are still empty. So a
caller that compares runs and slots with Redis calls `finish` first.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import NoScriptError, ResponseError, TimeoutError

from kue.connection.connection import Connection
from kue.connection.pool import is_transient, refusal
from kue.connection.reply_reader import NOT_YET
from kue.store import scripts
from kue.store.transitions import Transitions
from kue.worker.io.calls import Call, Report
from kue.worker.io.outbox import Outbox
from kue.worker.io.pacing import Pacing
from kue.worker.io.reports import merge_completions
from kue.worker.run import Run


class _Batch:
    """Calls that were sent together, the replies that have come so far, and what is called once all are handled."""

    __slots__ = ("calls", "replies", "runs", "sent_at", "when_answered")

    def __init__(self, calls: list[Call], sent_at: float) -> None:
        self.calls = calls
        self.runs = [report.run for call in calls for report in call.reports]
        self.replies: list[Any] = []
        self.sent_at = sent_at
        self.when_answered: list[Callable[[], None]] = []

    def append(self, newer: _Batch) -> None:
        """Make one batch of two whose replies have all come."""
        self.calls += newer.calls
        self.runs += newer.runs
        self.replies += newer.replies
        self.when_answered += newer.when_answered


class Pipeline:
    """For the I/O thread. Reports without an answer, or refused for a while, go back to the outbox.

    `runs` are those with a report on its way, which no later one must overtake.
    """

    def __init__(
        self,
        outbox: Outbox,
        transitions: Transitions,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._outbox = outbox
        self._transitions = transitions
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[_Batch] = deque()
        self._is_torn = False  # while it sends or reads, and for good if that was cut off
        self.runs: set[Run] = set()
        self.pacing = Pacing()

    @property
    def outstanding(self) -> int:
        """How many batches were sent whose replies were not handled yet."""
        return len(self._sent)

    @property
    def is_full(self) -> bool:
        """Whether replies must be handled before another batch is sent."""
        return len(self._sent) >= self.pacing.max_batches

    def keep_gap(self) -> None:
        """Sleep for as long as the next batch should still wait for the one before it."""
        if self._sent:
            left = self._sent[-1].sent_at + self.pacing.gap_seconds - self._clock()
            if left > 0:
                self._sleep(left)

    def send(self, connection: Connection, calls: Sequence[Call]) -> None:
        """Send calls, with their completions merged. Raises what breaks the connection."""
        batch = _Batch(merge_completions(calls, self._transitions), self._clock())
        self._sent.append(batch)
        self.runs.update(batch.runs)
        self._is_torn = True
        connection.send([call.command for call in batch.calls])
        self._is_torn = False

    def when_answered(self, call: Callable[[], None]) -> None:
        """Have something called once all that was sent so far was answered or given up: now, if it was already."""
        if self._sent:
            self._sent[-1].when_answered.append(call)
        else:
            call()

    def receive(self, connection: Connection) -> bool:
        """Handle replies. False if there were none.

        If Redis is near, it waits for those to the oldest batch. If Redis is distant, it handles those that have come,
        and does not wait, since more may have to be sent meanwhile.

        Raises what breaks the connection, the refusal if Redis refuses for a while, and what handling a reply raises.
        """
        if self.pacing.is_distant:
            return self._receive_arrived(connection)
        handled = False
        while self._sent and (self.is_full or not handled):
            self._receive_oldest(connection)
            handled = True
        return handled

    def _receive_arrived(self, connection: Connection) -> bool:
        handled = False
        while self._sent and self._has_arrived(connection, self._sent[0]):
            self._receive_oldest(connection)
            handled = True
        if self._sent and not handled and connection.timeout is not None:
            last = max(self._sent[0].sent_at, connection.received_at or 0.0)
            if self._clock() - last > connection.timeout:
                raise TimeoutError("Timeout reading from socket")
        return handled

    def _has_arrived(self, connection: Connection, batch: _Batch) -> bool:
        """Read replies to a batch as far as they have come. True if these are all."""
        self._is_torn = True
        while len(batch.replies) < len(batch.calls):
            reply = connection.read_if_complete()
            if reply is NOT_YET:
                break
            if not batch.replies and connection.received_at is not None:
                self.pacing.answered(connection.received_at - batch.sent_at)
            batch.replies.append(reply)
        self._is_torn = False
        return len(batch.replies) == len(batch.calls)

    def _read_rest(self, connection: Connection, batch: _Batch) -> None:
        """Wait for the replies to a batch that have not come yet."""
        self._is_torn = True
        batch.replies += [connection.read() for _ in range(len(batch.calls) - len(batch.replies))]
        self._is_torn = False

    def _receive_oldest(self, connection: Connection) -> None:
        """Wait for the replies to the oldest batch, and handle them. Raises as `receive`."""
        problem = self._settle_oldest(connection)
        if problem is not None:
            self.receive_rest(connection)
            raise problem

    def receive_rest(self, connection: Connection | None) -> None:
        """Before a connection that works is closed: handle the replies to all that was sent.

        What Redis has carried out must not be sent again, and jobs that were taken should run. It raises nothing, since
        the caller has a problem already.

        It does nothing if an exception, such as one that was thrown into this thread, cut off the sending or reading.
        Then some replies will never come, and none can be told from the next.
        """
        with contextlib.suppress(Exception):
            while self._sent and connection is not None and not self._is_torn:
                self._settle_oldest(connection)

    def _settle_oldest(self, connection: Connection) -> Exception | None:
        batch = self._sent[0]
        self._read_rest(connection, batch)
        if NoScriptError in map(type, batch.replies):
            self._repair(connection, batch)
        self._sent.popleft()
        self.runs.difference_update(batch.runs)
        problem = self._handle(batch.calls, batch.replies)
        for call in batch.when_answered:
            call()
        return problem

    def _repair(self, connection: Connection, oldest: _Batch) -> None:
        """Redis did not know a script: load all, and repeat what was refused, of all batches in order."""
        newer = list(self._sent)[1:]
        for batch in newer:  # before the repair, which sends and reads in its turn
            self._read_rest(connection, batch)
        for batch in newer:
            oldest.append(batch)
        self._sent = deque([oldest])
        self._is_torn = True
        oldest.replies = scripts.repaired(connection, [call.command for call in oldest.calls], oldest.replies)
        self._is_torn = False

    def finish(self, connection: Connection) -> None:
        """Wait for the replies to everything that was sent, and handle them."""
        while self._sent:
            self._receive_oldest(connection)

    def run(self, connection: Connection, calls: Sequence[Call]) -> None:
        """Send calls, and handle the replies to these and all earlier ones."""
        self.send(connection, calls)
        self.finish(connection)

    def _handle(self, calls: Sequence[Call], replies: Sequence[Any]) -> Exception | None:
        """Handle replies. Returns the refusal if Redis refused one for a while, or what handling a reply raised."""
        problem: Exception | None = None
        refused: list[Call] = []
        for call, reply in zip(calls, replies, strict=True):
            if isinstance(reply, ResponseError):
                if is_transient(reply):
                    problem = refusal(reply)
                    refused.append(call)
                    continue
                if len(call.reports) > 1:  # one of them may be the reason, so each is sent again alone
                    for report in call.reports:
                        report.alone = True
                    self._outbox.keep(call.reports, sent=False)
                    continue
            try:
                call.answered(reply)
            except Exception as error:  # the other replies have been read, and must be handled too
                problem = error
        if refused:
            self.drop(refused, sent=True)
        return problem

    def give_up(self) -> None:
        """Drop all that was sent and not answered: the connection is broken, and Redis may have carried it out."""
        batches = list(self._sent)
        self._sent.clear()
        self._is_torn = False
        self.runs.clear()
        self.drop([call for batch in batches for call in batch.calls], sent=True)
        for batch in batches:
            for call in batch.when_answered:
                call()

    def drop(self, calls: Sequence[Call], *, sent: bool = False) -> None:
        """Drop calls; the reports among them go back to the outbox. `sent`: Redis may have carried them out."""
        reports: list[Report] = []
        for call in calls:
            call.dropped(sent=sent)
            reports += call.reports
        self._outbox.keep(reports, sent=sent)
