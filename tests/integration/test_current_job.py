"""`kue.current_job()` and the job in every log record: in plain handlers, in coroutines, and in what they start."""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import kue
from tests.helpers import wait_until

logger = logging.getLogger("an application")
Seen = tuple[str, Any, Any, Any]


@pytest.fixture
def seen(caplog: pytest.LogCaptureFixture) -> Callable[[], list[Seen]]:
    """What was noted so far: a name, the current job's id, and the id and type in the log record."""
    caplog.set_level(logging.INFO, "an application")

    def read() -> list[Seen]:
        records: list[Any] = [record for record in caplog.records if record.name == "an application"]
        return [(*record.args, record.job_id, record.job_type) for record in records]

    return read


def note(name: str) -> None:
    job = kue.current_job()
    logger.info("%s %s", name, None if job is None else job.id)


def in_thread(call: Callable[[], None]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def test_the_current_job_is_known_in_a_plain_handler_and_its_threads(
    queue: Any, seen: Callable[[], list[Seen]]
) -> None:
    @queue.process("email")
    def work(job: Any) -> None:
        assert kue.current_job() is job
        note("handler")
        in_thread(lambda: note("thread"))
        context = contextvars.copy_context()
        in_thread(lambda: context.run(note, "thread with the context"))
        with ThreadPoolExecutor(1) as executor:
            executor.submit(contextvars.copy_context().run, note, "executor").result()

    job = queue.create("email").save()
    wait_until(lambda: queue.complete_count() + queue.failed_count() == 1)
    assert seen() == [
        ("handler", job.id, job.id, "email"),
        ("thread", None, None, None),
        ("thread with the context", job.id, job.id, "email"),
        ("executor", job.id, job.id, "email"),
    ]


def test_the_current_job_is_known_in_a_coroutine_and_what_it_awaits(queue: Any, seen: Callable[[], list[Seen]]) -> None:
    async def child(name: str) -> None:
        await asyncio.sleep(0)
        note(name)

    @queue.process("email")
    async def work(job: Any) -> None:
        note("handler")
        await asyncio.sleep(0)
        assert kue.current_job() is job
        await child("awaited")
        await asyncio.create_task(child("task"))
        await asyncio.to_thread(note, "to_thread")
        asyncio.get_running_loop().call_soon(note, "call_soon")
        await asyncio.sleep(0)

    job = queue.create("email").save()
    wait_until(lambda: queue.complete_count() + queue.failed_count() == 1)
    names = ["handler", "awaited", "task", "to_thread", "call_soon"]
    assert seen() == [(name, job.id, job.id, "email") for name in names]


@pytest.mark.parametrize("form", ["plain", "coroutine", "awaitable"])
def test_handlers_that_run_at_the_same_time_each_see_their_own_job(
    queue: Any, seen: Callable[[], list[Seen]], form: str
) -> None:
    together = threading.Barrier(5)

    def plain(job: Any) -> None:
        for _ in range(3):
            together.wait()
            note(str(job.id))

    async def coroutine(job: Any) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            note(str(job.id))

    def awaitable(job: Any) -> Any:
        return coroutine(job)

    queue.process("email", 5, {"plain": plain, "coroutine": coroutine, "awaitable": awaitable}[form])
    jobs = queue.save_all([queue.create("email") for _ in range(5)])
    wait_until(lambda: queue.complete_count() + queue.failed_count() == 5)
    assert sorted(seen()) == sorted((str(job.id), job.id, job.id, "email") for job in jobs for _ in range(3))


def test_the_current_job_is_none_outside_of_handlers(queue: Any, seen: Callable[[], list[Seen]]) -> None:
    queue.process("email", lambda job: None)
    heard = threading.Event()
    queue.create("email").on("complete", lambda: (note("listener"), heard.set())).save()
    assert heard.wait(10)
    note("main thread")
    assert seen() == [("listener", None, None, None), ("main thread", None, None, None)]


def test_a_thread_that_ran_a_handler_forgets_its_job(queue: Any, seen: Callable[[], list[Seen]]) -> None:
    def work(job: Any) -> None:
        note("handler")
        raise ValueError("boom")

    queue.process("email", work)
    for n in range(1, 4):
        queue.create("email").save()
        wait_until(lambda n=n: queue.failed_count() == n)
    assert seen() == [("handler", n, n, "email") for n in (1, 2, 3)]


def test_log_records_that_name_a_job_themselves_keep_it(queue: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "an application")

    @queue.process("email")
    def work(job: Any) -> None:
        logger.info("inside", extra={"job_id": f"mine {job.id}"})

    job = queue.create("email").save()
    wait_until(lambda: queue.complete_count() + queue.failed_count() == 1)
    logger.info("outside", extra={"job_id": "other", "job_type": "other"})
    records: list[Any] = [record for record in caplog.records if record.name == "an application"]
    assert [(record.message, record.job_id, record.job_type) for record in records] == [
        ("inside", f"mine {job.id}", "email"),
        ("outside", "other", "other"),
    ]
