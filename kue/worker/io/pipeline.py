"""The round trips of the I/O thread: while Redis works on one batch, the next is on its way.

Until the replies to all of them were dealt with, jobs that were taken are not started, and slots that were asked for
not filled: whoever looks at runs and slots calls `finish` first.
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
from kue.worker.io.reports import merged
from kue.worker.run import Run


class Pipeline:
    """For the I/O thread. Reports that get no answer, or none that stands, go back to the outbox."""

    def __init__(self, outbox: Outbox, transitions: Transitions) -> None:
        self._outbox = outbox
        self._transitions = transitions
        self._sent: deque[list[Call]] = deque()

    @property
    def outstanding(self) -> int:
        """How many batches were sent whose replies were not read."""
        return len(self._sent)

    @property
    def runs(self) -> set[Run]:
        """The runs that have a report on its way, which no other must overtake."""
        if not self._sent:
            return set()
        return {report.run for batch in self._sent for call in batch for report in call.reports}

    def send(self, connection: Connection, calls: Sequence[Call]) -> None:
        """Send calls, all completions among them as one. Raises what breaks the connection."""
        batch = merged(calls, self._transitions)
        self._sent.append(batch)
        connection.send([call.command for call in batch])

    def receive(self, connection: Connection) -> None:
        """Wait for the replies to the oldest batch, and deal with them.

        Raises what breaks the connection, what Redis refuses for now, and what goes wrong with a reply.
        """
        batch = self._sent[0]
        replies = [connection.read() for _ in batch]
        if NoScriptError in map(type, replies):
            newer = [call for batch in list(self._sent)[1:] for call in batch]
            replies += [connection.read() for _ in newer]  # what repairs is an exchange of its own
            batch = batch + newer
            self._sent = deque([batch])
            replies = scripts.repaired(connection, [call.command for call in batch], replies)
        self._sent.popleft()
        self._deal_with(batch, replies)

    def finish(self, connection: Connection) -> None:
        """Deal with the replies to everything that was sent."""
        while self._sent:
            self.receive(connection)

    def run(self, connection: Connection, calls: Sequence[Call]) -> None:
        """Send calls, and deal with the replies to them and all before them."""
        self.send(connection, calls)
        self.finish(connection)

    def _deal_with(self, calls: Sequence[Call], replies: Sequence[Any]) -> None:
        trouble: Exception | None = None
        refused: list[Call] = []
        for call, reply in zip(calls, replies, strict=True):
            if isinstance(reply, ResponseError):
                if is_transient(reply):
                    trouble = refusal(reply)
                    refused.append(call)
                    continue
                if len(call.reports) > 1:  # one of them may be refused for all, so each goes again for itself
                    for report in call.reports:
                        report.alone = True
                    self._outbox.keep(call.reports, sent=False)
                    continue
            try:
                call.answered(reply)
            except Exception as problem:  # the other replies have been read, and count
                trouble = problem
        if refused:
            self.drop(refused, sent=True)
        if trouble is not None:
            raise trouble

    def give_up(self) -> None:
        """The connection is of no use any more: what was sent and not answered may have been carried out, or not."""
        calls = [call for batch in self._sent for call in batch]
        self._sent.clear()
        self.drop(calls, sent=True)

    def drop(self, calls: Sequence[Call], *, sent: bool = False) -> None:
        """These come to nothing, and what they report is reported another time."""
        reports: list[Report] = []
        for call in calls:
            call.dropped()
            reports += call.reports
        self._outbox.keep(reports, sent=sent)
