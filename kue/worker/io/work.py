"""What the I/O loop serves: the interface between it and the fetcher."""

from __future__ import annotations

from typing import Protocol

from kue.connection.connection import Connection
from kue.worker.io.calls import Call, Report
from kue.worker.io.idle import TokenListener


class Work(TokenListener, Protocol):
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
    """Whether a take may have succeeded though its answer was lost; looked at when all reports are written."""

    def find_orphans(self, connection: Connection) -> None:
        """Put back what was taken without this process learning of it, and look at every queue again."""
