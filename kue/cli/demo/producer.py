"""Creates the planned jobs when they are due, in Python or through the Node producer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import kue_send
from kue import Job
from kue.cli.demo.node import NodeSide
from kue.cli.demo.plan import Planned

_MAX_JOBS_PER_CALL = 500  # so that the display is drawn between two calls


class Producer:
    """Call `add` for jobs to create, then `create_due` in a loop."""

    def __init__(
        self,
        queue: kue_send.Queue,
        node: NodeSide | None,
        created: Callable[[int, str], object],
    ) -> None:
        self._queue = queue
        self._node = node
        self._on_created = created
        self._waiting: list[Planned] = []
        self.promises: list[tuple[Planned, kue_send.Promise]] = []

    def add(self, jobs: Sequence[Planned]) -> None:
        """Add jobs to create, in the order of their time."""
        self._waiting = [*self._waiting, *jobs]

    def create_due(self, elapsed: float) -> None:
        """Create the jobs that are due after `elapsed` seconds, a few hundred at most. Raises what `save` raises."""
        due = [job for job in self._waiting if job.at <= elapsed][:_MAX_JOBS_PER_CALL]
        self._waiting = self._waiting[len(due) :]
        plain = [job for job in due if job.maker == "python" and not job.promises]
        jobs = [self._queue.create(job.type, job.data, **job.options) for job in plain]
        for planned, job in zip(plain, self._queue.save_all(jobs), strict=True):
            self._note_created(planned, job)
        for planned in due:
            if planned.promises:
                promise = self._queue.create(planned.type, planned.data, **planned.options).promise()
                self._note_created(planned, promise.job)
                self.promises.append((planned, promise))
            elif planned.maker == "node" and self._node is not None:
                self._node.create(planned)

    def _note_created(self, planned: Planned, job: Job) -> None:
        planned.id = job.id
        self._on_created(job.id or 0, job.type)

    @property
    def settled(self) -> int:
        """How many promises are settled."""
        return sum(promise.done() for _, promise in self.promises)
