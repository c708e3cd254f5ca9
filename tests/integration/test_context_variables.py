"""Context variables: each run and each call of a listener has its own, and none of them is seen elsewhere."""

import asyncio
import contextvars
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

tenant: contextvars.ContextVar[Any] = contextvars.ContextVar("tenant", default=None)


class Handlers:
    """Handlers of every form. Each notes the tenant that it finds, and leaves its own behind."""

    def __init__(self) -> None:
        self.found: list[Any] = []
        self.kept: list[bool] = []
        self.pool = ThreadPoolExecutor(2)

    def note(self, job: Any) -> None:
        self.found.append(tenant.get())
        tenant.set(job.id)

    def plain(self, job: Any) -> None:
        self.note(job)

    def blocking(self, job: Any) -> None:
        self.note(job)
        threading.Event().wait(0.0005)  # too long for the I/O thread

    def with_done(self, job: Any, done: Any) -> None:
        self.note(job)
        done()

    async def coroutine(self, job: Any) -> None:
        self.note(job)
        await asyncio.sleep(0)
        self.kept.append(tenant.get() == job.id)

    def awaitable(self, job: Any) -> Any:
        """Returns a coroutine, which sees what the plain function has set."""

        async def rest() -> None:
            self.kept.append(tenant.get() == job.id)
            tenant.set("of the coroutine")
            await asyncio.sleep(0)

        self.note(job)
        return rest()

    def future(self, job: Any) -> Future[None]:
        self.note(job)
        return self.pool.submit(lambda: None)


FORMS = ("plain", "blocking", "with_done", "coroutine", "awaitable", "future")


@pytest.mark.parametrize("form", FORMS)
def test_a_run_sees_no_variable_of_another_run_of_its_type_or_of_another(make_queue: MakeQueue, form: str) -> None:
    queue, handlers = make_queue(), Handlers()
    queue.process(["email", "pdf"], 2, getattr(handlers, form))
    queue.process("other", 2, handlers.coroutine)
    queue.save_all(queue.create(type) for _ in range(50) for type in ("email", "pdf", "other"))
    wait_until(lambda: queue.complete_count() + queue.failed_count() == 150)
    handlers.pool.shutdown()
    assert queue.failed_count() == 0
    assert handlers.found == [None] * 150
    assert all(handlers.kept) and len(handlers.kept) == (150 if form in ("coroutine", "awaitable") else 50)


def test_a_coroutine_sees_no_variable_of_the_plain_handler_that_woke_the_event_loop(queue: Any) -> None:
    """The plain handler of one job returns a coroutine, and the same wake-up of the loop starts that of another."""
    handlers = Handlers()
    seen_by_loop: list[Any] = []

    async def other(job: Any) -> None:
        seen_by_loop.append(tenant.get())
        asyncio.get_running_loop().call_soon(lambda: seen_by_loop.append(tenant.get()))
        await asyncio.sleep(0.001)

    queue.process("email", 4, handlers.awaitable)
    queue.process("other", 4, other)
    queue.save_all(queue.create(type) for _ in range(100) for type in ("email", "other"))
    wait_until(lambda: queue.complete_count() == 200)
    assert seen_by_loop == [None] * 200


def test_a_listener_sees_no_variable_of_another_listener_or_of_an_earlier_event(queue: Any) -> None:
    found: list[Any] = []

    def first(*args: Any) -> None:
        found.append(tenant.get())
        tenant.set("of the first listener")

    def second(*args: Any) -> None:
        found.append(tenant.get())
        tenant.set("of the second listener")

    queue.on("job complete", first).on("job complete", second)
    queue.process("email", Handlers().plain)
    for n in range(1, 4):
        queue.create("email").on("complete", first).on("complete", second).save()
        wait_until(lambda n=n: len(found) == 4 * n)
    assert found == [None] * 12


def test_a_listener_of_error_sees_no_variable_of_the_listener_that_raised(
    queue: Any, errors: list[BaseException]
) -> None:
    found: list[Any] = []

    def raises(*args: Any) -> None:
        tenant.set("of the listener that raises")
        raise ValueError("boom")

    queue.on("job complete", raises).on("error", lambda problem: found.append(tenant.get()))
    queue.process("email", lambda job: None)
    queue.create("email").save()
    wait_until(lambda: found)
    assert found == [None] and len(errors) == 1
    errors.clear()


def test_a_listener_that_is_called_by_emit_sees_the_callers_variables_and_changes_none(queue: Any) -> None:
    found: list[Any] = []

    def listener() -> None:
        found.append(tenant.get())
        tenant.set("of the listener")

    def call() -> None:
        tenant.set("of the caller")
        queue.on("mine", listener).on("mine", listener).emit("mine")
        found.append(tenant.get())

    contextvars.Context().run(call)
    assert found == ["of the caller"] * 3


def test_a_callback_of_a_promise_sees_no_variable_of_another_callback(make_queue: MakeQueue) -> None:
    queue, gate = make_queue(send=True), threading.Event()
    found: list[Any] = []

    def callback(promise: Any) -> None:
        found.append(tenant.get())
        tenant.set(promise.job.id)

    queue.process("email", 3, lambda job: gate.wait())
    for promise in [queue.create("email").promise() for _ in range(3)]:
        promise.add_done_callback(callback)
        promise.add_done_callback(callback)
    gate.set()
    wait_until(lambda: len(found) == 6)
    assert found == [None] * 6
