"""What the limit of open files leaves room for: connections of clients, and live streams among them."""

from __future__ import annotations

from typing import NamedTuple

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

_MAX_CONNECTIONS = 1000
_MIN_CONNECTIONS = 16
_MAX_BACKLOG = 64
_OTHER_FILES = 96  # above all the connections to Redis: those of the queue, and those of the app


class Room(NamedTuple):
    """How many files clients may have.

    - `backlog`: so many connections are accepted in one go, before it is looked at how many there are
    - `connections`: so many stay, besides those
    """

    backlog: int
    connections: int

    @property
    def streams(self) -> int:
        """How many of the connections may be live streams, which are never closed for another connection."""
        return self.connections // 2


def room() -> Room:
    """The room that the limit of open files of this process leaves."""
    files = _limit()
    if files is None:
        return Room(_MAX_BACKLOG, _MAX_CONNECTIONS)
    left = max(2 * _MIN_CONNECTIONS, files - _OTHER_FILES)
    backlog = min(_MAX_BACKLOG, left // 2)
    return Room(backlog, min(_MAX_CONNECTIONS, left - backlog))


def _limit() -> int | None:
    if resource is None:
        return None
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if files == resource.RLIM_INFINITY else files
