"""Operations on many jobs: each walks its jobs on a thread of its own, and can be looked at and stopped.

They live in the process that took them, and the last hundred are kept.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from kue.common.flag import Flag
from kue.errors import KueError
from kue.web.many import Change, NotDone
from kue.web.refused import Refused

logger = logging.getLogger("kue.web")
MAX_KEPT = 100
MAX_AT_ONCE = 4
MAX_NAMED = 1000
"""So many jobs that were not done are named; the others are only counted."""
_BATCH = 100
State = Literal["running", "done", "stopped", "failed"]


@dataclass
class Operation:
    """One operation. `total` is how many jobs it has; None if only the walk will tell."""

    id: str
    action: str
    total: int | None
    started_at: int
    user: str = ""
    state: State = "running"
    seen: int = 0
    done: int = 0
    not_done: int = 0
    named: list[NotDone] = field(default_factory=list)
    error: str | None = None
    ended_at: int | None = None
    stopping: Flag = field(default_factory=Flag, repr=False)

    def note(self, batch: Sequence[int], failures: Iterable[NotDone]) -> None:
        """A batch was walked, of which some jobs were not done."""
        found = list(failures)
        self.seen += len(batch)
        self.done += len(batch) - len(found)
        self.not_done += len(found)
        self.named += found[: MAX_NAMED - len(self.named)]


class Operations:
    """The operations of one app. Any thread may call. `clock` gives the time in ms."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._kept: OrderedDict[str, Operation] = OrderedDict()

    def start(self, action: str, ids: Iterable[int], change: Change, total: int | None, user: str = "") -> Operation:
        """Begin an operation. Raises `Refused` (429) if too many are under way."""
        operation = Operation(secrets.token_hex(8), action, total, self._clock(), user)
        with self._lock:
            if sum(one.state == "running" for one in self._kept.values()) >= MAX_AT_ONCE:
                raise Refused(
                    429, f"{MAX_AT_ONCE} operations are under way; wait for one, or stop it", {"Retry-After": "1"}
                )
            self._kept[operation.id] = operation
            while len(self._kept) > MAX_KEPT:
                self._drop_oldest()
        arguments = (operation, iter(ids), change)
        threading.Thread(target=self._run, args=arguments, name="kue-operation", daemon=True).start()
        return operation

    def get(self, id: str) -> Operation:
        """An operation. Raises `Refused` (404) if this process has none of that id."""
        with self._lock:
            found = self._kept.get(id)
        if found is None:
            raise Refused(404, "this process has no such operation: it ended long ago, or another process has it")
        return found

    def all(self) -> list[Operation]:
        """Those that are kept, the newest first."""
        with self._lock:
            return list(reversed(self._kept.values()))

    def _drop_oldest(self) -> None:
        ended = next((id for id, one in self._kept.items() if one.state != "running"), None)
        if ended is not None:
            del self._kept[ended]

    def _run(self, operation: Operation, ids: Iterator[int], change: Change) -> None:
        state: State = "failed"
        try:
            while not operation.stopping.is_set() and (batch := list(islice(ids, _BATCH))):
                operation.note(batch, change(batch))
            state = "stopped" if operation.stopping.is_set() else "done"
        except KueError as problem:
            operation.error = str(problem)
        except Exception as problem:
            logger.exception("operation %s (%s) broke off", operation.id, operation.action)
            operation.error = f"an error in the server: {type(problem).__name__}"
        finally:
            # The state comes last: who sees that the operation has ended also sees when and why.
            operation.ended_at = self._clock()
            operation.state = state
