"""Handlers of every form that do the same thing, and middleware that notes what it sees."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import kue
from tests.helpers import wait_until

FORMS = ("plain", "context", "done", "done_later", "coroutine", "coroutine_done", "awaitable", "nested", "future")
tenant: contextvars.ContextVar[Any] = contextvars.ContextVar("tenant", default=None)


class Handled(Exception):
    """What a handler raises."""


def raise_it(problem: BaseException) -> Any:
    raise problem


class Forms(AbstractContextManager["Forms"]):
    """Handlers that each do `act(job)`: what it returns is their result, and what it raises they fail with."""

    def __init__(self, act: Callable[[Any], Any]) -> None:
        self.act = act
        self.pool = ThreadPoolExecutor(2)

    def __exit__(self, *exc: object) -> None:
        self.pool.shutdown()

    def plain(self, job: Any) -> Any:
        return self.act(job)

    def context(self, job: Any, ctx: Any, done: Any) -> None:
        assert isinstance(ctx, kue.Context)
        self.done(job, done)

    def done(self, job: Any, done: Any) -> None:
        try:
            result = self.act(job)
        except BaseException as problem:
            done(problem)
        else:
            done(None, result)

    def done_later(self, job: Any, done: Any) -> None:
        threading.Thread(target=self.done, args=(job, done), name="of-the-handler").start()

    async def coroutine(self, job: Any) -> Any:
        await asyncio.sleep(0)
        return self.act(job)

    async def coroutine_done(self, job: Any, done: Any) -> None:
        threading.Thread(target=self.done, args=(job, done), name="of-the-handler").start()
        await asyncio.sleep(0.001)

    def awaitable(self, job: Any) -> Any:
        return self.coroutine(job)

    async def nested(self, job: Any) -> Any:
        return self.coroutine(job)

    def future(self, job: Any) -> Future[Any]:
        return self.pool.submit(self.act, job)


class Noted:
    """A middleware that notes the results and exceptions that reach it, and passes them on."""

    def __init__(self, name: str = "", log: list[Any] | None = None) -> None:
        self.name = name
        self.log: list[Any] = [] if log is None else log
        self.results: list[Any] = []
        self.raised: list[BaseException] = []
        self.closed = 0

    def __call__(self, job: Any) -> Iterator[None]:
        self.log.append(f"{self.name} before")
        try:
            self.results.append((yield))
            self.log.append(f"{self.name} result")
        except GeneratorExit:
            self.closed += 1
            self.log.append(f"{self.name} closed")
            raise
        except BaseException as problem:
            self.raised.append(problem)
            self.log.append(f"{self.name} {type(problem).__name__}")
            raise


def ended(queue: Any, type: str = "email", **options: Any) -> Any:
    """Save a job, wait until it has ended or waits to run again, and return it as Redis has it then."""
    job = queue.create(type, **options).save()
    return wait_until(lambda: (found := queue.get(job.id)).state() in ("complete", "failed", "delayed") and found)


class Around:
    """A middleware that notes where it was entered and how it was left, and whether both are the same place."""

    def __init__(self) -> None:
        self.entered: list[threading.Thread] = []
        self.left: list[threading.Thread] = []
        self.how: list[str] = []
        self.problems: list[object] = []

    def __call__(self, job: Any) -> Iterator[None]:
        self.entered.append(threading.current_thread())
        token = tenant.set(job.id)
        try:
            yield
            self.how.append("result")
        except BaseException as problem:
            self.how.append(type(problem).__name__)
            raise
        finally:
            try:
                assert kue.current_job() is job
                tenant.reset(token)  # raises in any other context
                assert tenant.get() is None
            except Exception as problem:
                self.problems.append(problem)
            self.left.append(threading.current_thread())

    def check(self, how: str, count: int = 1) -> None:
        """Wait until it was left so many times, each in the context that it was entered in."""
        wait_until(lambda: len(self.left) == count)
        assert self.problems == [] and self.how == [how] * count


class Gate:
    """Handlers that wait until they are let go."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.waiting = threading.Event()

    def __call__(self) -> str:
        self.waiting.set()
        assert self.open.wait(20)
        return "late"
