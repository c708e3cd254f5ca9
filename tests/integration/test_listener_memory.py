"""Listeners of jobs that have ended are released: the memory of a process does not grow with the jobs it hears of."""

import gc
import os
import weakref
from typing import Any

import pytest

from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

pytestmark = pytest.mark.slow

SLACK = 500  # objects; a listener that stayed would keep several for each job


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def resident_megabytes() -> float:
    with open("/proc/self/statm") as sizes:
        return int(sizes.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Producer:
    """Saves jobs with listeners, keeps none of them, and waits until all have ended."""

    def __init__(self, queue: Any, *, promises: bool = False) -> None:
        self.queue = queue
        self.promises = promises
        self.heard = 0
        self.living: weakref.WeakSet[Any] = weakref.WeakSet()

    def count(self, *args: Any) -> None:
        self.heard += 1

    def produce(self, number: int, together: int) -> None:
        expected = self.heard + number
        for start in range(0, number, together):
            jobs = [self.queue.create("email", {"n": n}) for n in range(start, min(number, start + together))]
            self.living.update(jobs)
            if self.promises:
                for job in jobs:
                    job.promise().add_done_callback(self.count)
            else:
                for job in jobs:
                    job.on("complete", self.count).on("progress", lambda percent, job=job: job.id)
                self.queue.save_all(jobs)
        wait_until(lambda: self.heard == expected, 100)
        wait_until(lambda: not self.queue.runtime.hub._router.watched(must_settle=False))

    def assert_nothing_stays(self, number: int, together: int) -> None:
        self.produce(500, together)
        before = objects()
        self.produce(number, together)
        wait_until(lambda: objects() - before < SLACK)  # threads may still be busy with the last job
        assert len(self.living) <= together, "the jobs themselves are forgotten"


@pytest.mark.parametrize(("count", "promises"), [(2000, False), (1000, True)])
def test_listeners_of_completed_jobs_are_released(make_queue: MakeQueue, count: int, promises: bool) -> None:
    queue = make_queue(send=True)
    queue.process("email", 20, lambda job: None)
    Producer(queue, promises=promises).assert_nothing_stays(count, 500)


def test_listeners_of_jobs_that_fail_or_are_removed_are_released(make_queue: MakeQueue) -> None:
    queue = make_queue(send=True)
    gone: list[Any] = []

    def work(job: Any) -> None:
        gone.append(job.id)
        raise ValueError("boom")

    queue.process("email", 5, work)
    for n in range(300):
        if n % 3:
            queue.create("email").on("failed", gone.append).save()
        else:
            queue.create("pdf").on("remove", gone.append).save().remove()
    wait_until(lambda: len(gone) == 500)
    wait_until(lambda: not queue.runtime.hub._router.watched(must_settle=False))


def test_a_job_that_was_never_saved_is_forgotten_with_its_listeners(make_queue: MakeQueue) -> None:
    queue = make_queue()
    living: weakref.WeakSet[Any] = weakref.WeakSet()
    for _ in range(100):
        job = queue.create("email").on("complete", print)
        living.add(job)
    del job
    gc.collect()
    assert len(living) == 0


def test_a_process_that_listens_to_thousands_of_jobs_does_not_grow(make_queue: MakeQueue) -> None:
    queue = make_queue()
    queue.process("email", 50, lambda job: None)
    producer = Producer(queue)
    producer.produce(2_500, 500)
    before = resident_megabytes()
    for _ in range(2):
        producer.assert_nothing_stays(2_500, 500)
    assert resident_megabytes() - before < 6, "a kilobyte a job; a listener that stayed would cost several"
