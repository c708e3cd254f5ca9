"""Two jobs of one number, on two databases or one after the other: none gets or changes what is the other's."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

CHANGES: dict[str, Callable[[Any], Any]] = {
    "update": lambda job: job.update(),
    "remove": lambda job: job.remove(),
    "inactive": lambda job: job.inactive(),
    "active": lambda job: job.active(),
    "complete": lambda job: job.complete(),
    "failed": lambda job: job.failed(),
    "delayed": lambda job: job.delayed(),
    "log": lambda job: job.log("mine"),
    "progress": lambda job: job.progress(1, 2),
    "set": lambda job: job.set("mine", 1),
    "error": lambda job: job.error("mine"),
    "send": lambda job: job.send("mine"),
    "get_field": lambda job: job.get_field("data"),
}
SOON = 8  # seconds: pending promises are looked up every ten


@pytest.fixture
def queue(make_queue: MakeQueue) -> Any:
    return make_queue(send=True)


def other_moment(queue: Any) -> None:
    """Jobs of the queue are created at another moment than those of others, whatever the clock says."""
    clock = queue.runtime.store.clock
    queue.runtime.store.clock = lambda: clock() + 1000


class TestTwoDatabases:
    @pytest.fixture
    def other(self, make_queue: MakeQueue, redis_url: str) -> Any:
        queue = make_queue(f"{redis_url}/1", send=True)
        other_moment(queue)
        return queue

    @pytest.mark.parametrize("remove", [False, True])
    def test_each_promise_gets_its_own_result(self, queue: Any, other: Any, remove: bool) -> None:
        gate = threading.Event()
        queue.process("email", lambda job: gate.wait() and "mine")
        other.process("email", lambda job: "the other's")
        mine, others = (one.create("email", remove_on_complete=remove).promise() for one in (queue, other))
        assert mine.job.id == others.job.id == 1
        assert others.result(10) == "the other's"
        assert not mine.done()
        gate.set()
        assert mine.result(10) == "mine"

    def test_each_listener_gets_the_events_of_its_own_job(self, queue: Any, other: Any) -> None:
        heard: list[Any] = []
        job = queue.create("email")
        for event in ("progress", "page", "failed", "complete", "remove"):
            job.on(event, lambda *args, event=event: heard.append((event, *args)))
        job.save()

        def work(job: Any) -> None:
            job.progress(1, 2)
            job.send("page", 1)
            raise ValueError("the other's")

        other.process("email", work)
        failed = other.create("email").promise()
        with pytest.raises(kue.JobFailed, match="the other's"):
            failed.result(10)
        failed.job.remove()
        queue.process("email", lambda job: job.progress(3, 4) and "mine")
        wait_until(lambda: len(heard) == 2)
        assert heard == [("progress", 75, None), ("complete", "mine")]

    def test_the_removal_of_one_job_settles_no_promise_of_the_other(self, queue: Any, other: Any) -> None:
        promise, removed = queue.create("email").promise(), other.create("email").promise()
        removed.job.remove()
        with pytest.raises(kue.JobRemoved):
            removed.result(SOON)
        queue.process("email", lambda job: "mine")
        assert promise.result(10) == "mine"

    def test_a_result_that_is_sent_resolves_the_promise_of_its_own_job(self, queue: Any, other: Any) -> None:
        promise = queue.create("email").promise()
        other.create("email").save().send("result", "the other's")
        queue.create("email").promise(timeout=0)  # something that is answered later
        queue.process("email", lambda job: "mine")
        assert promise.result(10) == "mine"


class TestOneAfterTheOther:
    """FLUSHALL, or a restart from an older snapshot, and Redis gives out the number again."""

    @pytest.fixture
    def again(self, queue: Any, client: Any) -> Callable[..., Any]:
        def save(**options: Any) -> Any:
            client.flushall()
            other_moment(queue)
            job = queue.create("email", "the second", **options).save()
            assert job.id == 1
            return job

        return save

    @pytest.mark.parametrize("remove", [False, True])
    def test_a_promise_of_a_job_that_vanished_raises_once_its_successor_ends(
        self, queue: Any, again: Callable[..., Any], remove: bool
    ) -> None:
        promise = queue.create("email", "the first", remove_on_complete=remove).promise()
        again()
        queue.process("email", lambda job: job.data)
        with pytest.raises(kue.JobRemoved) as caught:
            promise.result(SOON)
        assert caught.value.outcome_unknown is remove

    def test_a_listener_of_a_job_that_vanished_hears_nothing_of_its_successor(
        self, queue: Any, again: Callable[..., Any]
    ) -> None:
        first: list[Any] = []
        second: list[Any] = []
        queue.create("email", "the first").on("complete", first.append).save()
        again().on("complete", second.append)
        queue.process("email", lambda job: job.data)
        wait_until(lambda: second == ["the second"])
        wait_until(lambda: queue.runtime.hub._router.watched(must_settle=False) == [], SOON)
        assert first == []

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    @pytest.mark.parametrize("fetched", [False, True])
    def test_the_old_object_changes_nothing_of_the_successor(
        self, queue: Any, client: Any, again: Callable[..., Any], change: Any, fetched: bool
    ) -> None:
        job = queue.create("email", "the first").save()
        job = queue.job_class.get(job.id, queue=queue) if fetched else job
        again()
        before = client.hgetall("q:job:1")
        with pytest.raises(kue.JobNotFound, match="job 1 is gone, and another job has its number now") as caught:
            change(job)
        assert caught.value.id == 1
        assert client.hgetall("q:job:1") == before
        assert (queue.inactive(), client.exists("q:job:1:log")) == ([1], 0)

    def test_the_new_object_changes_its_job(self, queue: Any, again: Callable[..., Any]) -> None:
        queue.create("email", "the first").save()
        job = again()
        job.log("mine").progress(1, 2)
        job.update().failed().remove()
        assert queue.failed() == []

    def test_to_remove_a_job_that_is_gone_is_no_error(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save()
        client.flushall()
        job.remove()

    def test_nothing_is_compared_if_one_side_does_not_know_its_moment(self, queue: Any, client: Any) -> None:
        queue.create("email").save()
        client.hdel("q:job:1", "created_at")
        job = queue.job_class.get(1, queue=queue)
        assert job.created_at is None
        client.hset("q:job:1", "created_at", 5)
        assert job.log("one").update().get_field("data") == "{}"
        promise = job.promise()
        queue.process("email", lambda job: "done")
        assert promise.result(10) == "done"


def test_what_python_sends_costs_its_listeners_no_query(queue: Any, client: Any) -> None:
    queue.process("email", 5, lambda job: job.progress(1, 2) and job.data)
    client.config_resetstat()
    promises = [queue.create("email", n, remove_on_complete=n % 2 == 0).promise() for n in range(50)]
    assert [promise.result(10) for promise in promises] == list(range(50))
    calls = {name: stat["calls"] for name, stat in client.info("commandstats").items()}
    assert "cmdstat_hgetall" not in calls
    assert calls["cmdstat_exists"] == 50, "by the script that removes a job: are there unique keys, is it in the index"
