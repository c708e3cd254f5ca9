"""The round trips of the I/O thread: while Redis works on one batch, the replies to the last are dealt with.

Until then jobs that were taken are not started, and slots that were asked for not filled: whoever looks at runs and
slots calls `settle` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.store import scripts
from kue.store.connection import is_passing, refusal
from kue.store.link import Link
from kue.worker.calls import Call, Report
from kue.worker.outbox import Outbox


class Exchange:
    """For the I/O thread. Reports that get no answer, or none that stands, go back to the outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._replies: list[tuple[Call, Any]] = []

    @property
    def pending(self) -> bool:
        """Whether there are replies that were not yet dealt with."""
        return bool(self._replies)

    def run(self, link: Link, calls: Sequence[Call]) -> None:
        """Send calls and wait for their replies, which are dealt with by the next `run` or `settle`.

        Replies that refuse something are dealt with at once: what was refused goes again before anything newer.
        Raises what breaks the connection, and what `settle` gives.
        """
        commands = [call.command for call in calls]
        try:
            link.send(commands)
            self.settle_or_raise()
            replies = scripts.repaired(link, commands, [link.read() for _ in commands])
        except BaseException:
            self.drop(calls, sent=True)
            raise
        self._replies = list(zip(calls, replies, strict=True))
        if any(isinstance(reply, ResponseError) for reply in replies):
            self.settle_or_raise()

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
            if isinstance(reply, ResponseError) and is_passing(reply):
                trouble = refusal(reply)
                refused.append(call)
                continue
            try:
                call.answered(reply)
            except Exception as problem:  # the other replies have been read, and count
                trouble = problem
        if refused:
            self.drop(refused)
            for call in refused:
                if isinstance(call, Report):
                    call.in_doubt = True
        return trouble

    def drop(self, calls: Sequence[Call], *, sent: bool = False) -> None:
        """These come to nothing, and what they report is reported another time."""
        reports = [call for call in calls if isinstance(call, Report)]
        for call in calls:
            call.dropped()
        self._outbox.keep(reports, sent=sent)
