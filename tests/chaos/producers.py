"""Saves the planned jobs, half of them from Python and half from Node, and records what was acknowledged.

A save that was refused or never left is tried again; one that is in doubt is not: its job may or may not exist.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import kue
from kue.errors import ConnectionFailed, KueError, RedisRefused, SaveInDoubt, SaveInterrupted
from tests.chaos.plan import JobPlan
from tests.chaos.record import Record
from tests.interop.node import NodeError, NodeKue

BATCH = 20
PACE = 35.0  # jobs a second that each producer saves; after an outage it catches up
TWICE = 4  # of so many jobs that Python saves, one has a unique key, and is saved a second time
TWICE_WITHIN_MS = 3_600_000  # longer than a run: the second save finds the job even if that has ended
BACKLOG = 300  # jobs that wait before no more are saved
# Kue passes to the callback of `save` how its last step went, and nothing of the fields that Redis refused before it.
# So this reads the reply to each. If Redis refused the first step, there is no id, and nothing was written.
NODE_SAVES = """
  plans => Promise.all(plans.map(plan => new Promise(resolve => {
    const job = queue.create(plan.type, plan.data);
    for (const [name, value] of Object.entries(plan.options)) job[name](value);
    let refused = null;
    const set = job.set;
    job.set = (field, value, callback) => set.call(job, field, value, (error, reply) => {
      refused = refused || error;
      if (callback) callback(error, reply);
    });
    const answer = outcome => resolve({key: plan.key, id: job.id || null, outcome});
    const timer = setTimeout(answer, 8000, 'doubt');
    job.save(error => {
      clearTimeout(timer);
      answer(error && !job.id ? 'again' : error || refused ? 'doubt' : 'saved');
    });
  })))
"""


class Producer:
    """A thread that saves its share of the plan, in batches, while there are not too many waiting."""

    def __init__(self, record: Record, plans: Sequence[JobPlan], waiting: Callable[[], int]) -> None:
        self._record = record
        self._left = deque(plans)
        self._waiting = waiting
        self._stopping = threading.Event()
        self.saved: dict[int, JobPlan] = {}
        self.doubtful = 0
        self.doubles: list[str] = []
        self._thread = threading.Thread(target=self._run, name=type(self).__name__)

    def start(self) -> None:
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._left or self._stopping.is_set()

    def stop(self) -> None:
        """Save no more, and wait for the batch that is under way."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while self._left and not self._stopping.is_set():
            if due > time.monotonic() or self._waiting() >= BACKLOG:
                self._stopping.wait(0.05)
                continue
            due += BATCH / PACE
            batch = [self._left.popleft() for _ in range(min(BATCH, len(self._left)))]
            again = self._save(batch)
            self._left.extendleft(reversed(again))
            if again:
                self._stopping.wait(0.1)

    def _save(self, batch: list[JobPlan]) -> list[JobPlan]:
        """Save a batch; those that are certainly not saved."""
        raise NotImplementedError

    def _acknowledged(self, plan: JobPlan, id: int) -> None:
        self._record.write("acked", id, key=plan.key)
        self.saved[id] = plan

    def _in_doubt(self, plan: JobPlan) -> None:
        self._record.write("doubt", None, key=plan.key)
        self.doubtful += 1


class PythonProducer(Producer):
    """Saves one by one and many at once, in turns."""

    def __init__(self, url: str, record: Record, plans: Sequence[JobPlan], waiting: Callable[[], int]) -> None:
        super().__init__(record, plans, waiting)
        self._queue = kue.Queue(redis=url)

    def stop(self) -> None:
        super().stop()
        self._queue.shutdown()

    def _save(self, batch: list[JobPlan]) -> list[JobPlan]:
        return self._save_many(batch) if batch[0].key % 3 else self._save_each(batch)

    def _job(self, plan: JobPlan) -> kue.Job:
        options: dict[str, Any] = dict(plan.options)
        if options.pop("removeOnComplete", False):
            options["remove_on_complete"] = True
        job = self._queue.create(plan.type, plan.data, **options)
        return job.unique(f"chaos {plan.key}", within=TWICE_WITHIN_MS) if plan.key % TWICE == 0 else job

    def _save_each(self, batch: list[JobPlan]) -> list[JobPlan]:
        for number, plan in enumerate(batch):
            try:
                id = self._job(plan).save().id
                assert id is not None
                self._acknowledged(plan, id)
                self._save_again(plan, id)
            except SaveInDoubt:
                self._in_doubt(plan)
            except (ConnectionFailed, RedisRefused):
                return batch[number:]
        return []

    def _save_again(self, plan: JobPlan, id: int) -> None:
        """As a double click does. Another save of the plan that was in doubt may have made the job."""
        if plan.key % TWICE:
            return
        try:
            again = self._job(plan).save()
        except (ConnectionFailed, RedisRefused):
            return
        if (again.id, again.existing) != (id, True):
            self.doubles.append(f"job {again.id} was saved though job {id} has its unique key")

    def _save_many(self, batch: list[JobPlan]) -> list[JobPlan]:
        jobs = [self._job(plan) for plan in batch]
        problem: BaseException | None = None
        try:
            self._queue.save_all(jobs)
        except SaveInterrupted as interrupted:
            problem = interrupted.__cause__
        again = []
        for plan, job in zip(batch, jobs, strict=True):
            if job.id is not None:
                self._acknowledged(plan, job.id)
            elif isinstance(problem, SaveInDoubt) or not isinstance(problem, KueError):
                self._in_doubt(plan)
            else:
                again.append(plan)
        return again


class NodeProducer(Producer):
    """Saves through real Kue, a batch at a time."""

    def __init__(self, node: NodeKue, record: Record, plans: Sequence[JobPlan], waiting: Callable[[], int]) -> None:
        super().__init__(record, plans, waiting)
        self._node = node

    def _save(self, batch: list[JobPlan]) -> list[JobPlan]:
        plans = [{"key": p.key, "type": p.type, "data": p.data, "options": p.options} for p in batch]
        by_key = {plan.key: plan for plan in batch}
        try:
            answers = self._node.evaluate(NODE_SAVES, plans)
        except NodeError:
            answers = []
        again = []
        for answer in answers:
            plan = by_key.pop(answer["key"])
            if answer["outcome"] == "saved":
                self._acknowledged(plan, int(answer["id"]))
            elif answer["outcome"] == "again":
                again.append(plan)
            else:
                self._in_doubt(plan)
        for plan in by_key.values():
            self._in_doubt(plan)
        return again
