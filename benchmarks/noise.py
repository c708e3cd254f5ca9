"""Measures how much of the machine other programs use during a measurement."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks import usage

QUIET_SHARE = 0.06  # of all cores; above it a figure is not trusted
CHECK_SECONDS = 1.0


def others_share(seconds: float = CHECK_SECONDS) -> float:
    """The share of all cores that other programs use now, measured for some seconds."""
    watcher = Watcher()
    time.sleep(seconds)
    return watcher.others()


class Watcher:
    """Measures, from its creation on, the share of all cores that other programs use."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._before = _busy() - _ours()

    def others(self) -> float:
        """The share so far. This process and its children do not count."""
        cores = os.cpu_count() or 1
        used = _busy() - _ours() - self._before
        return max(0.0, used / (time.monotonic() - self._began) / cores)


def wait_for_quiet(max_seconds: float) -> None:
    """Return when other programs use little of the machine, or after `max_seconds`."""
    deadline = time.monotonic() + max_seconds
    while time.monotonic() < deadline and others_share() > QUIET_SHARE:
        pass


def _busy() -> float:
    """Seconds of CPU that all processes have used since the machine started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / usage.TICKS_PER_SECOND


def _ours() -> float:
    return usage.cpu_of_tree(os.getpid())
