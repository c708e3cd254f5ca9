"""Values that nobody should give are refused by name, and outcomes that nobody can write still end their run."""

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kue
from tests.helpers import keyspace, wait_until

HUGE = 10**5000  # an int that Python itself refuses to write as text


@pytest.fixture
def queue(redis_url: str) -> Iterator[kue.Queue]:
    queue = kue.Queue(redis=redis_url)
    yield queue
    queue.shutdown(0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda queue, job: job.set("size", HUGE), "value of field 'size'"),
        (lambda queue, job: job.set("size", math.nan), "value of field 'size'"),
        (lambda queue, job: job.progress(math.inf, 2), "progress complete"),
        (lambda queue, job: job.progress(1, 10**400), "progress total"),
        (lambda queue, job: queue.create("x", HUGE).save(), "data"),
        (lambda queue, job: job.get_field(3), "field must be a non-empty string, not 3"),
        (lambda queue, job: queue.setting(3), "name must be a non-empty string, not 3"),
        (lambda queue, job: queue.save_all(None), "save_all takes jobs"),
        (lambda queue, job: queue.shutdown(1, requeue="no"), "requeue must be True or False, not 'no'"),
        (lambda queue, job: kue.Job.get(1, queue=3), "queue must be a kue.Queue, not 3"),
    ],
    ids=range(10),
)
def test_a_bad_value_is_refused_by_name(
    queue: kue.Queue, call: Callable[[kue.Queue, kue.Job], Any], words: str
) -> None:
    job = queue.create("x").save()
    before = keyspace(queue.client)
    with pytest.raises(kue.KueError) as refused:
        call(queue, job)
    assert words in str(refused.value)
    assert keyspace(queue.client) == before


def a_generator(job: kue.Job) -> Iterator[int]:
    yield 1


async def an_async_generator(job: kue.Job) -> Any:
    yield 1


@pytest.mark.parametrize("function", [a_generator, an_async_generator])
def test_a_generator_whose_body_would_never_run_is_no_handler(queue: kue.Queue, function: Any) -> None:
    with pytest.raises(kue.InvalidHandler, match="would never run"):
        queue.process("x", function)


class Unreadable(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


def test_an_outcome_that_cannot_be_written_still_ends_its_run(queue: kue.Queue) -> None:
    @queue.process("coroutine")
    async def coroutine(job: kue.Job) -> int:
        return HUGE

    @queue.process("done")
    def later(job: kue.Job, done: Callable[..., None]) -> None:
        threading.Thread(target=done, args=(None, HUGE)).start()

    @queue.process("unreadable")
    async def unreadable(job: kue.Job) -> None:
        raise Unreadable

    jobs = queue.save_all(queue.create(type) for type in ("coroutine", "done", "unreadable"))
    wait_until(lambda: queue.complete_count() + queue.failed_count() == 3)
    ended = [kue.Job.get(job.id or 0, queue=queue) for job in jobs]
    assert [job.state() for job in ended] == ["complete", "complete", "failed"]
    assert all(job.result["message"].startswith("Invalid JSON Result") for job in ended[:2])
