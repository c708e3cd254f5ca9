"""The `ctx` of a three-argument handler: pause, resume and shutdown of the worker it runs in."""

import threading
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


class Held:
    """A handler that hands out its context, and ends each job when it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, kue.Context, Any]] = []

    def __call__(self, job: Any, ctx: kue.Context, done: Any) -> None:
        self.calls.append((job.id, ctx, done))

    @property
    def ids(self) -> list[int]:
        return [id for id, _, _ in self.calls]

    @property
    def contexts(self) -> list[kue.Context]:
        return [context for _, context, _ in self.calls]

    @property
    def dones(self) -> list[Any]:
        return [done for _, _, done in self.calls]


@pytest.fixture
def held(queue: Any) -> Held:
    """Job 1 is held by the only slot for `email`."""
    held = Held()
    queue.process("email", held)
    queue.create("email").save()
    wait_until(lambda: held.contexts)
    return held


def settled(queue: Any) -> None:
    """Wait until the workers have seen everything asked of them so far: a job of another type runs."""
    queue.process("marker", lambda job: None)
    queue.create("marker").save()
    wait_until(lambda: queue.complete_count("marker") == 1)


def test_a_paused_type_takes_no_jobs_until_it_is_resumed(queue: Any, held: Held) -> None:
    held.contexts[0].pause()
    held.dones[0]()
    waiting = [queue.create("email").save().id for _ in range(3)]
    settled(queue)
    assert queue.complete_count("email") == 1
    assert queue.inactive() == waiting

    held.contexts[0].resume()
    wait_until(lambda: held.ids == [1, waiting[0]])
    for n in range(1, 4):
        wait_until(lambda n=n: len(held.dones) > n)
        held.dones[n]()
    wait_until(lambda: queue.complete_count("email") == 4)


def test_pausing_one_type_leaves_the_others(queue: Any, held: Held) -> None:
    held.contexts[0].pause()
    settled(queue)
    held.dones[0]()
    wait_until(lambda: queue.complete_count("email") == 1)


def test_a_job_that_runs_after_the_timeout_of_a_pause_fails_with_shutdown(queue: Any, held: Held) -> None:
    held.contexts[0].pause(10)
    wait_until(lambda: queue.failed() == [1])
    assert Job.get(1, queue=queue).error() == "Shutdown"
    held.dones[0](None, "late")
    held.contexts[0].resume()
    after = queue.create("email").save()
    wait_until(lambda: held.ids == [1, after.id])
    held.dones[1](None, "in time")
    wait_until(lambda: queue.complete() == [after.id])


def test_no_job_fails_if_the_type_is_resumed_in_time(queue: Any, held: Held) -> None:
    held.contexts[0].pause(60_000)
    held.contexts[0].resume()
    settled(queue)
    assert queue.active() == [1]
    held.dones[0]()
    wait_until(lambda: queue.complete_count("email") == 1)


def let_timers_pass(queue: Any, timeout: float) -> None:
    """Wait until a pause of another type that begins now has ended its job: timers end in their order."""
    marker = Held()
    queue.process("timer", marker)
    queue.create("timer").save()
    wait_until(lambda: marker.contexts)
    marker.contexts[0].pause(timeout)
    wait_until(lambda: queue.failed_count("timer") == 1)


@pytest.mark.parametrize("way", ["resume", "another pause", "process"])
def test_a_second_pause_leaves_nothing_of_the_first(queue: Any, held: Held, way: str) -> None:
    held.contexts[0].pause(50)
    if way == "another pause":
        held.contexts[0].pause(60_000)
    elif way == "process":
        queue.process("email", held)
    else:
        held.contexts[0].pause(50)
        held.contexts[0].resume()
    let_timers_pass(queue, 100)
    assert queue.active() == [1]
    held.dones[0]()
    wait_until(lambda: queue.complete_count("email") == 1)


def test_pause_and_resume_many_times_lose_no_job(queue: Any) -> None:
    @queue.process("email", 3)
    def work(job: Any, ctx: kue.Context, done: Any) -> None:
        ctx.pause(None)
        ctx.resume()
        done()

    queue.save_all([queue.create("email") for _ in range(300)])
    wait_until(lambda: queue.complete_count() == 300)


def test_shutdown_ends_one_slot_once_its_job_is_done(queue: Any) -> None:
    held = Held()
    queue.process("email", 2, held)
    queue.save_all([queue.create("email") for _ in range(4)])
    wait_until(lambda: len(held.ids) == 2)
    held.contexts[0].shutdown()
    held.dones[0]()
    wait_until(lambda: queue.complete() == held.ids[:1])
    settled(queue)
    assert sorted(held.ids) == [1, 2], "the slot that was shut down takes no more"
    assert [worker.type for worker in queue.workers] == ["email", "marker"]
    for n in (1, 2, 3):
        wait_until(lambda n=n: len(held.dones) > n)
        held.dones[n]()
    wait_until(lambda: queue.complete_count("email") == 4)
    assert sorted(held.ids) == [1, 2, 3, 4]


@pytest.mark.parametrize("timeout", [-1, "soon", float("nan")])
def test_a_bad_timeout_of_a_pause_is_refused(queue: Any, held: Held, timeout: Any) -> None:
    with pytest.raises(kue.InvalidOption, match="timeout"):
        held.contexts[0].pause(timeout)
    held.dones[0]()
    wait_until(lambda: queue.complete() == [1])
    after = queue.create("email").save()
    wait_until(lambda: held.ids == [1, after.id])
    held.dones[1]()


def test_a_shutdown_cannot_be_undone_by_resuming(queue: Any, held: Held, make_queue: MakeQueue) -> None:
    stopping = threading.Thread(target=queue.shutdown)
    stopping.start()
    wait_until(lambda: queue._pool.slots["email"].closed)
    held.contexts[0].resume()
    waiting = queue.create("email").save()
    held.dones[0]()
    stopping.join(10)
    assert make_queue().inactive() == [waiting.id]
