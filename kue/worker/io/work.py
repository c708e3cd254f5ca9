"""What the I/O loop asks of the fetcher: the interface between the two."""

from __future__ import annotations

from typing import Protocol

from kue.connection.connection import Connection
from kue.worker.io.calls import Call, Report
from kue.worker.io.idle import TokenListener


class Work(TokenListener, Protocol):
    """The jobs that the loop takes and reports for."""

    def ended(self, report: Report) -> None:
        """A report that ends its run is about to be sent: the slot is free."""

    def takes(self) -> list[Call]:
        """What to send besides the reports: requests for jobs, tokens to give back, checks of runs."""

    def idle_types(self) -> set[str]:
        """The types whose free slots wait for a token."""

    @property
    def wants_more(self) -> bool:
        """Whether `takes` would ask for jobs."""

    in_doubt: bool
    """Whether a take may have succeeded though its reply was lost. Checked once all reports are written."""

    def find_orphans(self, connection: Connection) -> None:
        """Put back jobs that were taken without this process learning of it, and take from every queue again."""
