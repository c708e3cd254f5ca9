"""What happened to each job, read from Redis's append-only file: every write in its order, across kills and restarts.

It is written by the server alone, and knows of every transition, whichever process made it
and whether its reply arrived or not.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hiredis

from tests.chaos.record import is_python

_CHUNK = 1 << 20
REMOVED = "removed"


@dataclass(slots=True)
class Step:
    """One transition: the state gone to, the worker that has or had the job, and how it came about.

    `ghost`: put back because its worker was lost. `error`: written with the state, as a failed attempt of Python's is.
    `at`: the time written with it, by the clock of the process that did it; 0 if there is none, as with Node's.
    """

    state: str
    worker: str
    ghost: bool = False
    error: str = ""
    at: int = 0


@dataclass(slots=True)
class Batch:
    """Lines that one transaction added to a job's log, and the worker that had the job then ('' if none had it)."""

    holder: str
    lines: list[str]


class Job:
    """The steps of one job, and its log."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.fields: dict[str, str] = {}
        self.saved_with: frozenset[str] = frozenset()  # the fields that were there when it first had a state
        self.batches: list[Batch] = []
        self.changed_by_node = False
        self.told_after: int | None = None  # how many steps there were when its run was cancelled last
        self._ghost = False
        self._transaction = 0

    def write(self, fields: dict[str, str]) -> None:
        self._ghost = self._ghost or "py_ghosts" in fields
        if "py_cancel" in fields:
            self.told_after = len(self.steps)
        state = fields.get("state")
        self.changed_by_node = self.changed_by_node or self._is_of_node(fields)
        before = self.fields.get("workerId", "")
        self.fields |= fields
        if state is not None:
            self.saved_with = self.saved_with or frozenset(self.fields)
            worker, at = fields.get("workerId", before), int(fields.get("updated_at", 0))
            self.steps.append(Step(state, worker, self._ghost, fields.get("error", ""), at))
            self._ghost = False

    def _is_of_node(self, fields: dict[str, str]) -> bool:
        """Whether Node's ttl checker failed it, or its promoter came late: to a job that had left `delayed` meanwhile.

        Node writes one field at a time. Python writes a state with its time.
        """
        before, state = self.fields.get("state", "delayed"), fields.get("state", "active")
        is_alone = len(fields) == 1 and not self._ghost
        return is_alone and ("error" in fields or (before != "delayed" and state != "active"))

    def log(self, lines: list[str], transaction: int) -> None:
        if not self.batches or self._transaction != transaction:
            holder = self.fields.get("workerId", "") if self.fields.get("state") == "active" else ""
            self.batches.append(Batch(holder, []))
            self._transaction = transaction
        self.batches[-1].lines += lines

    def remove(self) -> None:
        self.steps.append(Step(REMOVED, self.fields.get("workerId", "")))

    @property
    def ends(self) -> list[Step]:
        """The transitions that ended it. Node passes through `failed` on its way to the next attempt."""
        found = []
        steps = [
            step
            for i, step in enumerate(self.steps)
            if i == 0 or is_python(step.worker) or step != self.steps[i - 1]  # Node repeats itself
        ]
        for i, step in enumerate(steps):
            follows = steps[i + 1].state if i + 1 < len(steps) else ""
            before = steps[i - 1].state if i else ""
            is_end = (
                step.state == "complete"
                or (step.state == "failed" and follows not in ("inactive", "delayed"))
                or (step.state == REMOVED and before != "complete")
            )
            if is_end:
                found.append(step)
        return found

    @property
    def workers(self) -> list[str]:
        """The workers that had it, in order."""
        return [step.worker for step in self.steps if step.state == "active"]


def read(directory: Path, prefix: str = "q") -> dict[int, Job]:
    """The history of every job under a prefix, from the files in `directory`."""
    jobs: dict[int, Job] = defaultdict(Job)
    head = f"{prefix}:job:".encode()
    for transaction, command in _transactions(directory):
        name = command[0].upper()
        if name in (b"HSET", b"HMSET", b"HINCRBY") and command[1].startswith(head):
            id = command[1][len(head) :]
            if id.isdigit() and name == b"HINCRBY":
                jobs[int(id)].changed_by_node = True  # so it counts attempts; Python writes them with the state
            elif id.isdigit():
                jobs[int(id)].write({_text(f): _text(v) for f, v in zip(command[2::2], command[3::2], strict=True)})
        elif name == b"RPUSH" and command[1].startswith(head) and command[1].endswith(b":log"):
            id = command[1][len(head) : -len(b":log")]
            if id.isdigit():
                jobs[int(id)].log([_text(line) for line in command[2:]], transaction)
        elif name in (b"DEL", b"UNLINK"):
            for key in command[1:]:
                id = key[len(head) :]
                if key.startswith(head) and id.isdigit() and int(id) in jobs:
                    jobs[int(id)].remove()
    return dict(jobs)


def _transactions(directory: Path) -> Iterator[tuple[int, list[Any]]]:
    """Every command with the number of its transaction: what a script writes is one."""
    number, is_open = 0, False
    for command in commands(directory):
        name = command[0].upper()
        if name in (b"MULTI", b"EXEC"):
            is_open = name == b"MULTI"
        number += not is_open or name == b"MULTI"
        yield number, command


def commands(directory: Path) -> Iterator[list[Any]]:
    """Every write, in its order, from the files in `directory`."""
    files = (directory / "appendonlydir").glob("*.incr.aof")
    for path in sorted(files, key=lambda path: int(path.name.split(".")[-3])):
        reader = hiredis.Reader()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                reader.feed(chunk)
                while (command := reader.gets()) is not False:
                    yield command


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
