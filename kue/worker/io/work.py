"""What the I/O loop asks of the fetcher: the interface between the two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kue.connection.connection import Connection
from kue.worker.io.calls import Call, Report
from kue.worker.io.idle import TokenListener
from kue.worker.run import Run


class Work(TokenListener, Protocol):
    """The jobs that the loop takes and reports for."""

    def ended(self, report: Report) -> None:
        """A report that ends its run is about to be sent: the slot is free."""

    def ttl_changed(self, run: Run) -> None:
        """The handler of a run set another ttl."""

    def takes(self, now: int) -> list[Call]:
        """What to send `now` besides the reports: requests for jobs, tokens to give back, checks of runs."""
        ...

    def idle_types(self) -> set[str]:
        """The types whose free slots wait for a token."""
        ...

    @property
    def wants_more(self) -> bool:
        """Whether `takes` would ask for jobs."""
        ...

    def reconnected(self) -> None:
        """There is another connection. Tokens and replies may have been lost with the one before."""

    def finish(self, connection: Connection, is_given_up: Callable[[], bool]) -> None:
        """The loop ends: do what must be done before the process leaves, unless it has no time left."""
