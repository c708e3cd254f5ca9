"""What this process knows of the others under its prefix: their versions, and whether one speaks a newer protocol.

- keeps the versions that were seen last, for `queue.health()`
- reports a newer protocol once, since this process leaves alone whatever such a process holds
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from kue.common.error_reporter import ErrorReporter
from kue.errors import NewerProtocol
from kue.store.worker_id import PROTOCOL, is_newer, protocol_of


class Fleet:
    """For any thread."""

    def __init__(self, error_reporter: ErrorReporter) -> None:
        self._error_reporter = error_reporter
        self._lock = threading.RLock()
        self.versions: Mapping[str, int] = {}
        self.newer_protocols: set[int] = set()

    @property
    def size(self) -> int:
        """How many processes worked under the prefix when this one last looked; at least 1."""
        return max(1, sum(self.versions.values()))

    def is_newer(self, process: str) -> bool:
        """Whether a process speaks a higher protocol than this one. The first of each protocol is reported."""
        if not is_newer(process):
            return False
        protocol = protocol_of(process)
        with self._lock:
            known = protocol in self.newer_protocols
            self.newer_protocols.add(protocol)
        if not known:
            self._error_reporter.warn(NewerProtocol(process, protocol, PROTOCOL))
        return True

    def seen(self, versions: Mapping[str, int], newer: Iterable[str]) -> None:
        """Note how many working processes there are of each version, and report new protocols among `newer`."""
        self.versions = versions
        for process in newer:
            self.is_newer(process)
