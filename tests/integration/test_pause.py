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


@pytest.mark.parametrize("timeout", [0, 10])
def test_a_job_that_runs_after_the_timeout_of_a_pause_fails_with_shutdown(queue: Any, held: Held, timeout: int) -> None:
    held.contexts[0].pause(timeout)
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


class Pauses:
    """A handler that calls `done` and then pauses its type, or shuts its slot down. Notes what starts after that."""

    def __init__(self, end: str, warm_up: int) -> None:
        self.end = end
        self.warm_up = warm_up  # runs that do nothing, so that the handler counts as short
        self.ran: list[int] = []
        self.late: list[int] = []
        self.over = False
        self.context: Any = None

    def short(self, job: Any, ctx: kue.Context, done: Any) -> None:
        self._run(job, ctx, done, self.over)

    def _run(self, job: Any, ctx: kue.Context, done: Any, is_late: bool) -> None:
        (self.late if is_late else self.ran).append(job.id)
        done()
        if len(self.ran) > self.warm_up and not self.over:
            self.context = ctx
            ctx.pause(None) if self.end == "pause" else ctx.shutdown()
            self.over = True

    def long(self, job: Any, ctx: kue.Context, done: Any) -> None:
        is_late = self.over  # as it begins: the pause may come while it waits
        threading.Event().wait(0.002)
        self._run(job, ctx, done, is_late)

    async def coroutine(self, job: Any, ctx: kue.Context, done: Any) -> None:
        self.short(job, ctx, done)


@pytest.mark.parametrize("form", ["short", "long", "coroutine"])
@pytest.mark.parametrize("round", range(5))
def test_nothing_starts_after_a_pause_that_follows_done_and_what_was_taken_goes_back(
    queue: Any, form: str, round: int
) -> None:
    pauses = Pauses("pause", warm_up=60)
    queue.process("email", 1, getattr(pauses, form))
    queue.save_all([queue.create("email") for _ in range(100)])
    wait_until(lambda: pauses.over)
    settled(queue)
    wait_until(lambda: queue.active_count("email") == 0)
    assert pauses.late == []
    assert queue.complete_count("email") == len(pauses.ran) > 60
    assert queue.inactive_count("email") == 100 - len(pauses.ran) > 0

    pauses.late = pauses.ran
    pauses.context.resume()
    wait_until(lambda: queue.complete_count("email") == 100)
    assert sorted(pauses.ran) == list(range(1, 101)), "each ran once"


def test_of_many_slots_none_starts_a_job_after_a_pause(queue: Any) -> None:
    gate, begun, late = threading.Event(), threading.Barrier(4), []
    paused = threading.Event()

    @queue.process("email", 4)
    def work(job: Any, ctx: kue.Context, done: Any) -> None:
        if paused.is_set():
            late.append(job.id)
        begun.wait(10)
        done()
        if job.id == 4:
            gate.wait(10)
            ctx.pause(None)
            paused.set()

    jobs = queue.save_all([queue.create("email") for _ in range(4)])
    wait_until(lambda: queue.complete_count("email") == 4)
    taken: list[int] = []
    fetcher = queue._pool.fetcher
    take = fetcher._taken

    def taken_and_then_paused(call: Any, reply: Any) -> None:
        if len(reply) > 2:
            gate.set()
            paused.wait(10)
            taken.extend(int(id) for id, _ in reply[2:])
        take(call, reply)

    fetcher._taken = taken_and_then_paused
    waiting = queue.create("email").save()
    wait_until(lambda: taken)
    wait_until(lambda: queue.inactive() == [waiting.id] and queue.active_count() == 0)
    assert (taken, late, queue.complete_count()) == ([waiting.id], [], len(jobs))
    assert Job.get_log(waiting.id, queue=queue) == ["put back: its worker was paused before the handler was called"]


@pytest.mark.parametrize("form", ["short", "long", "coroutine"])
def test_a_slot_that_is_shut_down_after_done_starts_no_other_job(queue: Any, form: str) -> None:
    pauses = Pauses("shutdown", warm_up=60)
    queue.process("email", 1, getattr(pauses, form))
    queue.save_all([queue.create("email") for _ in range(100)])
    wait_until(lambda: pauses.over)
    settled(queue)
    wait_until(lambda: queue.active_count("email") == 0)
    assert pauses.late == [] and len(pauses.ran) > 60
    assert queue.complete_count("email") == len(pauses.ran)
    assert queue.inactive_count("email") == 100 - len(pauses.ran) > 0
