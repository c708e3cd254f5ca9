"""What a worker process serves, and how it stops its queues."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from kue.errors import ShutdownInProgress
from kue.queue.queue import Queue, queues
from kue.worker.intake import QUIET, intake


@dataclass(frozen=True, slots=True)
class Stopping:
    """How a process stops: how long running jobs have (seconds), and whether the others go back to their queue."""

    timeout: float
    requeue: bool

    def __str__(self) -> str:
        then = "go back to the queue" if self.requeue else "fail"
        return f"running jobs have {self.timeout:g} s, then they {then}"


AT_ONCE = Stopping(0.0, requeue=True)


@dataclass(frozen=True, slots=True)
class Serving:
    """What one process serves.

    `types` has the number of slots of each type; one that types share counts for each. `address` is without password.
    """

    pid: int
    types: dict[str, int]
    address: str
    prefix: str
    embedded: bool

    @classmethod
    def of(cls, queue: Queue) -> Serving:
        return cls(
            os.getpid(),
            dict(Counter(type for worker in queue.workers for type in worker.types)),
            str(queue.runtime.store.connections.address),
            queue.options.prefix,
            queue.owns_server,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def slots(self) -> str:
        """Every type with its number of slots, as one line."""
        return ", ".join(f"{type} ({count} {'slot' if count == 1 else 'slots'})" for type, count in self.types.items())

    @property
    def location(self) -> str:
        return f"{self.address}, prefix {self.prefix}"


def become_quiet() -> bool:
    """Take no more jobs in this process, and let those that run finish. Returns whether it is new."""
    return intake.close(QUIET)


def running_jobs() -> int:
    """How many jobs this process is running."""
    return sum(worker.job is not None for queue in _working_queues() for worker in queue.workers)


def stop_all(stopping: Stopping) -> None:
    """Shut down every queue of this process that has handlers, since a module may have more than the one it names.

    All of them stop at once: while one waits for its handlers, another takes no more jobs.
    """

    def stop(queue: Queue) -> None:
        with contextlib.suppress(ShutdownInProgress):  # the application shuts it down itself
            queue.shutdown(1000 * stopping.timeout, requeue=stopping.requeue)

    threads = [threading.Thread(target=stop, args=[queue], name="kue-stop") for queue in _working_queues()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _working_queues() -> list[Queue]:
    return [queue for queue in queues.running if queue.workers and not queue.is_shut_down]
