"""Reads from /proc (Linux) how much CPU and memory processes have used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def tree(pid: int) -> Iterator[int]:
    """A process and all its descendants."""
    yield pid
    for task in _children_files(pid):
        for child in task.split():
            yield from tree(int(child))


def _children_files(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                yield (task / "children").read_text()


def cpu_of_tree(pid: int) -> float:
    """Seconds of CPU of a process and its children, those that have ended included; in steps of about 10 ms."""
    total = 0
    for one in tree(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15])
    return total / TICKS_PER_SECOND


def cpu_of_threads(pid: int) -> float:
    """Seconds of CPU of the threads that a process and its children have now, to the nanosecond."""
    total = 0
    for one in tree(pid):
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                with suppress(OSError):
                    total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_of_tree(pid: int) -> float:
    """Resident memory in MB of a process and its children. Memory that they share counts once for each."""
    pages = 0
    for one in tree(pid):
        with suppress(OSError):
            pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
    return pages * PAGE_BYTES / 1e6
