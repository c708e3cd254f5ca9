"""Short handlers run on the I/O thread; if one of them is held up there, the others go on."""

import functools
import gc
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.script import run_script


class Work:
    """A handler that is short, but for jobs that ask for something else."""

    note: Callable[[Any], None]

    def __init__(self, queue: Any, slots: int = 4) -> None:
        self.queue = queue
        self.where: Counter[str] = Counter()
        self.let_go = threading.Event()
        self.held = 0
        queue.process("email", slots, self)
        while self.where["kue-io"] == 0:  # until it is known to be short
            self.run(20)

    def __call__(self, job: Any) -> Any:
        self.where[threading.current_thread().name] += 1
        what = job.data.get("what")
        if what is not None:
            return getattr(self, what)(job)
        return None

    def hold(self, job: Any) -> str:
        self.held += 1
        self.let_go.wait(20)
        return "held"

    def run(self, count: int, **data: Any) -> list[Any]:
        before = self.queue.complete_count()
        jobs = self.queue.save_all(self.queue.create("email", data) for _ in range(count))
        wait_until(lambda: self.queue.complete_count() == before + count)
        return list(jobs)


@pytest.fixture
def work(make_queue: MakeQueue) -> Any:
    work = Work(make_queue(promotion={"interval": 20}))
    yield work
    work.let_go.set()


def state_of(queue: Any, job: Any) -> str | None:
    found: str | None = kue.Job.get(job.id, queue=queue).state()
    return found


def test_a_handler_that_is_held_up_delays_no_job_no_timer_and_no_event(work: Work) -> None:
    queue, heard = work.queue, []
    queue.on("job complete", heard.append)
    held = queue.create("email", {"what": "hold"}).save()
    wait_until(lambda: work.held == 1)
    jobs = work.run(50)
    late = queue.create("email", delay=50).save()
    wait_until(lambda: late.id in heard)
    assert {job.id for job in jobs} < set(heard)
    assert state_of(queue, held) == "active" and queue.health()["live"]

    work.let_go.set()
    wait_until(lambda: held.id in heard)
    assert kue.Job.get(held.id, queue=queue).result == "held"


def test_handlers_of_all_slots_may_be_held_up_at_once_and_each_goes_on(work: Work) -> None:
    queue = work.queue
    held = queue.save_all(queue.create("email", {"what": "hold"}) for _ in range(6))
    wait_until(lambda: work.held == 4)
    assert queue.active_count() == 4
    work.let_go.set()
    wait_until(lambda: {state_of(queue, job) for job in held} == {"complete"})
    assert work.held == 6
    work.run(20)


def test_a_handler_reads_what_it_has_written_before(work: Work) -> None:
    """The handler waits for the I/O thread, which it keeps busy itself."""
    work.speak = lambda job: job.log("one").set("mine", "x").get_field("mine")  # type: ignore[attr-defined]
    for job in work.run(5, what="speak"):
        assert kue.Job.get(job.id, queue=work.queue).result == "x"
        assert kue.Job.get_log(job.id, queue=work.queue) == ["one"]


def test_a_handler_may_save_jobs_and_wait_for_them(work: Work) -> None:
    queue = work.queue

    def chain(job: Any) -> Any:
        if job.data["left"]:
            queue.create("email", {"what": "chain", "left": job.data["left"] - 1}).save()
            work.let_go.clear()
        else:
            work.let_go.set()
        work.let_go.wait(20)
        return job.data["left"]

    work.chain = chain  # type: ignore[attr-defined]
    queue.create("email", {"what": "chain", "left": 3}).save()
    wait_until(lambda: {"email": queue.inactive_count() + queue.active_count()} == {"email": 0})
    assert queue.failed_count() == 0


def test_a_run_past_its_ttl_ends_though_its_handler_keeps_the_thread(work: Work) -> None:
    queue = work.queue
    job = queue.create("email", {"what": "hold"}, ttl=100).save()
    wait_until(lambda: state_of(queue, job) == "failed")
    assert kue.Job.get(job.id, queue=queue).error() == "TTL exceeded"
    assert queue.health()["strays"] == 1
    work.run(20)
    work.let_go.set()
    wait_until(lambda: queue.health()["strays"] == 0)


def test_a_shutdown_does_not_wait_beyond_its_deadline(work: Work) -> None:
    queue, client = work.queue, work.queue.client
    job = queue.create("email", {"what": "hold"}).save()
    wait_until(lambda: work.held == 1)
    queue.shutdown(50, requeue=True)
    wait_until(lambda: not [one for one in threading.enumerate() if one.name == "kue-standby"])
    with kue.Queue(redis=client) as other:
        assert state_of(other, job) == "inactive"


def test_a_handler_that_was_held_up_is_trusted_again_after_a_while(work: Work) -> None:
    work.let_go.set()
    work.run(1, what="hold")
    before = work.where["kue-io"]
    work.run(200)
    assert work.where["kue-io"] > before


@pytest.mark.slow
def test_a_job_is_freed_with_its_last_reference_and_not_by_the_garbage_collector(work: Work) -> None:
    ran_here: list[weakref.ref[Any]] = []

    def note(job: Any) -> None:
        if threading.current_thread().name == "kue-io":
            ran_here.append(weakref.ref(job))

    work.note = note
    gc.disable()
    try:
        work.run(50, what="note")
        assert ran_here
        wait_until(lambda: not any(job() for job in ran_here))
    finally:
        gc.enable()


async def coroutine(job: Any) -> None:
    pass


def with_done(job: Any, done: Any) -> None:
    done()


def with_future(job: Any) -> Any:
    future: Future[None] = Future()
    future.set_result(None)
    return future


def with_awaitable(job: Any) -> Any:
    return coroutine(job)


def surrounded(job: Any) -> None:
    pass


def around(job: Any) -> Iterator[None]:
    yield


@pytest.mark.parametrize("handler", [coroutine, with_done, with_future, with_awaitable, surrounded])
def test_a_run_keeps_its_job_if_what_its_handler_began_may_ask_for_it_later(queue: Any, handler: Any) -> None:
    runs: list[Any] = []

    def note(job: Any, *args: Any) -> Any:
        runs.append(job.active_run)
        return handler(job, *args)

    if handler is surrounded:
        queue.use(around)
    queue.process("email", functools.update_wrapper(note, handler))
    queue.create("email").save()
    wait_until(lambda: runs and runs[0].written)
    assert runs[0].held_job is not None


def test_a_child_that_comes_back_from_the_handler_ends_there(redis_url: str) -> None:
    told = run_script(
        redis_url,
        """
        pids = []
        threading.excepthook = lambda problem: tell(ended_by=problem.exc_type.__name__)

        @queue.process("email")
        def work(job):
            if job.data == "fork" and (pid := os.fork()):
                pids.append(pid)
                return "parent"
            return "done"

        while not any(one.name == "kue-standby" for one in threading.enumerate()):
            for _ in range(20):
                queue.create("email").save()
            wait_until(lambda: queue.inactive_count() + queue.active_count() == 0)
        job = queue.create("email", "fork").save()
        wait_until(lambda: kue.Job.get(job.id).state() == "complete")
        wait_until(lambda: pids and os.waitpid(pids[0], 0))
        leases = queue.client.zcard("q:py:workers")
        tell(result=kue.Job.get(job.id).result, failed=queue.failed_count(), leases=leases)
        queue.shutdown()
        """,
    )
    assert told == [{"ended_by": "ForkedChild"}, {"result": "parent", "failed": 0, "leases": 1}]
