"""The jobs of a chaos run that are cancelled, at any point of their lives. Only Python workers run them.

Once a run was cancelled, its job is complete by that run, or has failed with that error, and begins no other run.
"""

import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping

from kue.errors import KueError
from tests.chaos.background import Background
from tests.chaos.history import Job

CANCELLED = "cancelled"
ERROR = "Cancelled"
SECONDS_BETWEEN_JOBS = 0.3
MAX_SECONDS_TO_CANCEL = 3.0
OPTIONS = {"attempts": 3, "ghost_retries": 5, "backoff": {"type": "fixed", "delay": 200}}


class Canceller(Background):
    """Saves these jobs, and cancels each a while later, the last ones too. A call that failed is made again."""

    def __init__(self, url: str, seed: int) -> None:
        super().__init__(url, "canceller")
        self._chance = random.Random(f"cancels {seed}")
        self._due: list[tuple[float, int]] = []
        self.words: Counter[str] = Counter()

    def _run(self) -> None:
        while self._due or not self._stopping.is_set():
            with contextlib.suppress(KueError):  # Redis is away, or the save is in doubt: the judge finds its job
                if not self._stopping.is_set():
                    self._save()
                self._cancel_those_due()
            self._stopping.wait(SECONDS_BETWEEN_JOBS)

    def _save(self) -> None:
        data = {"key": -1, "lines": 0, "ms": self._chance.choice([0, 100, 2000]), "looks": self._chance.random() < 0.7}
        data["ends"] = self._chance.choice(["returns", "raises", "snoozes"])
        job = self._queue.create(CANCELLED, data, delay=self._chance.choice([None, None, 500]), **OPTIONS).save()
        assert job.id is not None
        self._due.append((time.monotonic() + self._chance.random() * MAX_SECONDS_TO_CANCEL, job.id))

    def _cancel_those_due(self) -> None:
        for due, id in list(self._due):
            if due <= time.monotonic():
                self.words[self._queue.cancel_by_id(id, "by chaos")] += 1
                self._due.remove((due, id))


def complaints(history: Mapping[int, Job]) -> Iterator[str]:
    """What is wrong. A job that Node's promoter or ttl checker has changed is passed over: its steps are not atomic."""
    for id, job in history.items():
        if job.fields.get("type") == CANCELLED and not job.changed_by_node:
            for complaint in _complaints_of(job):
                yield f"job {id}, which was cancelled, {complaint}"


def _complaints_of(job: Job) -> Iterator[str]:
    if job.fields.get("state") not in ("complete", "failed"):
        yield f"has not ended: it is {job.fields.get('state')}"
    if job.told_after is not None:
        after = job.steps[job.told_after :]
        if len(after) > 1 or any(step.state not in ("complete", "failed") for step in after):
            yield f"went on: {[step.state for step in after]}"
        elif after and after[0].state == "failed" and not after[0].error.startswith(ERROR):
            yield f"failed otherwise: {after[0].error}"
    for number, step in enumerate(job.steps):
        if step.state == "failed" and step.error.startswith(ERROR) and number + 1 < len(job.steps):
            yield f"began again: {[step.state for step in job.steps[number:]]}"
