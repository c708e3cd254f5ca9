"""Every form a handler can have: what it returns, what it gives to `done`, now or later, from any thread."""

import asyncio
import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


def plain(job: Any) -> Any:
    return job.data


def with_default(job: Any, factor: int = 2) -> Any:
    return job.data


def by_done(job: Any, done: Any) -> None:
    done(None, job.data)


def by_done_with_names(job: Any, done: Any) -> str:
    done(result=job.data)
    return "what it returns does not count"


def by_done_later(job: Any, done: Any) -> None:
    threading.Thread(target=done, args=(None, job.data)).start()


def with_context(job: Any, ctx: Any, done: Any) -> None:
    assert isinstance(ctx, kue.Context)
    done(None, job.data)


async def coroutine(job: Any) -> Any:
    await asyncio.sleep(0)
    return job.data


async def coroutine_of_coroutine(job: Any) -> Any:
    return coroutine(job)


async def coroutine_of_task(job: Any) -> Any:
    return asyncio.get_running_loop().create_task(coroutine_of_coroutine(job))


async def coroutine_of_executor(job: Any) -> Any:
    return asyncio.get_running_loop().run_in_executor(None, lambda: job.data)


async def coroutine_of_future(job: Any) -> Any:
    return future(job)


def future_of_coroutine(job: Any) -> Any:
    return ThreadPoolExecutor(1).submit(lambda: coroutine(job))


async def coroutine_by_done(job: Any, done: Any) -> None:
    await asyncio.sleep(0)
    done(None, job.data)


async def coroutine_with_context(job: Any, ctx: Any, done: Any) -> None:
    asyncio.get_running_loop().call_soon(done, None, job.data)


def future(job: Any) -> Any:
    return ThreadPoolExecutor(1).submit(lambda: job.data)


def settled_future(job: Any) -> Any:
    settled: Future[Any] = Future()
    settled.set_result(job.data)
    return settled


def awaitable(job: Any) -> Any:
    return coroutine(job)


def custom_awaitable(job: Any) -> Any:
    class Custom:
        def __await__(self) -> Any:
            return coroutine(job).__await__()

    return Custom()


async def asyncio_future(job: Any) -> Any:
    loop = asyncio.get_running_loop()
    settled = loop.create_future()
    loop.call_soon(settled.set_result, job.data)
    return await settled


class Callables:
    """Callable objects, and the methods of one."""

    def __call__(self, job: Any) -> Any:
        return job.data

    def method(self, job: Any, done: Any) -> None:
        done(None, job.data)

    async def coroutine_method(self, job: Any) -> Any:
        return job.data

    @staticmethod
    def static(job: Any) -> Any:
        return job.data


class AsyncCallable:
    async def __call__(self, job: Any) -> Any:
        await asyncio.sleep(0)
        return job.data


FORMS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        *(plain, with_default, by_done, by_done_with_names, by_done_later, with_context, coroutine),
        *(coroutine_by_done, coroutine_with_context, future, settled_future, awaitable, custom_awaitable),
        *(asyncio_future, coroutine_of_coroutine, coroutine_of_task, coroutine_of_executor, coroutine_of_future),
        future_of_coroutine,
    )
} | {
    "lambda": lambda job: job.data,
    "object": Callables(),
    "bound method": Callables().method,
    "bound coroutine method": Callables().coroutine_method,
    "static method": Callables.static,
    "async object": AsyncCallable(),
    "partial": functools.partial(lambda prefix, job: job.data, "prefix"),
    "partial by keyword": functools.partial(lambda job, prefix: job.data, prefix="prefix"),
    "partial of a coroutine": functools.partial(lambda prefix, job: coroutine(job), "prefix"),
    "partial of a coroutine function": functools.partial(coroutine),
    "star": lambda job, *rest, **more: job.data,
}
VALUES = [{"a": [1, None, 2**60]}, [], {}, 0, False, "", "é", 0.5, True, None]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_completes_with_its_result(queue: Any, form: str) -> None:
    heard: list[Any] = []
    queue.process("email", 4, FORMS[form])
    jobs = queue.save_all([queue.create("email", {"value": v}).on("complete", heard.append) for v in VALUES])
    wait_until(lambda: queue.complete_count() == len(VALUES) == len(heard))
    assert sorted(heard, key=repr) == sorted([{"value": v} for v in VALUES], key=repr)
    assert [Job.get(job.id, queue=queue).result for job in jobs] == [{"value": v} for v in VALUES]


# whose results, unlike those of FORMS, may be falsy
RETURN_A_VALUE: dict[str, Callable[..., Any]] = {
    "plain": lambda job: VALUES[job.data["n"]],
    "by_done": lambda job, done: done(None, VALUES[job.data["n"]]),
    "coroutine": lambda job: coroutine(SimpleNamespace(data=VALUES[job.data["n"]])),
    "future": lambda job: settled_future(SimpleNamespace(data=VALUES[job.data["n"]])),
}


@pytest.mark.parametrize("form", RETURN_A_VALUE)
def test_falsy_results_are_kept(queue: Any, form: str) -> None:
    queue.process("email", RETURN_A_VALUE[form])
    for number, value in enumerate(VALUES):
        heard: list[Any] = []
        job = queue.create("email", {"n": number}).on("complete", heard.append).save()
        wait_until(lambda heard=heard, value=value: heard == [value])
        assert type(heard[0]) is type(value)
        assert Job.get(job.id, queue=queue).result == value
        assert (job.get_field("result") is None) == (value is None)


def test_handlers_of_each_form_complete_their_jobs_on_every_server(everywhere: Any) -> None:
    for form in ("plain", "by_done_later", "coroutine", "future"):
        everywhere.process(form, 3, FORMS[form])
        jobs = everywhere.save_all([everywhere.create(form, {"n": n}) for n in range(30)])
        wait_until(lambda form=form: everywhere.complete_count(form) == 30)
        assert [Job.get(job.id, queue=everywhere).result for job in jobs] == [{"n": n} for n in range(30)]


def test_a_handler_that_returns_its_own_job_has_no_result(queue: Any) -> None:
    heard: list[Any] = []
    queue.process("email", lambda job: job.log("fluent to the end"))
    job = queue.create("email").on("complete", heard.append).save()
    wait_until(lambda: heard == [None])
    assert job.get_field("result") is None


class TestDone:
    def test_a_job_is_active_until_done_is_called(self, queue: Any) -> None:
        kept: list[Any] = []
        queue.process("email", lambda job, done: kept.append(done))
        job = queue.create("email").save()
        wait_until(lambda: kept)
        assert Job.get(job.id, queue=queue).state() == "active"
        kept[0](None, "later")
        wait_until(lambda: queue.complete() == [job.id])
        assert Job.get(job.id, queue=queue).result == "later"

    def test_only_the_first_call_of_done_counts(self, queue: Any, errors: list[BaseException]) -> None:
        @queue.process("email")
        def work(job: Any, done: Any) -> None:
            done(None, "first")
            done("second")
            done(None, "third")
            raise ValueError("fourth")

        job = queue.create("email").save()
        wait_until(lambda: queue.complete() == [job.id])
        queue.create("email").save()
        wait_until(lambda: queue.complete_count() == 2)
        found = Job.get(job.id, queue=queue)
        assert (found.result, found.error(), found.attempts_made) == ("first", None, 1)
        wait_until(lambda: len(errors) == 2)
        assert all("raised ValueError: fourth after" in str(problem) for problem in errors)
        errors.clear()

    def test_an_exception_before_done_is_called_fails_the_job(self, queue: Any) -> None:
        def work(job: Any, done: Any) -> None:
            raise ValueError("boom")

        queue.process("email", work)
        job = queue.create("email").save()
        wait_until(lambda: queue.failed() == [job.id])

    @pytest.mark.parametrize("form", ["plain", "coroutine", "future"])
    def test_an_exception_after_done_is_reported_once_and_changes_nothing(
        self, make_queue: MakeQueue, errors: list[BaseException], caplog: pytest.LogCaptureFixture, form: str
    ) -> None:
        queue, other = make_queue(), make_queue()

        def plain(job: Any, done: Any) -> None:
            done(None, "result")
            raise ValueError("boom")

        async def coroutine(job: Any, done: Any) -> None:
            plain(job, done)

        def future(job: Any, done: Any) -> Any:
            return ThreadPoolExecutor(1).submit(plain, job, done)

        queue.process("email", {"plain": plain, "coroutine": coroutine, "future": future}[form])
        job = queue.create("email").save()
        wait_until(lambda: errors)
        queue.shutdown()
        (problem,) = errors
        assert str(problem) == "the handler of job 1 raised ValueError: boom after the job's outcome, which stands"
        assert isinstance(problem, kue.KueError) and isinstance(problem.__cause__, ValueError)
        told = [record for record in caplog.records if record.name == "kue"]
        assert [(record.levelname, record.message) for record in told] == [("ERROR", str(problem))]
        assert told[0].exc_info is not None and told[0].exc_info[1] is problem.__cause__
        found = Job.get(job.id, queue=other)
        assert (found.state(), found.result, found.error()) == ("complete", "result", None)
        errors.clear()

    def test_a_late_call_of_done_changes_nothing_of_the_next_run(self, queue: Any, client: Any) -> None:
        kept: list[Any] = []
        queue.process("email", lambda job, done: kept.append(done))
        first = queue.create("email", attempts=2).save()
        wait_until(lambda: len(kept) == 1)
        kept[0]("try again")
        wait_until(lambda: len(kept) == 2)
        kept[0](None, "from the first run")
        kept[1](None, "from the second")
        wait_until(lambda: queue.complete() == [first.id])
        assert Job.get(first.id, queue=queue).result == "from the second"


class TestDecorator:
    def test_process_gives_the_function_back(self, queue: Any) -> None:
        def work(job: Any) -> str:
            return "done"

        assert queue.process("email")(work) is work
        assert queue.process("pdf", work) is work
        assert queue.process("sms", 3, work) is work
        assert [worker.type for worker in queue.workers] == ["email", "pdf", "sms", "sms", "sms"]

    def test_a_handler_may_call_its_own_function(self, queue: Any) -> None:
        @queue.process("email", 2)
        def work(job: Any) -> Any:
            return job.data if isinstance(job, Job) else work(job)

        job = queue.create("email", [1]).save()
        wait_until(lambda: queue.complete() == [job.id])
