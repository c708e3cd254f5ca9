"""Handlers that log much, beside short ones: no line is lost or out of order, and no other job waits for them."""

import itertools
import threading
import time
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


class Noise:
    """Short jobs, saved and run without a pause until the test ends."""

    def __init__(self, make_queue: MakeQueue) -> None:
        self.done = 0
        self.stopping = threading.Event()
        self.queue, self._producer = make_queue(), make_queue()
        self.queue.process("noise", 10, self._count)
        self._thread = threading.Thread(target=self._produce)
        self._thread.start()

    def _count(self, job: Any) -> None:
        self.done += 1

    def _produce(self) -> None:
        while not self.stopping.is_set():
            self._producer.save_all(self._producer.create("noise", remove_on_complete=True) for _ in range(20))
            wait_until(lambda: self._producer.inactive_count("noise") < 20)

    def go_by(self) -> None:
        """Wait until one more of them has ended."""
        before = self.done
        wait_until(lambda: self.done > before)

    def stop(self) -> None:
        self.stopping.set()
        self._thread.join(20)


@pytest.fixture
def noise(make_queue: MakeQueue) -> Any:
    noise = Noise(make_queue)
    yield noise
    noise.stop()


@pytest.mark.parametrize("ends_by", ["returning", "completing", "reading"])
def test_every_log_line_is_kept_however_the_job_ends(noise: Noise, ends_by: str) -> None:
    queue = noise.queue

    def talk(job: Any) -> Any:
        for n in range(150):
            job.log("%d", n).set("last", n)
            if n % 5 == 0:
                noise.go_by()
        if ends_by == "completing":
            job.complete()
        return job.get_field("last") if ends_by == "reading" else None

    queue.process("talk", 4, talk)
    jobs = queue.save_all(queue.create("talk") for _ in range(4))
    wait_until(lambda: queue.complete_count("talk") == 4, timeout=60)
    for job in jobs:
        assert kue.Job.get_log(job.id, queue=queue) == [str(n) for n in range(150)]
        if ends_by == "reading":
            assert kue.Job.get(job.id, queue=queue).result == "149"


@pytest.mark.slow
def test_a_handler_that_logs_all_the_time_delays_no_other_and_loses_no_line(noise: Noise) -> None:
    queue, said, enough = noise.queue, itertools.count(), threading.Event()

    def talk(job: Any) -> int:
        while not enough.is_set():
            job.log("%d", next(said))
        return next(said)

    queue.process("talk", talk)
    job = queue.create("talk").save()
    for _ in range(60):
        noise.go_by()
    enough.set()
    wait_until(lambda: queue.complete_count("talk") == 1, timeout=60)
    assert len(kue.Job.get_log(job.id, queue=queue)) == kue.Job.get(job.id, queue=queue).result
    assert queue._pool.outbox.dropped == 0


@pytest.mark.slow
def test_refused_outcomes_do_not_make_other_jobs_run_again(
    make_queue: MakeQueue, client: Any, errors: list[BaseException]
) -> None:
    """The outcomes of a whole batch are repeated one by one, while orphans are looked for: theirs are none."""
    client.set("q:jobs:bad:complete", "in the way")
    queue, runs, ids = make_queue(lease=500), [], []
    queue.process(["good", "bad"], 10, lambda job: runs.append(job.id) if job.type == "good" else None)
    until = time.monotonic() + 2.5  # so that orphans are looked for some times
    while time.monotonic() < until:
        if len(runs) >= len(ids):
            jobs = queue.save_all([queue.create(type) for type in ("good", "good", "bad", "good") * 5])
            ids += [job.id for job in jobs if job.type == "good"]
    wait_until(lambda: queue.complete_count("good") == len(ids))
    queue.shutdown()
    assert sorted(runs) == ids
    assert any(isinstance(problem, kue.RedisRefused) for problem in errors)
    errors[:] = [problem for problem in errors if not isinstance(problem, kue.RedisRefused)]
