"""Whatever owns a thread starts and stops twenty times in a row, twice, in two threads, and leaves nothing behind."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

import kue
import kue_send
from kue.common.clock import TimeBudget
from kue.events.dispatcher import Dispatcher
from kue.events.subscriber import Subscriber
from kue.maintenance.duties import working_duties
from kue.maintenance.ticker import Ticker
from kue.runtime import Runtime
from kue.worker.context import Context
from kue.worker.execution.event_loop import EventLoopThread
from kue.worker.execution.handler_threads import HandlerThreads
from kue.worker.handler import Handler
from kue.worker.lease import Lease
from kue.worker.pool import Pool
from kue.worker.pulse import Pulse
from tests.helpers import wait_until
from tests.stress.leaks import held, wait_for_no_more_than

TIMES = 20
PASSES = 2
THREADS = 2
Cycle = Callable[[], None]
Lend = Callable[[], contextlib.AbstractContextManager[Runtime]]

pytestmark = pytest.mark.slow


def hammer(cycle: Cycle, client: "redis.Redis", times: int = TIMES) -> None:
    """So many cycles in a row in each of two threads, twice; what is held afterwards is what was held before."""
    cycle()  # what a process makes once and keeps is made
    before = held(client)

    def in_a_row() -> None:
        for _ in range(times):
            cycle()

    for _ in range(PASSES):
        with ThreadPoolExecutor(THREADS, thread_name_prefix="hammer") as threads:
            for done in [threads.submit(in_a_row) for _ in range(THREADS)]:
                done.result()
        wait_for_no_more_than(before, client)


@pytest.fixture(autouse=True)
def unlogged(caplog: pytest.LogCaptureFixture) -> None:
    """Captured records keep the exceptions that were logged alive, and all that these refer to."""
    caplog.set_level(logging.CRITICAL + 1, logger="kue")


@pytest.fixture
def lend(redis_url: str) -> Lend:
    """Lends a runtime with connections of its own, closed when the cycle is over."""

    @contextlib.contextmanager
    def lend() -> Iterator[Runtime]:
        with kue.Queue(redis=redis_url) as queue:
            yield queue.runtime

    return lend


def test_a_queue_with_workers_and_listeners_leaves_nothing_behind(redis_url: str, client: "redis.Redis") -> None:
    def cycle() -> None:
        completed = threading.Event()
        type = f"type {threading.get_ident()}"
        with kue.Queue(redis=redis_url) as queue:
            queue.on("job complete", lambda id: completed.set())
            queue.process(type, 3, lambda job: job.id)
            queue.create(type).save()
            assert completed.wait(10)

    hammer(cycle, client)


def test_a_queue_with_coroutines_and_promises_leaves_nothing_behind(redis_url: str, client: "redis.Redis") -> None:
    async def handle(job: kue_send.Job) -> int | None:
        return job.id

    def cycle() -> None:
        type = f"type {threading.get_ident()}"
        with kue_send.Queue(redis=redis_url) as queue:
            queue.process(type, 3, handle)
            job = queue.create(type)
            assert job.promise().result(10) == job.id

    hammer(cycle, client)


def test_a_queue_that_only_saves_leaves_nothing_behind(redis_url: str, client: "redis.Redis") -> None:
    def cycle() -> None:
        with kue.Queue(redis=redis_url) as queue:
            queue.create("email").save()
            assert queue.client.ping()

    hammer(cycle, client)


def test_a_queue_that_watches_stuck_jobs_leaves_nothing_behind(redis_url: str, client: "redis.Redis") -> None:
    def cycle() -> None:
        with kue.Queue(redis=redis_url) as queue:
            queue.watch_stuck_jobs(1)

    hammer(cycle, client)


def test_a_queue_with_a_recurring_job_leaves_nothing_behind(redis_url: str, client: "redis.Redis") -> None:
    def cycle() -> None:
        with kue.Queue(redis=redis_url) as queue:
            queue.every("1 hour", queue.create(f"type {threading.get_ident()}"))

    hammer(cycle, client)


def test_a_queue_whose_server_is_away_leaves_nothing_behind(client: "redis.Redis") -> None:
    def cycle() -> None:
        reported = threading.Event()
        queue = kue.Queue(redis="redis://127.0.0.1:1")
        queue.on("error", lambda problem: reported.set())
        queue.process("email", 2, lambda job: None)
        assert reported.wait(10)
        queue.shutdown(0)

    hammer(cycle, client)


def test_the_hub_leaves_nothing_behind(lend: Lend, client: "redis.Redis") -> None:
    def cycle() -> None:
        with lend() as runtime:
            runtime.hub.listen()
            runtime.hub.dispatcher.post(lambda: None)
            runtime.hub.stop(TimeBudget(10))

    hammer(cycle, client)


def subscriber_of(runtime: Runtime, heard: threading.Event) -> Subscriber:
    return Subscriber(
        runtime.store.connections, runtime.store.commands, runtime.error_reporter, lambda raw: heard.set(), lambda: None
    )


def test_the_subscriber_leaves_nothing_behind(lend: Lend, client: "redis.Redis") -> None:
    def cycle() -> None:
        heard = threading.Event()
        with lend() as runtime:
            subscriber = subscriber_of(runtime, heard)
            subscriber.ensure()
            runtime.store.connections.call("PUBLISH", "q:events", "x")
            assert heard.wait(10)
            subscriber.stop()

    hammer(cycle, client)


def test_a_subscriber_stopped_while_it_starts_leaves_nothing_behind(lend: Lend, client: "redis.Redis") -> None:
    def cycle() -> None:
        with lend() as runtime:
            subscriber = subscriber_of(runtime, threading.Event())
            subscriber.start()
            subscriber.stop()

    hammer(cycle, client)


def test_the_dispatcher_leaves_nothing_behind(client: "redis.Redis") -> None:
    def cycle() -> None:
        calls: list[int] = []
        dispatcher = Dispatcher(name="kue-listeners")
        for n in range(3):
            dispatcher.post(calls.append, n)
        dispatcher.stop()
        assert calls == [0, 1, 2]

    hammer(cycle, client)


def test_the_pool_and_its_io_loop_leave_nothing_behind(lend: Lend, client: "redis.Redis") -> None:
    def cycle() -> None:
        ran, patience = threading.Event(), TimeBudget(10)
        type = f"type {threading.get_ident()}"
        with lend() as runtime:
            pool = Pool(runtime, kue.Job, Context)
            pool.add([type], 2, Handler(lambda job: ran.set()))
            kue.Job(runtime, type).save()
            assert ran.wait(10)
            pool.drain(5, None, patience, requeue=False)
            pool.stop(patience)
            pool.end_lease(patience)

    hammer(cycle, client)
    assert client.zcard("q:py:workers") == 0


def test_a_pool_stopped_while_it_starts_leaves_nothing_behind(lend: Lend, client: "redis.Redis") -> None:
    def cycle() -> None:
        patience = TimeBudget(10)
        with lend() as runtime:
            pool = Pool(runtime, kue.Job, Context)
            pool.add(["email"], 2, Handler(lambda job: None))
            pool.stop(patience)
            pool.end_lease(patience)

    hammer(cycle, client)
    assert client.zcard("q:py:workers") == 0


def test_the_ticker_leaves_nothing_behind(lend: Lend, client: "redis.Redis") -> None:
    def cycle() -> None:
        came = threading.Event()
        with lend() as runtime:
            ticker = Ticker(working_duties(runtime), runtime.error_reporter, runtime.store.clock)
            ticker.start()
            ticker.add(Once(came))
            assert came.wait(10)
            ticker.stop()

    hammer(cycle, client)


class Once:
    """A duty that tells when its turn has come."""

    interval = 0.001

    def __init__(self, came: threading.Event) -> None:
        self._came = came

    def run_once(self, now: int) -> bool:
        self._came.set()
        return False


@pytest.mark.parametrize("in_the_start", [False, True])
def test_the_pulse_with_the_lease_leaves_nothing_behind(lend: Lend, client: "redis.Redis", in_the_start: bool) -> None:
    def cycle() -> None:
        renewed = threading.Event()
        name = f"kue:host:{threading.get_ident()}-ab"
        with lend() as runtime:
            lease = Lease(runtime, name, dict, int, lambda lapsed: renewed.set())
            pulse = Pulse(runtime.store, [lease], runtime.error_reporter)
            pulse.start()
            assert in_the_start or (renewed.wait(10) and lease.is_valid)
            lease.give_up()
            for _ in range(2):
                pulse.stop()
            assert not lease.is_valid

    hammer(cycle, client)
    assert client.zcard("q:py:workers") == 0


def test_the_event_loop_thread_leaves_nothing_behind(client: "redis.Redis") -> None:
    def cycle() -> None:
        called = threading.Event()
        loop = EventLoopThread()
        loop.call(called.set)
        assert called.wait(10)
        loop.stop()

    hammer(cycle, client)


def test_the_handler_threads_leave_nothing_behind(client: "redis.Redis") -> None:
    def cycle() -> None:
        runs = [Stub() for _ in range(3)]
        executed: list[Any] = []
        handler_threads = HandlerThreads(executed.append, lambda run, problem: None)
        for run in runs:
            handler_threads.submit(run)  # type: ignore[arg-type]
        wait_until(lambda: len(executed) == 3 and not any(run.executing for run in runs))
        handler_threads.stop()

    hammer(cycle, client)


class Stub:
    """As much of a run as the handler threads know."""

    executing = False
