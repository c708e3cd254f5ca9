"""Creates the planned jobs when their time has come, in Python or through the Node producer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import kue_send
from kue import Job
from kue.cli.demo.node import NodeSide
from kue.cli.demo.plan import Planned

_AT_ONCE = 500  # so that whoever watches the clock gets to see it


class Producer:
    """`take_on` jobs, then `create_due` again and again."""

    def __init__(
        self,
        queue: kue_send.Queue,
        node: NodeSide | None,
        created: Callable[[int, str], object],
    ) -> None:
        self._queue = queue
        self._node = node
        self._created = created
        self._left: list[Planned] = []
        self.promises: list[tuple[Planned, kue_send.Promise]] = []

    def take_on(self, jobs: Sequence[Planned]) -> None:
        """Further jobs to create, in the order of their time."""
        self._left = [*self._left, *jobs]

    def create_due(self, elapsed: float) -> None:
        """Create what is due after so many seconds, at most some hundred at once. Raises what `save` raises."""
        due = [job for job in self._left if job.at <= elapsed][:_AT_ONCE]
        self._left = self._left[len(due) :]
        plain = [job for job in due if job.maker == "python" and not job.promises]
        jobs = [self._queue.create(job.type, job.data, **job.options) for job in plain]
        for planned, job in zip(plain, self._queue.save_all(jobs), strict=True):
            self._is_created(planned, job)
        for planned in due:
            if planned.promises:
                promise = self._queue.create(planned.type, planned.data, **planned.options).promise()
                self._is_created(planned, promise.job)
                self.promises.append((planned, promise))
            elif planned.maker == "node" and self._node is not None:
                self._node.create(planned)

    def _is_created(self, planned: Planned, job: Job) -> None:
        planned.id = job.id
        self._created(job.id or 0, job.type)

    @property
    def settled(self) -> int:
        """How many promises are settled."""
        return sum(promise.done() for _, promise in self.promises)
