"""How much of the machine others used meanwhile, for figures that are taken beside other work."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks import usage

QUIET = 0.06  # of all cores; above it a figure is not trusted
LOOK = 1.0


def others_share(seconds: float = LOOK) -> float:
    """The share of all cores that others use now, measured for some seconds."""
    watch = Watcher()
    time.sleep(seconds)
    return watch.others()


class Watcher:
    """From its making on: what share of all cores was used by processes that are not ours."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._before = _busy() - _ours()

    def others(self) -> float:
        """The share so far; ours are this process and its children."""
        cores = os.cpu_count() or 1
        used = _busy() - _ours() - self._before
        return max(0.0, used / (time.monotonic() - self._began) / cores)


def wait_for_quiet(patience: float) -> None:
    """Return when others leave the machine alone, or after so many seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and others_share() > QUIET:
        pass


def _busy() -> float:
    """Seconds of CPU used by everybody since the machine started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / usage.TICK


def _ours() -> float:
    return usage.cpu_of_tree(os.getpid())
