"""The record outside Redis: one file that every process appends to, a line for each thing that happened.

A line is written with one system call to a file opened for appending, so that lines of many processes do not mix, and
what a process wrote stays when it is killed. Node writes the same lines (see `NODE_HANDLER` in fleet.py).
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

AT_THE_END = "closed at the end"  # the last fate of a process that lives so long


@dataclass(frozen=True, slots=True)
class Line:
    """`what`: start, reported, end, raise, cancel (a handler's run), acked, doubt (a save), error (an event), fate
    (what is about to be done to a process, or to all of them), over (a disturbance is)."""

    at: int
    what: str
    id: int | None
    worker: str
    facts: dict[str, Any]

    @property
    def pid(self) -> int:
        """The process of the worker that wrote this."""
        return pid_of(self.worker)


@dataclass(slots=True)
class Run:
    """What one handler wrote of its run; `reported` holds the moment after each line that it reported."""

    started: int | None = None
    reported: list[int] = field(default_factory=list)
    returned: Line | None = None
    was_cancelled: bool = False

    def add(self, line: Line) -> None:
        if line.what == "start":
            self.started = line.at if self.started is None else self.started
        elif line.what == "reported":
            self.reported.append(line.at)
        elif line.what in ("end", "raise"):
            self.returned = line
        elif line.what == "cancel":
            self.was_cancelled = True


class Record:
    """Appends lines. Any thread of any process."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, what: str, id: int | None = None, worker: str | None = "", **facts: Any) -> None:
        line = {"at": time.time_ns() // 1_000_000, "what": what, "id": id, "worker": worker, **facts}
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def read(self) -> Iterator[Line]:
        """Every line so far, in the order they were written."""
        with self.path.open() as lines:
            for text in lines:
                line = json.loads(text)
                at, what, id, worker = (line.pop(name) for name in ("at", "what", "id", "worker"))
                yield Line(at, what, id, worker or "", line)

    def close(self) -> None:
        os.close(self._file)


def pid_of(worker: str) -> int:
    """The process id in a worker id, Python's (`pid-nonce`) or Node's; 0 if there is none."""
    parts = worker.split(":")
    number = parts[2].partition("-")[0] if len(parts) > 2 else ""
    return int(number) if number.isdigit() else 0


def is_python(worker: str) -> bool:
    """Whether a worker id is a Python worker's."""
    parts = worker.split(":")
    return len(parts) > 2 and "-" in parts[2]
