"""The round trips of the I/O thread: while Redis works on one batch, the next is on its way.

While replies are outstanding, jobs may have been taken that are not started yet, for slots that are still empty. So a
caller that compares runs and slots with Redis calls `finish` first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

from kue.connection.connection import Connection
from kue.connection.pool import is_transient, refusal
from kue.store import scripts
from kue.store.transitions import Transitions
from kue.worker.io.calls import Call, Report
from kue.worker.io.outbox import Outbox
from kue.worker.io.reports import merge_completions
from kue.worker.run import Run


class Pipeline:
    """For the I/O thread. Reports without an answer, or refused for a while, go back to the outbox."""

    def __init__(self, outbox: Outbox, transitions: Transitions) -> None:
        self._outbox = outbox
        self._transitions = transitions
        self._sent: deque[list[Call]] = deque()

    @property
    def outstanding(self) -> int:
        """How many batches were sent whose replies were not read yet."""
        return len(self._sent)

    @property
    def runs(self) -> set[Run]:
        """The runs with a report on its way, which no later one must overtake."""
        if not self._sent:
            return set()
        return {report.run for batch in self._sent for call in batch for report in call.reports}

    def send(self, connection: Connection, calls: Sequence[Call]) -> None:
        """Send calls, with their completions merged. Raises what breaks the connection."""
        batch = merge_completions(calls, self._transitions)
        self._sent.append(batch)
        connection.send([call.command for call in batch])

    def receive(self, connection: Connection) -> None:
        """Wait for the replies to the oldest batch, and handle them.

        Raises what breaks the connection, the refusal if Redis refuses for a while, and what handling a reply raises.
        After a refusal or an error, the caller closes the connection. So the replies to all newer batches are handled
        first: what Redis carried out must not be sent again.
        """
        problem = self._receive_oldest(connection)
        while problem is not None and self._sent:
            self._receive_oldest(connection)
        if problem is not None:
            raise problem

    def _receive_oldest(self, connection: Connection) -> Exception | None:
        batch = self._sent[0]
        replies = [connection.read() for _ in batch]
        if NoScriptError in map(type, replies):
            newer = [call for batch in list(self._sent)[1:] for call in batch]
            replies += [connection.read() for _ in newer]  # `repaired` sends and reads in its turn
            batch = batch + newer
            self._sent = deque([batch])
            replies = scripts.repaired(connection, [call.command for call in batch], replies)
        self._sent.popleft()
        return self._handle(batch, replies)

    def finish(self, connection: Connection) -> None:
        """Wait for the replies to everything that was sent, and handle them."""
        while self._sent:
            self.receive(connection)

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
        calls = [call for batch in self._sent for call in batch]
        self._sent.clear()
        self.drop(calls, sent=True)

    def drop(self, calls: Sequence[Call], *, sent: bool = False) -> None:
        """Drop calls; the reports among them go back to the outbox. `sent`: Redis may have carried them out."""
        reports: list[Report] = []
        for call in calls:
            call.dropped(sent=sent)
            reports += call.reports
        self._outbox.keep(reports, sent=sent)
