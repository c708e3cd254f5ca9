"""`on`, `once` and `off`, as methods and decorators; listeners that take less, raise, wait, or come late."""

import functools
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import named, wait_until
from tests.integration.conftest import MakeQueue


@pytest.fixture
def working(queue: Any) -> Any:
    """A queue whose jobs complete with their data."""
    queue.process("email", 2, lambda job: job.data)
    return queue


class Listener:
    """Remembers its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *args: Any) -> None:
        self.calls.append(args)

    def method(self, result: Any) -> None:
        self.calls.append(("method", result))


class TestRegistering:
    def test_on_once_and_off_return_the_object(self, working: Any) -> None:
        a, b = Listener(), Listener()
        job = working.create("email")
        assert job.on("complete", a).once("complete", b).off("failed").on("failed", a) is job
        assert working.on("job complete", a).once("job complete", b).off("job failed", a) is working
        job.save()
        wait_until(lambda: len(a.calls) == len(b.calls) == 2)
        # which of a job's and a queue's listeners comes first depends on how soon the save is answered
        assert sorted(a.calls, key=len) == sorted(b.calls, key=len) == [({},), (job.id, {})]

    def test_on_and_once_decorate_a_function(self, working: Any) -> None:
        heard: list[Any] = []
        by_queue: list[Any] = []  # before the job's own listeners where the reply to the save comes after the event

        @working.on("job complete")
        def of_queue(id: int, result: Any) -> None:
            by_queue.append((id, result))

        job = working.create("email")

        @job.on("complete")
        def of_job(result: Any) -> None:
            heard.append(result)

        @job.once("start")
        def started() -> None:
            heard.append("started")

        job.save()
        wait_until(lambda: len(heard) == 2 and by_queue)
        assert (heard, by_queue) == (["started", {}], [(job.id, {})])
        of_job("still a function")
        assert heard[-1] == "still a function"

    def test_a_listener_added_by_once_is_called_once(self, working: Any) -> None:
        always, once = Listener(), Listener()
        working.on("job complete", always).once("job complete", once)
        working.save_all([working.create("email") for _ in range(20)])
        wait_until(lambda: len(always.calls) == 20)
        assert once.calls == always.calls[:1]

    def test_off_forgets_one_or_all(self, queue: Any) -> None:
        a, b, c = Listener(), Listener(), Listener()
        job = queue.create("email").on("nudge", a).on("nudge", b).once("nudge", c)
        job.emit("nudge", 1)
        job.off("nudge", a).emit("nudge", 2)
        job.off("nudge")
        assert job.emit("nudge", 3) is False
        assert (a.calls, b.calls, c.calls) == ([(1,)], [(1,), (2,)], [(1,)])
        assert job.off("nudge", a).off("never heard of", b) is job

    def test_the_same_listener_twice_is_called_twice(self, queue: Any) -> None:
        a = Listener()
        job = queue.create("email").on("nudge", a).on("nudge", a)
        job.emit("nudge")
        assert len(a.calls) == 2
        job.off("nudge", a).emit("nudge")
        assert len(a.calls) == 3

    def test_listeners_are_called_in_order_on_a_thread_of_their_own(self, working: Any) -> None:
        heard: list[tuple[int, str]] = []
        job = working.create("email")
        for n in range(10):
            job.on("complete", lambda result, n=n: heard.append((n, threading.current_thread().name)))
        job.save()
        wait_until(lambda: len(heard) == 10)
        assert heard == [(n, "kue-listeners") for n in range(10)]

    @pytest.mark.parametrize(
        ("listener", "heard"),
        [
            (lambda calls: lambda: calls.append(()), ()),
            (lambda calls: lambda a: calls.append((a,)), (50,)),
            (lambda calls: lambda a, b: calls.append((a, b)), (50, {"n": 1})),
            (lambda calls: lambda a, b, c: calls.append((a, b, c)), (50, {"n": 1}, None)),
            (lambda calls: lambda a, b=0, c=7: calls.append((a, b, c)), (50, {"n": 1}, 7)),
            (lambda calls: lambda *args: calls.append(args), (50, {"n": 1})),
            (lambda calls: lambda a, *args, **more: calls.append((a, args, more)), (50, ({"n": 1},), {})),
            (lambda calls: lambda a=0, *, b=1: calls.append((a, b)), (50, 1)),
            (lambda calls: functools.partial(lambda x, a: calls.append((x, a)), "x"), ("x", 50)),
        ],
        ids=["none", "one", "two", "three", "defaults", "star", "star and more", "keyword", "partial"],
    )
    def test_a_listener_gets_as_many_arguments_as_it_takes(
        self, queue: Any, listener: Callable[..., Any], heard: tuple[Any, ...]
    ) -> None:
        calls: list[Any] = []
        job = queue.create("email").on("progress", listener(calls)).save()
        job.progress(1, 2, {"n": 1})
        wait_until(lambda: calls)
        assert calls == [heard]

    @pytest.mark.parametrize("unusable", [7, "print", [], lambda *, needed: None], ids=named)
    def test_a_listener_that_cannot_be_called_is_refused(self, queue: Any, client: Any, unusable: Any) -> None:
        async def coroutine(result: Any) -> None:
            pass

        for bad in (unusable, coroutine):
            job = queue.create("email")
            for method, event in ((queue.on, "job complete"), (queue.once, "job complete"), (job.on, "complete")):
                with pytest.raises(kue.InvalidHandler, match="listener"):
                    method(event, bad)
        assert client.pubsub_numsub("q:events")[0][1] == 0


class TestRaising:
    @pytest.mark.parametrize("problem", [ValueError("boom"), SystemExit("boom"), GeneratorExit("boom")], ids=named)
    def test_an_exception_of_a_listener_is_reported_and_the_others_still_run(
        self, working: Any, errors: list[BaseException], caplog: pytest.LogCaptureFixture, problem: BaseException
    ) -> None:
        def bad() -> None:
            raise problem

        good = Listener()
        for n in range(2):
            job = working.create("email", {"n": n}).on("complete", bad).on("complete", good).save()
            wait_until(lambda n=n: len(good.calls) == n + 1, message=f"the other listener of job {job.id}")
        wait_until(lambda: len(errors) == 2)
        assert [type(error) for error in errors] == [kue.ListenerError] * 2
        assert [error.__cause__ for error in errors] == [problem, problem]
        assert "'complete' on job 1" in str(errors[0]) and "boom" in str(errors[0])
        logged = [record for record in caplog.records if record.name == "kue"]
        assert [record.levelno for record in logged] == [logging.ERROR] * 2
        errors.clear()

    def test_an_exception_of_a_listener_of_the_queue_is_reported(
        self, working: Any, errors: list[BaseException]
    ) -> None:
        good = Listener()
        working.on("job complete", lambda: 1 / 0).on("job complete", good)
        job = working.create("email").save()
        wait_until(lambda: good.calls == [(job.id, {})] and len(errors) == 1)
        assert "'job complete'" in str(errors.pop())

    def test_a_listener_of_error_that_raises_is_only_logged(
        self, working: Any, errors: list[BaseException], caplog: pytest.LogCaptureFixture
    ) -> None:
        working.on("error", lambda problem: 1 / 0)
        done = Listener()
        working.create("email").on("complete", lambda: 1 / 0).on("complete", done).save()
        wait_until(lambda: done.calls and len(errors) == 1)
        wait_until(lambda: len([r for r in caplog.records if r.name == "kue"]) == 2)
        errors.clear()

    def test_an_error_event_without_listeners_raises_nothing(
        self, redis_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with kue.Queue(redis=redis_url) as queue:
            done = Listener()
            queue.create("email").on("enqueue", lambda: 1 / 0).on("enqueue", done).save()
            wait_until(lambda: done.calls)
            assert queue.emit("error", ValueError("said by the application")) is False
        assert "ZeroDivisionError" in caplog.text


class TestComingLate:
    def test_a_listener_added_by_another_receives_what_comes_after_its_event(self, make_queue: MakeQueue) -> None:
        """Though it came while the other one was called, or before."""
        queue, heard, over = make_queue(send=True), [], threading.Event()
        job = queue.create("email").on("complete", over.set)

        @job.on("start")
        def started() -> None:
            assert promise.result(10) is None  # settled by the thread that all events come to
            job.on("progress", heard.append)

        promise = job.promise()

        @queue.process("email")
        def work(job: Any) -> None:
            for n in range(1, 6):
                job.progress(n, 5)

        assert over.wait(10)
        assert heard == [20, 40, 60, 80, 100]

    def test_a_listener_added_after_the_end_gets_the_outcome_once(self, working: Any) -> None:
        for times in range(1, 4):
            job = working.create("email", {"n": times}).save()
            wait_until(lambda job=job: job.id in working.complete())
            late, fresh = Listener(), Listener()
            job.on("complete", late)
            Job.get(job.id, queue=working).on("complete", fresh).on("failed", fresh)
            wait_until(lambda late=late, fresh=fresh: late.calls and fresh.calls)
            job.on("progress", print)  # another look at the same job brings no second outcome
            assert late.calls == fresh.calls == [({"n": times},)]

    def test_a_listener_learns_of_a_failed_job_once_it_is_clear_that_it_stays_failed(
        self, queue: Any, early_second_look: None
    ) -> None:
        queue.process("email", lambda job, done: done("boom"))
        job = queue.create("email").save()
        wait_until(lambda: queue.failed() == [job.id])
        late = Listener()
        Job.get(job.id, queue=queue).on("failed", late).on("complete", late)
        wait_until(lambda: late.calls)
        assert late.calls == [("boom",)]

    def test_a_listener_of_a_removed_job_receives_nothing_and_is_forgotten(self, queue: Any) -> None:
        job = queue.create("email").save()
        job.remove()
        late = Listener()
        job.on("complete", late).on("remove", late)
        wait_until(lambda: not queue.runtime.hub._router.watched(must_settle=False))
        assert late.calls == []

    def test_a_listener_added_while_the_job_runs_receives_the_rest(self, queue: Any) -> None:
        gate = threading.Event()
        queue.process("email", lambda job: gate.wait() and "done")
        job = queue.create("email").save()
        wait_until(lambda: queue.active_count() == 1)
        late = Listener()
        job.on("complete", late)
        gate.set()
        wait_until(lambda: late.calls == [("done",)])

    def test_a_listener_added_at_the_moment_of_the_end_receives_it_once(self, make_queue: MakeQueue) -> None:
        queue = make_queue()
        queue.process("email", 4, lambda job: job.data)
        all_of_them: list[Listener] = []
        for n in range(200):
            job = queue.create("email", n).save()
            for _ in range(n % 20 * 50):
                pass  # another moment each time
            listeners = [Listener() for _ in range(3)]
            for listener in listeners:
                job.on("complete", listener)
            all_of_them += listeners
        wait_until(lambda: all(listener.calls for listener in all_of_them))
        assert [listener.calls for listener in all_of_them] == [[(n,)] for n in range(200) for _ in range(3)]


class TestWhatListenersMayDo:
    def test_a_listener_may_wait_for_redis_and_create_jobs(self, working: Any) -> None:
        heard: list[int] = []

        def next_one(id: int) -> None:
            heard.append(id)
            if id < 20:
                working.create("email").save()

        working.on("job complete", next_one)
        working.create("email").save()
        wait_until(lambda: heard == list(range(1, 21)))

    def test_a_listener_may_add_and_remove_listeners(self, working: Any) -> None:
        heard: list[str] = []

        def first() -> None:
            heard.append("first")
            working.off("job complete", first).on("job complete", lambda: heard.append("second"))

        working.on("job complete", first)
        for n in range(1, 4):
            working.create("email").save()
            wait_until(lambda n=n: len(heard) == n)
        assert heard == ["first", "second", "second"]
