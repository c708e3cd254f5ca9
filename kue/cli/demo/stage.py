"""Everything that runs during the demo.

- starts the queue, the workers and the Node side, and ends them
- creates the jobs when they are due, and shows them
- compares the outcome with the plan
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import kue_send
from kue.cli.demo.display import Display
from kue.cli.demo.node import NodeSide
from kue.cli.demo.outcome import Outcome, compare
from kue.cli.demo.plan import BEFORE_THE_WORKERS, Part, Planned
from kue.cli.demo.producer import Producer
from kue.cli.demo.scenario import Scenario
from kue.cli.demo.tally import Tally
from kue.cli.demo.view import View, count_jobs
from kue.cli.worker.serving import Stopping
from kue.cli.worker.signals import Signals
from kue.cli.worker.supervisor import Supervisor

_CHECK_EVERY_SECONDS = 0.1
# The end of a job is published before Node has written the last field, and before the demo has received all events.
_SETTLE_SECONDS = 2.0
_STOPPING = Stopping(0.2, requeue=True)


class Stage:
    """A `with` block starts everything, on a server that runs already, and ends it. The clock is `time.monotonic`.

    `plan` makes the jobs that fit into a number of seconds. It is called twice: before the workers are ready, for the
    jobs that wait for them, and once the workers are ready, for all other jobs in the time that is left.
    """

    def __init__(
        self,
        url: str,
        scenario: Scenario,
        parts: Sequence[Part],
        plan: Callable[[float], Sequence[Planned]],
        folder: Path | None,
    ) -> None:
        self._url = url
        self._scenario = scenario
        self._parts = parts
        self._make_plan = plan
        self._plan: list[Planned] = []
        self._ready_at: float | None = None
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._queue = stack.enter_context(kue_send.Queue(redis=self._url))
            self._tally = Tally(self._queue)
            self._node: NodeSide | None = None
            if self._folder is not None:
                self._node = NodeSide(self._folder, self._url, self._parts, self._tally.created)
                stack.callback(self._node.close)
            self._producer = Producer(self._queue, self._node, self._tally.created)
            self._workers = Supervisor(
                self._scenario.workers,
                self._scenario.processes,
                _STOPPING,
                self._tally.note,
                environment={"KUE_REDIS_URL": self._url},
                one_first=False,
            )
            stack.callback(self._workers.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self, signals: Signals, display: Display, began: float, seconds: float, deadline: float) -> None:
        """Create the jobs and watch them, until all have ended, the time is up, or a signal comes."""
        self._plan = list(self._make_plan(deadline - time.monotonic()))
        self._producer.add([job for job in self._plan if job.at == BEFORE_THE_WORKERS])
        self._producer.create_due(BEFORE_THE_WORKERS)
        while True:
            self.check_processes(signals)
            now = time.monotonic()
            if self._ready_at is None and self._is_ready:
                self._ready_at = now
                self._add_the_rest(deadline - now)
            if self._ready_at is not None:
                self._producer.create_due(now - self._ready_at)
            view = self._view(now - began, seconds)
            display.show(view)
            if signals.received or now >= deadline or self._is_done(view):
                return

    @property
    def _is_ready(self) -> bool:
        return bool(self._workers.serving) and (self._node is None or self._node.is_ready)

    def _add_the_rest(self, seconds_left: float) -> None:
        rest = [job for job in self._make_plan(seconds_left) if job.at != BEFORE_THE_WORKERS]
        self._plan = [job for job in self._plan if job.at == BEFORE_THE_WORKERS] + rest
        self._producer.add(rest)

    def check_processes(self, signals: Signals) -> None:
        """Check the workers and the Node side once, and wait for news a moment. Raises `CommandError`."""
        self._workers.run_once(signals, _CHECK_EVERY_SECONDS)
        if self._node is not None:
            self._node.read_messages()

    def outcome(self, signals: Signals, deadline: float) -> Outcome:
        """Compare every job with the plan, again and again while something differs.

        That ends after `_SETTLE_SECONDS` if all jobs have ended, else at the deadline: Node moves a job that it will
        try again to failed first, so a job that seemed to have ended may go on.
        """
        settled = time.monotonic() + _SETTLE_SECONDS
        while True:
            outcome = compare(self._parts, self._plan, self._queue, self._producer.promises, self._tally, self._node)
            unfinished = any(row.unfinished for row in outcome.rows)
            if self._ready_at is None:
                outcome.deviations.insert(0, "no worker was ready in time: give the demo more time with --seconds")
            if not outcome.deviations or signals.received or time.monotonic() >= (deadline if unfinished else settled):
                return outcome
            self.check_processes(signals)

    def _view(self, elapsed: float, seconds: float) -> View:
        return View(
            place=str(self._queue.runtime.store.connections.address),
            elapsed=elapsed,
            seconds=seconds,
            types=count_jobs(self._queue, self._parts, self._plan),
            retries=self._tally.retries,
            rate=self._tally.rate,
            promises=(self._producer.settled, sum(job.promises for job in self._plan)),
            lines=list(self._tally.lines),
            notes=list(self._tally.notes),
        )

    def _is_done(self, view: View) -> bool:
        node_is_done = self._node is None or self._node.is_done
        return node_is_done and view.total.done == len(self._plan) and self._producer.settled == view.promises[1]
