"""`job.promise()`: a Future that settles with the outcome of the job, however it ends."""

import asyncio
import concurrent.futures
import threading
from datetime import timedelta
from typing import Any

import pytest

import kue
import kue_send
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


@pytest.fixture
def queue(make_queue: MakeQueue) -> Any:
    """A queue of kue_send at the shared Redis."""
    return make_queue(send=True)


@pytest.fixture
def everywhere(make_queue: MakeQueue, backend: Any) -> Any:
    """A queue of kue_send on each kind of server."""
    return make_queue(backend, send=True)


class TestItResolves:
    def test_a_promise_resolves_with_the_result_that_was_sent(self, everywhere: Any) -> None:
        @everywhere.process("email")
        def work(job: Any) -> str:
            job.send("other", 0)
            job.send("result", {"pages": 12})
            job.send("result", "the second counts no more")
            return "returned"

        promise = everywhere.create("email").promise()
        assert isinstance(promise, concurrent.futures.Future)
        assert promise.result(10) == {"pages": 12}
        assert promise.job.id == 1
        wait_until(lambda: everywhere.complete() == [1])

    def test_a_promise_resolves_as_soon_as_the_result_was_sent(self, queue: Any) -> None:
        gate = threading.Event()

        @queue.process("email")
        def work(job: Any) -> None:
            job.send("result", 1)
            gate.wait()

        assert queue.create("email").promise().result(10) == 1
        assert queue.active_count() == 1
        gate.set()

    @pytest.mark.parametrize("value", [{"a": [1]}, [], 0, False, "", None, 2**60], ids=repr)
    def test_a_promise_resolves_with_what_the_handler_returned(self, everywhere: Any, value: Any) -> None:
        everywhere.process("email", lambda job: value)
        assert everywhere.create("email").promise().result(10) == value

    @pytest.mark.parametrize("value", [[], 0, False, "", None], ids=repr)
    def test_a_promise_resolves_with_a_falsy_value_that_was_sent(self, queue: Any, value: Any) -> None:
        queue.process("email", lambda job: job.send("result", value) or "returned")
        assert queue.create("email").promise().result(10) == value

    def test_a_promise_of_a_saved_job_resolves_in_every_process(self, queue: Any, make_queue: MakeQueue) -> None:
        gate = threading.Event()
        make_queue().process("email", lambda job: gate.wait() and "done")
        job = queue.create("email").save()
        promises = [job.promise(), job.promise(), queue.job_class.get(job.id, queue=queue).promise()]
        gate.set()
        assert [promise.result(10) for promise in promises] == ["done"] * 3

    @pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
    def test_a_promise_of_a_job_that_has_ended_settles(self, everywhere: Any, early_second_look: None) -> None:
        everywhere.process("email", lambda job, done: done(job.data.get("err"), "done"))
        good, bad = everywhere.create("email").save(), everywhere.create("email", {"err": "boom"}).save()
        wait_until(lambda: everywhere.complete_count() == everywhere.failed_count() == 1)
        promises = [good.promise(), bad.promise()]
        assert promises[0].result(10) == "done"
        with pytest.raises(kue.JobFailed, match="job 2 failed: boom"):
            promises[1].result(10)

    def test_a_job_with_a_promise_receives_its_events_too(self, queue: Any) -> None:
        heard: list[Any] = []
        queue.process("email", lambda job: job.progress(1, 2) and "done")
        job = queue.create("email").on("progress", heard.append).on("complete", heard.append)
        promise = job.promise()
        wait_until(lambda: len(heard) == 2)
        assert heard == [50, "done"] and promise.result(10) == "done"


class TestItRaises:
    def test_a_promise_raises_once_the_last_attempt_failed(self, everywhere: Any) -> None:
        runs: list[int] = []

        @everywhere.process("email")
        def work(job: Any) -> None:
            runs.append(job.attempts_made)
            raise LookupError(f"no address {job.attempts_made}")

        promise = everywhere.create("email", attempts=3).promise()
        with pytest.raises(kue.JobFailed, match="job 1 failed: no address 2") as caught:
            promise.result(10)
        assert runs == [0, 1, 2]
        assert (caught.value.id, caught.value.message) == (1, "no address 2")
        stack = caught.value.stack.splitlines()
        assert stack[0] == "LookupError: no address 2" and "in work" in stack[2]
        assert promise.exception(0) is caught.value

    def test_a_promise_resolves_if_a_retry_succeeds(self, queue: Any) -> None:
        @queue.process("email")
        def work(job: Any) -> int:
            if job.attempts_made < 2:
                raise ValueError("not yet")
            return int(job.attempts_made)

        assert queue.create("email", attempts=3).promise().result(10) == 2

    def test_a_promise_raises_if_the_job_is_removed(self, everywhere: Any) -> None:
        promise = everywhere.create("email").promise()
        promise.job.remove()
        with pytest.raises(kue.JobRemoved, match="job 1 was removed before it finished") as caught:
            promise.result(10)
        assert (caught.value.id, caught.value.outcome_unknown) == (1, False)

    def test_a_promise_of_a_job_that_removes_itself_resolves(self, everywhere: Any) -> None:
        everywhere.process("email", lambda job: "done")
        assert everywhere.create("email", remove_on_complete=True).promise().result(10) == "done"

    @pytest.mark.parametrize("timeout", [20, timedelta(milliseconds=20), 0])
    def test_a_promise_raises_when_its_time_is_up(self, queue: Any, timeout: Any) -> None:
        promise = queue.create("email").promise(timeout=timeout)
        with pytest.raises(kue.PromiseTimeout, match="job 1 did not settle within") as caught:
            promise.result(10)
        assert isinstance(caught.value, TimeoutError) and caught.value.id == 1
        wait_until(lambda: queue.runtime.hub._router.watched(must_settle=False) == [])
        queue.process("email", lambda job: "the job itself goes on")
        wait_until(lambda: queue.complete() == [1])

    def test_a_timeout_that_is_not_reached_does_nothing(self, queue: Any) -> None:
        queue.process("email", lambda job: "done")
        assert queue.create("email").promise(timeout=60_000).result(10) == "done"

    def test_waiting_for_a_promise_has_a_timeout_of_its_own(self, queue: Any) -> None:
        promise = queue.create("email").promise()
        with pytest.raises(TimeoutError):
            promise.result(0.01)
        assert not promise.done()
        queue.process("email", lambda job: "done")
        assert promise.result(10) == "done"

    @pytest.mark.parametrize("timeout", [-1, "soon", float("nan"), True])
    def test_a_bad_timeout_is_refused_before_the_job_is_saved(self, queue: Any, timeout: Any) -> None:
        with pytest.raises(kue.InvalidOption, match=f"timeout.*{timeout!r}"):
            queue.create("email").promise(timeout=timeout)
        assert queue.inactive() == []


class TestCancel:
    def test_a_cancelled_promise_stops_waiting_and_the_job_goes_on(self, queue: Any) -> None:
        promise = queue.create("email").promise()
        assert promise.cancel() and promise.cancelled()
        with pytest.raises(concurrent.futures.CancelledError):
            promise.result(10)
        assert queue.runtime.hub._router.watched(must_settle=False) == []
        queue.process("email", lambda job: "done")
        wait_until(lambda: queue.complete() == [1])

    def test_a_cancelled_promise_wakes_those_that_wait_for_several(self, queue: Any) -> None:
        before, after = queue.create("email").promise(), queue.create("email").promise()
        before.cancel()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            waits = pool.submit(concurrent.futures.wait, [before, after], 10)
            completes = pool.submit(lambda: set(concurrent.futures.as_completed([before, after], 10)))
            wait_until(lambda: len(after._waiters) == 2)
            after.cancel()
            assert waits.result().done == completes.result() == {before, after}

    def test_a_promise_that_many_threads_cancel_is_cancelled_once(
        self, queue: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(50):
            promise, together = queue.create("email").promise(), threading.Barrier(4)
            promise.add_done_callback(lambda promise: promise.cancel())

            def cancel(promise: Any = promise, together: threading.Barrier = together) -> bool:
                together.wait()
                return bool(promise.cancel())

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                assert all([one.result() for one in [pool.submit(cancel) for _ in range(4)]])
            assert concurrent.futures.wait([promise], 10).done == {promise}
        assert caplog.text == ""

    def test_cancelling_a_settled_promise_does_nothing(self, queue: Any) -> None:
        queue.process("email", lambda job: "done")
        promise = queue.create("email").promise()
        assert promise.result(10) == "done"
        assert not promise.cancel() and promise.result(0) == "done"


class TestAsAFuture:
    def test_asyncio_can_await_a_promise(self, queue: Any) -> None:
        queue.process("email", 2, lambda job, done: done(job.data.get("err"), "done"))

        async def main() -> Any:
            good = asyncio.wrap_future(queue.create("email").promise())
            bad = asyncio.wrap_future(queue.create("email", {"err": "boom"}).promise())
            return await asyncio.gather(good, bad, return_exceptions=True)

        good, bad = asyncio.run(main())
        assert good == "done" and isinstance(bad, kue.JobFailed)

    def test_a_promise_that_asyncio_cancels_is_cancelled(self, queue: Any) -> None:
        promise = queue.create("email").promise()

        async def main() -> None:
            await asyncio.wait_for(asyncio.wrap_future(promise), 0.01)

        with pytest.raises(TimeoutError):
            asyncio.run(main())
        assert promise.cancelled()
        assert concurrent.futures.wait([promise], 10).done == {promise}

    def test_the_tools_of_concurrent_futures_take_a_promise(self, queue: Any) -> None:
        queue.process("email", 4, lambda job: job.data["n"])
        promises = [queue.create("email", {"n": n}).promise() for n in range(20)]
        assert sorted(p.result() for p in concurrent.futures.as_completed(promises, 10)) == list(range(20))
        assert concurrent.futures.wait(promises, 10).not_done == set()

    @pytest.mark.parametrize(("count", "slots"), [(300, 5), pytest.param(3_000, 50, marks=pytest.mark.slow)])
    def test_many_promises_at_once_get_their_own_results(
        self, queue: Any, make_queue: MakeQueue, count: int, slots: int
    ) -> None:
        make_queue().process("email", slots, lambda job: job.data)
        jobs = queue.save_all([queue.create("email", n) for n in range(count // 2)])
        promises = [job.promise() for job in jobs]
        promises += [queue.create("email", n).promise(timeout=600_000) for n in range(count // 2, count)]
        assert [promise.result(60) for promise in promises] == list(range(count))
        wait_until(lambda: queue.runtime.hub._router.watched(must_settle=False) == [])


def test_kue_itself_has_neither_send_nor_promise(queue: Any, make_queue: MakeQueue) -> None:
    plain = make_queue()
    for job in (plain.create("email"), plain.create("email").save(), kue.Job.get(1, queue=plain)):
        assert type(job) is kue.Job
        assert not hasattr(job, "send") and not hasattr(job, "promise")
    seen: list[Any] = []
    plain.process("email", seen.append)
    wait_until(lambda: seen)
    assert type(seen[0]) is kue.Job
    assert type(kue_send.Job.get(1, queue=queue)) is kue_send.Job


def test_the_process_wide_queues_are_two(redis_url: str) -> None:
    with kue.create_queue(redis=redis_url) as one, kue_send.create_queue(redis=redis_url) as other:
        assert one is kue.create_queue() and other is kue_send.create_queue() and one is not other
        assert (type(one), type(other)) == (kue.Queue, kue_send.Queue)
        other.create("email").save().send("step")
        assert type(kue_send.Job.get(1)) is kue_send.Job and type(kue.Job.get(1)) is kue.Job
