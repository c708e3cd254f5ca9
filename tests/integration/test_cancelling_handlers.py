"""Handlers of every form whose job is cancelled."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.middleware import Around, Gate
from tests.integration.test_cancelling_runs import HANDLER_SECONDS, HOUR, until_cancelled
from tests.integration.test_stats import sums


def fails(job: Any) -> None:
    with contextlib.suppress(kue.Cancelled):
        until_cancelled(job)
    raise ValueError("its own error")


def snoozes(job: Any) -> None:
    with contextlib.suppress(kue.Cancelled):
        until_cancelled(job)
    raise kue.Snooze(HOUR)


def says_done(job: Any, done: Any) -> None:
    def say() -> None:
        wait_until(lambda: job.cancelled, HANDLER_SECONDS)
        done("a text")

    threading.Thread(target=say).start()


async def sleeps(job: Any) -> None:
    await asyncio.sleep(HANDLER_SECONDS)


def gives_coroutine(job: Any) -> Any:
    return sleeps(job)


def gives_future(job: Any) -> Any:
    return Future[None]()


async def raises_own(job: Any) -> None:
    try:
        await asyncio.sleep(HANDLER_SECONDS)
    except asyncio.CancelledError:
        raise ValueError("in the cleanup") from None


FORMS: list[Callable[..., Any]] = [fails, snoozes, says_done, sleeps, gives_coroutine, gives_future, raises_own]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_of_handler_ends_as_cancelled(queue: Any, frequent_mail: None, form: Callable[..., Any]) -> None:
    queue.process("export", form)
    job = queue.create("export", attempts=5).save()
    wait_until(lambda: queue.active() == [job.id])
    assert job.cancel("stop") == "active"
    wait_until(lambda: queue.failed() == [job.id])
    found = queue.get(job.id)
    assert (found.error(), found.attempts_made) == ("Cancelled: stop", 1)
    assert [run["outcome"] for run in found.runs] == ["cancelled"]


def test_a_coroutine_that_returns_after_it_was_cancelled_completes_its_job(queue: Any, frequent_mail: None) -> None:
    began = threading.Event()

    async def returns(job: Any) -> str:
        began.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(HANDLER_SECONDS)
        return "half of it"

    queue.process("export", returns)
    job = queue.create("export").save()
    assert began.wait(10)
    job.cancel()
    wait_until(lambda: queue.complete() == [job.id])
    assert queue.get(job.id).result == "half of it"


def test_a_future_that_runs_ends_by_itself(queue: Any, frequent_mail: None) -> None:
    with ThreadPoolExecutor(1) as threads:
        queue.process("export", lambda job: threads.submit(until_cancelled, job))
        job = queue.create("export").save()
        wait_until(lambda: queue.active() == [job.id])
        job.cancel()
        wait_until(lambda: queue.failed() == [job.id])


ENDS: dict[str, Callable[[Any, Any], Any]] = {
    "cancel": lambda queue, job: job.cancel(),
    "ttl": lambda queue, job: job.ttl(1).update(),
    "shutdown": lambda queue, job: queue.shutdown(1, "export"),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("around", [False, True], ids=["alone", "with middleware"])
def test_a_future_that_takes_long_to_be_cancelled_and_raises_holds_up_no_other_job(
    queue: Any, frequent_mail: None, gate: Gate, errors: list[BaseException], around: bool, end: str
) -> None:
    class Stubborn(Future[None]):
        def cancel(self) -> bool:
            gate()
            raise SystemExit(3)

    if around:
        queue.use(Around())
    future = Stubborn()
    queue.process("export", lambda job: future)
    queue.process("import", lambda job: None)
    job = queue.create("export", ttl=HOUR).save()
    wait_until(lambda: queue.active() == [job.id] and future._done_callbacks)
    ENDS[end](queue, job)
    assert gate.waiting.wait(10)
    other = queue.create("import").save()
    wait_until(lambda: queue.complete() == [other.id])
    gate.open.set()
    wait_until(lambda: errors)
    assert f"the Future of job {job.id} raised SystemExit: 3 when it was cancelled" in str(errors.pop())
    future.set_exception(ValueError("late"))
    wait_until(lambda: queue.failed() == [job.id])


def test_a_future_that_a_handler_returns_past_its_ttl_is_cancelled(queue: Any, gate: Gate) -> None:
    future = Future[None]()

    def returns_late(job: Any) -> Any:
        gate()
        return future

    queue.process("export", returns_late)
    job = queue.create("export", ttl=1).save()
    wait_until(lambda: queue.failed() == [job.id])
    gate.open.set()
    wait_until(future.cancelled)


def test_a_run_that_is_cancelled_before_its_handler_returns_a_coroutine_cancels_that(
    queue: Any, frequent_mail: None
) -> None:
    def returns_late(job: Any) -> Any:
        wait_until(lambda: job.cancelled, HANDLER_SECONDS)
        return sleeps(job)

    queue.process("export", returns_late)
    job = queue.create("export").save()
    wait_until(lambda: queue.active() == [job.id])
    job.cancel()
    wait_until(lambda: queue.failed() == [job.id])


def test_a_cancelled_run_is_logged_and_no_error(
    queue: Any, frequent_mail: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kue.run")
    queue.process("export", until_cancelled)
    queue.process("import", fails)
    export, imported = queue.create("export").save(), queue.create("import").save()
    wait_until(lambda: queue.active_count() == 2)
    export.cancel("stop")
    imported.cancel("stop")
    wait_until(lambda: queue.failed_count() == 2)
    records = {record.job_type: record for record in caplog.records if "was cancelled" in record.getMessage()}
    assert (records["export"].levelname, records["export"].exc_info) == ("INFO", None)
    assert records["import"].levelname == "WARNING" and records["import"].exc_info[0] is ValueError


@pytest.mark.parametrize("end", ["error", "ttl"])
def test_the_log_says_that_a_run_was_cancelled_though_its_process_had_not_learned_of_it(
    queue: Any, gate: Gate, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr("kue.worker.mail._EVERY_SECONDS", 1e6)

    def handler(job: Any) -> None:
        gate()
        raise ValueError("its own error")

    queue.process("export", handler)
    job = queue.create("export", attempts=3, ttl=HOUR).save()
    assert gate.waiting.wait(10)
    queue.cancel_by_id(job.id, "stop")
    if end == "error":
        gate.open.set()
    else:
        job.ttl(1).update()
    wait_until(lambda: queue.failed() == [job.id])
    wait_until(lambda: caplog.messages and caplog.messages[-1].endswith(": Cancelled: stop"))
    assert caplog.records[-1].levelname == "WARNING" and "TTL exceeded" not in caplog.text


def test_cancelled_jobs_are_counted_whether_they_waited_or_ran(queue: Any, frequent_mail: None) -> None:
    queue.process("export", until_cancelled)
    running = queue.create("export").save()
    wait_until(lambda: queue.active() == [running.id])
    others = queue.save_all(queue.create("export") for _ in range(4))
    others[0].cancel()
    queue.cancel_by_id(others[1].id)
    assert queue.cancel_all("export") == 3
    wait_until(lambda: queue.failed_count() == 5)
    wait_until(lambda: sums(queue, "export") == {"created": 5, "started": 1, "cancelled": 5})
