"""Middleware and threads: short handlers stay on the I/O thread, and interrupts, signals and forks do no harm."""

import asyncio
import functools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.helpers import wait_until
from tests.integration.middleware import Around, Forms, tenant
from tests.integration.script import run_script

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run(redis_url: str) -> Run:
    return functools.partial(run_script, redis_url)


def work_off(queue: Any, count: int) -> None:
    before = queue.complete_count()
    queue.save_all(queue.create("email") for _ in range(count))
    wait_until(lambda: queue.complete_count() == before + count)


@pytest.mark.parametrize("form", ["plain", "done"])
def test_short_handlers_stay_on_the_io_thread(queue: Any, form: str) -> None:
    where: Counter[str] = Counter()

    @queue.use
    def note(job: Any) -> Iterator[None]:
        where[threading.current_thread().name] += 1
        yield
        where[threading.current_thread().name] += 1

    with Forms(lambda job: None) as forms:
        queue.process("email", 4, getattr(forms, form))
        deadline = time.monotonic() + 20
        while not where["kue-io"]:
            assert time.monotonic() < deadline
            work_off(queue, 50)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_short_handler_with_a_slow_middleware_runs_on_threads_of_its_own(queue: Any, when: str) -> None:
    where: Counter[str] = Counter()

    @queue.use
    def slow(job: Any) -> Iterator[None]:
        where[threading.current_thread().name] += 1
        if when == "before":
            time.sleep(0.001)
        yield
        if when == "after":
            time.sleep(0.001)

    queue.process("email", 4, lambda job: None)
    work_off(queue, 200)
    assert where == {"kue-handler": 200}


def test_that_of_a_coroutine_runs_on_the_event_loop_though_another_thread_calls_done(queue: Any) -> None:
    around, over = queue.use(Around()), threading.Event()

    async def handler(job: Any, done: Any) -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        task.add_done_callback(lambda task: loop.call_soon(over.set))

        def end() -> None:
            assert over.wait(10)
            done(None, 1)

        threading.Thread(target=end).start()

    queue.process("email", handler)
    queue.create("email").save()
    around.check("result")
    assert [thread.name for thread in around.entered + around.left] == ["kue-asyncio"] * 2


@pytest.mark.parametrize("form", ["plain", "done", "coroutine", "nested"])
def test_a_generator_sees_the_variables_that_the_handler_has_set(queue: Any, form: str) -> None:
    seen: list[Any] = []

    @queue.use
    def look(job: Any) -> Iterator[None]:
        tenant.set("of the generator")
        yield
        seen.append(tenant.get())

    def act(job: Any) -> None:
        seen.append(tenant.get())
        tenant.set("of the handler")

    with Forms(act) as forms:
        queue.process("email", getattr(forms, form))
        queue.create("email").save()
        wait_until(lambda: len(seen) == 2)
    assert seen == ["of the generator", "of the handler"]


@pytest.mark.parametrize("problem", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("form", ["plain", "coroutine", "future", "done_later"])
def test_an_exit_in_a_generator_fails_its_job_and_ends_no_thread_of_the_queue(
    queue: Any, form: str, when: str, problem: type[BaseException]
) -> None:
    broken = [True]

    @queue.use
    def leave(job: Any) -> Iterator[None]:
        if when == "before" and broken:
            raise problem("exit")
        yield
        if broken:
            raise problem("exit")

    with Forms(lambda job: None) as forms:
        queue.process("email", getattr(forms, form))
        for n in range(1, 4):
            job = queue.create("email").save()
            wait_until(lambda n=n: queue.failed_count() == n)
            assert queue.get(job.id).error().startswith(f"{problem.__name__}: exit")
        broken.clear()
        work_off(queue, 3)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["ctrl-c", "exit", "closed"])
def test_an_interrupt_of_the_main_thread_that_calls_done_reaches_it(run: Run, way: str) -> None:
    told = run(f"""
        import logging, signal, time
        logging.disable()
        dones = []
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a job that a shell runs in the background ignores it
        if {way!r} == "exit":
            signal.signal(signal.SIGINT, lambda number, frame: sys.exit(3))
        queue.on("error", lambda problem: tell(reported=type(problem.__cause__).__name__))

        @queue.use
        def interrupted(job):
            try:
                yield
            finally:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(20)

        queue.process("email", lambda job, done: dones.append(done))
        job = queue.create("email").save()
        wait_until(lambda: queue.workers[0].run and queue.workers[0].run.cancel)  # the handler has returned
        middleware = queue.workers[0].run.middleware
        if {way!r} == "closed":
            queue.workers[0].run.abandoned = True
        try:
            dones[0](None, 1)
        except BaseException as problem:
            tell(raised=type(problem).__name__)
        wait_until(lambda: queue.complete_count() + queue.failed_count())
        tell(state=queue.get(job.id).state(), error=(queue.get(job.id).error() or "").partition("\\n")[0])
        queue.shutdown()
    """)
    kind = "SystemExit" if way == "exit" else "KeyboardInterrupt"
    error = "SystemExit: 3" if way == "exit" else "KeyboardInterrupt"
    if way == "closed":
        (reported, raised, state) = sorted(told, key=lambda facts: next(iter(facts)) != "reported")
        assert (reported, raised) == ({"reported": kind}, {"raised": kind})
        assert state == {"state": "complete", "error": ""}
    else:
        assert told == [{"raised": kind}, {"state": "failed", "error": error}]


@pytest.mark.slow
def test_a_signal_handler_calls_done_while_its_thread_does(run: Run) -> None:
    told = run("""
        import signal
        from collections import Counter
        left, dones = Counter(), []

        @queue.use
        def note(job):
            yield
            left[job.id] += 1
            sum(range(2000))

        def some(number=0, frame=None):
            for _ in range(3):
                if dones:
                    done = dones.pop()
                    done(None, 1)
                    done(None, 2)

        queue.process("email", 50, lambda job, done: dones.append(done))
        signal.signal(signal.SIGALRM, some)
        jobs = queue.save_all(queue.create("email") for _ in range(2000))
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        wait_until(lambda: some() or queue.complete_count() == 2000, 50)
        signal.setitimer(signal.ITIMER_REAL, 0)
        tell(once=set(left.values()) == {1}, all=len(left) == 2000, failed=queue.failed_count())
        queue.shutdown()
    """)
    assert told == [{"once": True, "all": True, "failed": 0}]


LEAVES = {
    "return": 'return "by the child"',
    "raise": 'raise ValueError("boom")',
    "done": 'done(None, "by the child")',
    "done before": "return",
}


@pytest.mark.slow
@pytest.mark.parametrize("way", LEAVES)
def test_the_generators_of_a_handler_that_forks_are_left_by_the_parent_only(run: Run, way: str) -> None:
    told = run(f"""
        import gc
        sys.stderr = open(os.devnull, "w")  # where the thread of the child says why it ends
        parent = os.getpid()

        @queue.use
        def note(job):
            try:
                yield
            finally:
                tell(left_by="the parent" if os.getpid() == parent else "the child")

        def work(job, done=None):
            if {way!r} == "done before":
                done(None, "by the parent")
            pid = os.fork()
            if not pid:
                {LEAVES[way]}
            os.waitpid(pid, 0)
            if done is None:
                return "by the parent"
            done(None, "by the parent")

        queue.process("email", (lambda job, done: work(job, done)) if "done" in {way!r} else (lambda job: work(job)))
        tell(result=queue.create("email").promise().result(30))
        queue.shutdown()
    """)
    assert told == [{"left_by": "the parent"}, {"result": "by the parent"}]


@pytest.mark.slow
def test_a_child_that_calls_done_is_refused_at_once(run: Run) -> None:
    told = run("""
        @queue.use
        def note(job):
            yield
            tell(left=True)

        def end(done):
            try:
                done(None, "by the child")
            except kue.ForkedChild as problem:
                tell(refused=str(problem))

        def work(job, done):
            ended(forked(lambda: end(done)))
            done(None, "by the parent")

        queue.process("email", work)
        tell(result=queue.create("email").promise().result(30))
        queue.shutdown()
    """)
    refusal = "the run of job 1 is ended by the process that this one was forked from"
    assert told == [{"refused": refusal}, {"left": True}, {"result": "by the parent"}]


@pytest.mark.slow
def test_a_forked_child_has_the_middleware_of_its_queue(run: Run) -> None:
    told = run("""
        @queue.use
        def note(job):
            tell(by="parent" if os.getpid() == parent else "child")
            yield

        parent = os.getpid()

        def work():
            queue.process("email", lambda job: None)
            queue.create("email").save()
            wait_until(lambda: queue.complete_count() == 1)
            queue.shutdown()

        ended(forked(work))
        queue.shutdown()
    """)
    assert told == [{"by": "child"}]
