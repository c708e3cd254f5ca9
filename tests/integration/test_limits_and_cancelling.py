"""Cancelled jobs beside limits, pauses, shared slots, unique keys, middleware and purging: each keeps its promise."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

HANDLER_SECONDS = 20.0  # that a handler waits at most
QUIET_SECONDS = 1.0
MAX_SCRIPTS_MEANWHILE = 15  # of a process that has nothing to do: its pulse and its duties


def scripts_run(client: Any) -> int:
    return int(client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"])


class Handler:
    """It holds jobs with the data `hold` until they are cancelled, and then until they may end."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self.saw_it = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, job: Any) -> str:
        self.began.append(job.id)
        if job.data.get("hold"):
            wait_until(lambda: job.cancelled, HANDLER_SECONDS)
            self.saw_it.set()
            assert self.may_end.wait(HANDLER_SECONDS)
            job.raise_if_cancelled()
        return "done"


@pytest.fixture
def handler() -> Iterator[Handler]:
    handler = Handler()
    yield handler
    handler.may_end.set()


@pytest.mark.parametrize("shared", [False, True])
def test_a_cancelled_job_has_its_place_until_its_handler_ends_and_then_the_next_one_has_it(
    everywhere: Any, handler: Handler, shared: bool
) -> None:
    queue = everywhere
    queue.limit("email", concurrency=1)
    queue.process(["email", "pdf"], 2, handler, shared=shared)
    held, next = queue.save_all([queue.create("email", {"hold": True}), queue.create("email")])
    wait_until(lambda: handler.began == [held.id])
    assert held.cancel("no more") == "active"
    assert handler.saw_it.wait(HANDLER_SECONDS)
    pdf = queue.create("pdf").save()  # the other slot is free for it
    wait_until(lambda: queue.complete_count("pdf") == 1)
    assert (queue.active_count("email"), queue.inactive_count("email")) == (1, 1)
    handler.may_end.set()
    wait_until(lambda: queue.complete_count("email") == 1)
    assert handler.began == [held.id, pdf.id, next.id]
    assert queue.get(held.id).error() == "Cancelled: no more"


def test_jobs_of_a_paused_type_are_cancelled_at_once_and_leave_workers_quiet(queue: Any, client: Any) -> None:
    ran: list[int] = []
    queue.process("email", 5, lambda job: ran.append(job.id))
    queue.pause("email")
    queue.save_all([queue.create("email") for _ in range(20)])
    assert queue.cancel_all("email", "sent by another way") == 20
    assert queue.failed_count("email") == 20
    queue.resume("email")
    left = queue.create("email").save()
    wait_until(lambda: queue.complete_count("email") == 1)
    wait_until(lambda: client.llen("q:email:jobs") == 0)  # tokens of jobs that no longer wait
    before = scripts_run(client)
    time.sleep(QUIET_SECONDS)
    assert scripts_run(client) - before < MAX_SCRIPTS_MEANWHILE
    assert ran == [left.id]


def test_jobs_that_were_cancelled_and_are_retried_keep_to_the_limit(make_queue: MakeQueue) -> None:
    queues = [make_queue() for _ in range(2)]
    lock, running, most = threading.Lock(), 0, 0

    def count(job: Any) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    queues[0].limit("email", concurrency=3, per=(1000, 60_000))
    queues[0].save_all([queues[0].create("email") for _ in range(60)])
    assert queues[0].cancel_all("email") == 60
    for queue in queues:
        queue.process("email", 5, count)
    assert queues[1].retry_all(type="email") == 60
    wait_until(lambda: queues[0].complete_count("email") == 60, 30)
    assert most <= 3


def test_a_purge_of_cancelled_jobs_leaves_their_unique_keys_to_those_who_have_them_now(queue: Any) -> None:
    cancelled = queue.create("email").unique("order:7").save()
    assert cancelled.cancel() == "failed"
    again = queue.create("email").unique("order:7").save()
    assert not again.existing
    assert queue.purge("failed", keep=0) == 1
    assert queue.create("email").unique("order:7").save().id == again.id
    with pytest.raises(kue.JobNotFound):
        queue.get(cancelled.id)


def test_a_job_that_removes_itself_on_failure_goes_when_its_cancelled_run_ends(
    make_queue: MakeQueue, handler: Handler
) -> None:
    queue = make_queue(send=True)
    queue.process("email", handler)
    job = queue.create("email", {"hold": True}, remove_on_fail=True, unique="order:7", attempts=5)
    promise = job.promise(20_000)
    wait_until(lambda: handler.began)
    handler.may_end.set()
    assert job.cancel("no more") == "active"
    with pytest.raises(kue.JobFailed, match="Cancelled: no more"):
        promise.result()
    with pytest.raises(kue.JobNotFound):
        queue.get(job.id)
    assert not queue.create("email").unique("order:7").save().existing


def test_the_numbers_agree_beside_a_limit_and_cancelled_jobs(queue: Any, handler: Handler) -> None:
    queue.limit("email", concurrency=1)
    queue.process("email", 3, handler)
    held, *others = queue.save_all([queue.create("email", {"hold": n == 0}) for n in range(5)])
    wait_until(lambda: handler.began == [held.id])
    assert others[0].cancel() == "failed"
    handler.may_end.set()
    assert held.cancel() == "active"
    wait_until(lambda: queue.complete_count("email") == 3)

    def sums() -> tuple[int, ...]:
        numbers = queue.stats(type="email")["email"]
        return numbers.created, numbers.started, numbers.completed, numbers.cancelled, numbers.failed

    wait_until(lambda: sums() == (5, 4, 3, 2, 0))


def test_middleware_around_a_cancelled_run_ends_before_the_place_is_free(queue: Any, handler: Handler) -> None:
    steps: list[tuple[int, str]] = []

    @queue.use
    def noted(job: Any) -> Iterator[None]:
        try:
            yield
        except GeneratorExit:
            steps.append((job.id, "closed"))
            raise
        steps.append((job.id, "returned"))

    queue.limit("email", concurrency=1)
    queue.process("email", 2, handler)
    held, next = queue.save_all([queue.create("email", {"hold": True}), queue.create("email")])
    wait_until(lambda: handler.began == [held.id])
    handler.may_end.set()
    held.cancel()
    wait_until(lambda: queue.complete_count("email") == 1)
    assert steps == [(held.id, "closed"), (next.id, "returned")]
