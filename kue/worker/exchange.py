"""The round trips of the I/O thread: while Redis works on one batch, the replies to the last are dealt with.

Until then jobs that were taken are not started, and slots that were asked for not filled: whoever looks at runs and
slots calls `receive` and `settle` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.store import scripts
from kue.store.connection import is_passing, refusal
from kue.store.link import Link
from kue.store.transitions import Transitions
from kue.worker.calls import Call
from kue.worker.outbox import Outbox
from kue.worker.reports import Report, merged


class Exchange:
    """For the I/O thread. Reports that get no answer, or none that stands, go back to the outbox."""

    def __init__(self, outbox: Outbox, transitions: Transitions) -> None:
        self._outbox = outbox
        self._transitions = transitions
        self._sent: list[Call] = []
        self._replies: list[tuple[Call, Any]] = []

    @property
    def pending(self) -> bool:
        """Whether there are replies that were not yet dealt with."""
        return bool(self._replies)

    def run(self, link: Link, calls: Sequence[Call]) -> None:
        """Send calls, deal with the replies to the last ones, and wait for those to these."""
        self.send(link, calls)
        self.settle_or_raise()
        self.receive(link)

    def send(self, link: Link, calls: Sequence[Call]) -> None:
        """Send calls, all completions among them as one; `receive` is to follow. Raises what breaks the connection."""
        self._sent = merged(calls, self._transitions)
        try:
            link.send([call.command for call in self._sent])
        except BaseException:
            self._drop_sent()
            raise

    def receive(self, link: Link) -> None:
        """Wait for the replies to what was sent, which are dealt with by the next `settle`.

        Replies that refuse something are dealt with at once: what was refused goes again before anything newer.
        Raises what breaks the connection, and what `settle` gives.
        """
        if not self._sent:
            return
        try:
            replies = scripts.repaired(link, [call.command for call in self._sent], [link.read() for _ in self._sent])
        except BaseException:
            self._drop_sent()
            raise
        self._replies += zip(self._sent, replies, strict=True)
        self._sent = []
        if any(isinstance(reply, ResponseError) for reply in replies):
            self.settle_or_raise()

    def _drop_sent(self) -> None:
        """These may have been carried out, or not."""
        calls, self._sent = self._sent, []
        self.drop(calls, sent=True)

    def settle_or_raise(self) -> None:
        """As `settle`, and raises what went wrong."""
        trouble = self.settle()
        if trouble is not None:
            raise trouble

    def settle(self) -> Exception | None:
        """Deal with the replies that are there; gives the last thing that went wrong, if anything did."""
        replies, self._replies = self._replies, []
        trouble: Exception | None = None
        refused: list[Call] = []
        for call, reply in replies:
            if isinstance(reply, ResponseError):
                if is_passing(reply):
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
            self.drop(refused)
            for call in refused:
                for report in call.reports:
                    report.in_doubt = True
        return trouble

    def give_up(self) -> None:
        """The connection is of no use any more: deal with the replies there are, and expect no others."""
        self.settle()
        self._drop_sent()

    def drop(self, calls: Sequence[Call], *, sent: bool = False) -> None:
        """These come to nothing, and what they report is reported another time."""
        reports: list[Report] = []
        for call in calls:
            call.dropped()
            reports += call.reports
        self._outbox.keep(reports, sent=sent)
