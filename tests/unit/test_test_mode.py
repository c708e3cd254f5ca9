"""Test mode collects saved jobs for assertions, and leaves Redis alone unless jobs shall really run."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import fakeredis
import pytest

import kue
import kue_send
from kue.errors import InvalidOption
from tests.helpers import keyspace


@pytest.fixture
def client() -> Iterator[fakeredis.FakeRedis]:
    with fakeredis.FakeRedis(server=fakeredis.FakeServer()) as client:
        yield client


@pytest.fixture
def queue(client: fakeredis.FakeRedis) -> Iterator[kue.Queue]:
    with kue.Queue(redis=client, job_flags={"email": {"attempts": 5}}) as queue:
        yield queue


def said(queue: kue.Queue) -> list[tuple[Any, ...]]:
    return [(job.id, job.type, job.data) for job in queue.test_mode.jobs]


def test_saved_jobs_are_collected_in_order_and_redis_stays_empty(queue: kue.Queue, client: Any) -> None:
    queue.test_mode.enter()
    first = queue.create("email", {"to": "tj"}, priority="high").save()
    second = queue.create("pdf").delay(500).on("complete", print).save()
    assert queue.test_mode.jobs == [first, second]
    assert said(queue) == [(1, "email", {"to": "tj"}), (2, "pdf", {})]
    assert (first.priority(), first.attempts(), second.delay()) == (-10, 5, 500)
    assert keyspace(client) == {}


def test_a_job_that_is_only_created_is_not_collected(queue: kue.Queue) -> None:
    queue.test_mode.enter()
    queue.create("email")
    assert queue.test_mode.jobs == []


def test_saving_again_and_updating_collect_nothing_more(queue: kue.Queue, client: Any) -> None:
    queue.test_mode.enter()
    job = queue.create("email").save()
    job.priority("low").save()
    job.data = {"changed": True}
    assert job.update() is job
    assert said(queue) == [(1, "email", {"changed": True})]
    assert keyspace(client) == {}


CHANGES: dict[str, Callable[[kue.Job], Any]] = {
    "update": kue.Job.update,
    "save": kue.Job.save,
    "remove": kue.Job.remove,
    "state": lambda job: job.state("failed"),
    "complete": kue.Job.complete,
    "log": lambda job: job.log("sent"),
    "progress": lambda job: job.progress(1, 2),
    "set": lambda job: job.set("attempts", 3),
    "error": lambda job: job.error("bounced"),
    "on": lambda job: job.on("complete", print),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_collected_job_does_not_touch_the_job_that_has_its_id_in_redis(
    queue: kue.Queue, client: Any, change: str
) -> None:
    assert queue.create("email").save().id == 1
    before = keyspace(client)
    queue.test_mode.enter()
    job = queue.create("pdf").save()
    queue.test_mode.exit()
    assert job.id == 1
    assert CHANGES[change](job) is job
    assert keyspace(client) == before
    assert not any(thread.name == "kue-events" for thread in threading.enumerate())


def test_a_collected_job_knows_its_own_state(queue: kue.Queue) -> None:
    queue.create("email").save()
    queue.test_mode.enter()
    job = queue.create("pdf").save()
    assert (job.state(), job.get_field("type")) == ("inactive", None)
    assert (job.failed().state(), job.error("bounced").error(), job.progress(1, 2).progress()) == (
        "failed",
        "bounced",
        50,
    )


def test_save_all_collects_its_jobs(queue: kue.Queue, client: Any) -> None:
    queue.test_mode.enter()
    jobs = [queue.create("email", {"n": n}) for n in range(3)]
    assert queue.save_all(jobs) == jobs == queue.test_mode.jobs
    assert [job.id for job in jobs] == [1, 2, 3]
    assert keyspace(client) == {}
    with pytest.raises(InvalidOption, match="not saved yet"):
        queue.save_all(jobs)


@pytest.mark.parametrize("together", [False, True])
def test_with_process_a_job_is_collected_and_really_saved(queue: kue.Queue, client: Any, together: bool) -> None:
    client.set("q:ids", 40)
    queue.test_mode.enter(process=True)
    jobs = [queue.create("email", {"n": n}) for n in range(2)]
    if together:
        queue.save_all(jobs)
    else:
        for job in jobs:
            job.save()
    assert queue.test_mode.jobs == jobs
    assert [job.id for job in jobs] == [41, 42]
    assert queue.inactive() == [41, 42]
    jobs[0].priority("high").update()
    assert client.hget("q:job:41", "priority") == b"-10"
    assert len(queue.test_mode.jobs) == 2


def test_jobs_are_saved_again_after_exit_and_collected_ones_stay_until_clear(queue: kue.Queue) -> None:
    queue.test_mode.enter(process=True)
    queue.create("email").save()
    queue.test_mode.exit()
    queue.create("email").save()
    queue.save_all([queue.create("email")])
    assert queue.inactive() == [1, 2, 3]
    assert said(queue) == [(1, "email", {})]
    queue.test_mode.clear()
    assert queue.test_mode.jobs == []


def test_enter_without_process_only_collects_even_after_enter_with_it(queue: kue.Queue, client: Any) -> None:
    queue.test_mode.enter(process=True)
    queue.test_mode.enter()
    queue.create("email").save()
    assert said(queue) == [(1, "email", {})]
    assert keyspace(client) == {}


def test_the_list_of_collected_jobs_stays_the_same_object(queue: kue.Queue) -> None:
    jobs = queue.test_mode.jobs
    queue.test_mode.enter()
    queue.create("email").save()
    assert len(jobs) == 1
    queue.test_mode.clear()
    assert jobs == [] and queue.test_mode.jobs is jobs


def test_each_queue_has_a_test_mode_of_its_own(queue: kue.Queue, client: Any) -> None:
    with kue.Queue(redis=client) as other:
        queue.test_mode.enter()
        other.create("email").save()
        assert (queue.test_mode.jobs, other.test_mode.jobs) == ([], [])
        assert other.inactive() == [1]


@pytest.mark.parametrize("is_saved_before", [True, False])
def test_the_promise_of_a_collected_job_times_out_and_needs_no_redis(is_saved_before: bool) -> None:
    with kue_send.Queue(redis="redis://127.0.0.1:1") as queue:
        queue.test_mode.enter()
        job = queue.create("email")
        if is_saved_before:
            job.save()
        promise = job.promise(timeout=20)
        assert queue.test_mode.jobs == [job]
        with pytest.raises(kue_send.PromiseTimeout):
            promise.result(10)


def test_the_promise_of_a_collected_job_may_have_any_timeout_and_be_cancelled() -> None:
    with kue_send.Queue(redis="redis://127.0.0.1:1") as queue:
        queue.test_mode.enter()
        promise = queue.create("email").promise(timeout=2**52)
        timers = [thread for thread in threading.enumerate() if thread.name == "kue-timeout"]
        assert len(timers) == 1 and timers[0].is_alive()
        assert promise.cancel()
        timers[0].join(10)
        assert not timers[0].is_alive()


def test_with_process_the_job_of_a_triggered_schedule_is_collected_too(queue: kue.Queue) -> None:
    queue.test_mode.enter(process=True)
    job = queue.every("1 hour", queue.create("report")).trigger()
    assert queue.test_mode.jobs == [job] and job.id == 1
    assert queue.get(1).schedule_name == "report"
