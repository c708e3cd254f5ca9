"""`job.stopping`: a handler sees that the shutdown of its queue, or of its type, has begun."""

import asyncio
import threading
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


@pytest.fixture
def look(make_queue: MakeQueue) -> Any:
    """Another queue at the same Redis, that is not shut down."""
    return make_queue()


@pytest.mark.parametrize("kind", ["plain", "coroutine", "done"])
def test_a_handler_sees_that_shutdown_has_begun(queue: Any, look: Any, kind: str) -> None:
    seen: list[bool] = []

    def plain(job: Any) -> str:
        seen.append(job.stopping)
        wait_until(lambda: job.stopping)
        return "stopped at a good place"

    async def coroutine(job: Any) -> str:
        seen.append(job.stopping)
        while not job.stopping:
            await asyncio.sleep(0.001)
        return "stopped at a good place"

    def with_done(job: Any, done: Any) -> None:
        threading.Thread(target=lambda: done(None, plain(job))).start()

    queue.process("email", {"plain": plain, "coroutine": coroutine, "done": with_done}[kind])
    job = queue.create("email").save()
    wait_until(lambda: seen)
    queue.shutdown(60_000)
    assert seen == [False]
    assert Job.get(job.id, queue=look).result == "stopped at a good place"


def test_a_handler_of_another_type_sees_nothing_of_a_shutdown_by_type(queue: Any) -> None:
    jobs: dict[str, Any] = {}
    gate = threading.Event()

    def work(job: Any) -> bool:
        jobs[job.type] = job
        gate.wait(10)
        return bool(job.stopping)

    queue.process(["email", "pdf"], work)
    queue.save_all(queue.create(type) for type in ("email", "pdf"))
    wait_until(lambda: len(jobs) == 2)
    stopping = threading.Thread(target=lambda: queue.shutdown(60_000, "email"))
    stopping.start()
    wait_until(lambda: jobs["email"].stopping)
    assert not jobs["pdf"].stopping
    gate.set()
    stopping.join(10)
    wait_until(lambda: queue.complete_count() == 2)
    results = {type: Job.get(job.id, queue=queue).result for type, job in jobs.items()}
    assert results == {
        "email": True,
        "pdf": False,
    }
    queue.process("email", lambda job: bool(job.stopping))
    again = queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 3)
    assert Job.get(again.id, queue=queue).result is False, "the type is processed again"


def test_a_pause_is_no_shutdown_and_outside_of_handlers_nothing_stops(queue: Any) -> None:
    seen: list[bool] = []

    @queue.process("email")
    def work(job: Any, ctx: kue.Context, done: Any) -> None:
        ctx.pause(None)
        seen.append(job.stopping)
        done()

    job = queue.create("email").save()
    wait_until(lambda: seen == [False])
    assert (job.stopping, Job.get(job.id, queue=queue).stopping) == (False, False)
