"""Hot jobs: `hotjob=True` makes a promise of a job with its save, in kue_send only."""

import asyncio
import concurrent.futures
from datetime import timedelta
from typing import Any

import pytest

import kue
import kue_send
from kue.store.store import Store
from tests.helpers import keyspace, wait_until
from tests.integration.conftest import MakeQueue


@pytest.fixture
def queue(make_queue: MakeQueue) -> Any:
    return make_queue(send=True)


def test_a_hot_job_has_a_promise_once_it_is_saved(make_queue: MakeQueue, backend: Any) -> None:
    queue = make_queue(backend, send=True)
    queue.process("email", lambda job: job.data)
    job = queue.create("email", 5, hotjob=True)
    assert job.hotjob_promise is None
    assert job.save() is job
    assert isinstance(job.hotjob_promise, kue_send.Promise)
    assert job.hotjob_promise.result(10) == 5
    assert (job.hotjob_promise.job.state(), job.hotjob_promise.job.result) == ("complete", 5)


def test_other_jobs_have_none(queue: Any) -> None:
    queue.process("email", lambda job: 5)
    plain, off = queue.create("email").save(), queue.create("email", hotjob=False, hotjob_timeout=500).save()
    queue.save_all(more := [queue.create("email")])
    assert [job.hotjob_promise for job in (plain, off, *more)] == [None] * 3
    assert queue.get(1).hotjob_promise is None
    assert queue.runtime.hub._router.watched(must_settle=False) == []


def test_save_all_makes_a_promise_of_each_hot_job_among_others(queue: Any) -> None:
    queue.process("email", 4, lambda job: job.data)
    jobs = queue.save_all([queue.create("email", n, hotjob=n % 2 == 0) for n in range(600)])
    assert [n for n, job in enumerate(jobs) if job.hotjob_promise is not None] == list(range(0, 600, 2))
    promises = [job.hotjob_promise for job in jobs[::2]]
    assert concurrent.futures.wait(promises, 30).not_done == set()
    assert [promise.result() for promise in promises] == list(range(0, 600, 2))


def test_a_hot_job_of_a_key_that_is_held_has_a_promise_of_the_job_that_holds_it(queue: Any) -> None:
    first = queue.create("email", 5).unique("order:7").save()
    again = queue.create("email", 6, unique="order:7", hotjob=True).save()
    [third] = queue.save_all([queue.create("email", 7, unique="order:7", hotjob=True)])
    queue.process("email", lambda job: job.data)
    assert (again.id, third.id, again.existing) == (first.id, first.id, True)
    assert [job.hotjob_promise.result(10) for job in (again, third)] == [5, 5]


def test_asyncio_waits_for_hot_jobs(queue: Any) -> None:
    queue.process("email", 4, lambda job: job.data**2)
    jobs = queue.save_all([queue.create("email", n, hotjob=True) for n in range(5)])

    async def main() -> list[int]:
        return await asyncio.gather(*(asyncio.wrap_future(job.hotjob_promise) for job in jobs))

    assert asyncio.run(main()) == [0, 1, 4, 9, 16]


def test_a_hot_job_that_fails_rejects_its_promise(queue: Any) -> None:
    queue.process("email", lambda job, done: done("boom"))
    with pytest.raises(kue.JobFailed, match="job 1 failed: boom"):
        queue.create("email", hotjob=True).save().hotjob_promise.result(10)


@pytest.mark.parametrize("timeout", [30, timedelta(milliseconds=30)], ids=str)
def test_the_promise_of_a_hot_job_times_out(queue: Any, timeout: Any) -> None:
    job = queue.create("email").hotjob(True).hotjob_timeout(timeout).save()
    with pytest.raises(kue.PromiseTimeout, match="job 1 did not settle within 30 ms"):
        job.hotjob_promise.result(10)
    assert queue.inactive() == [1]


def test_the_time_of_a_hot_job_is_ten_seconds_from_when_it_is_due(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "now", lambda self: 1_000_000)
    queue.runtime.store.clock = lambda: 1_000_400  # the save took so long
    at_once, later = (queue.create("email", hotjob=True, delay=delay).save() for delay in (None, 60_000))
    own = queue.create("email", hotjob=True, hotjob_timeout=5000, delay=60_000).save()
    assert [job.hotjob_promise._timeout for job in (at_once, later, own)] == [10_000, 69_600, 64_600]


def test_flags_and_defaults_make_jobs_hot(make_queue: MakeQueue) -> None:
    by_type = make_queue(send=True, job_flags={"email": {"hotjob": True, "hotjob_timeout": 5000}})
    email, pdf = by_type.create("email").save(), by_type.create("pdf").save()
    assert email.hotjob_promise._timeout == 5000 and pdf.hotjob_promise is None
    by_default = make_queue(send=True, job_defaults={"hotjob": True})
    assert by_default.create("pdf").save().hotjob_promise is not None
    assert by_default.create("pdf", hotjob=False).save().hotjob_promise is None


def test_the_options_of_hot_jobs_are_not_stored(queue: Any, client: Any) -> None:
    job = queue.create("email", hotjob=True, hotjob_timeout=5000).save()
    assert [name for name in keyspace(client)["q:job:1"] if "hot" in name] == []
    assert (queue.get(job.id).hotjob(), queue.get(job.id).hotjob_timeout()) == (False, 10_000)


def test_a_hot_job_that_is_saved_again_keeps_its_promise(queue: Any) -> None:
    job = queue.create("email", hotjob=True).save()
    promise = job.hotjob_promise
    job.data = 7
    assert job.save().hotjob_promise is promise
    queue.process("email", lambda job: job.data)
    assert promise.result(10) == 7


def test_a_hot_job_may_have_another_promise_and_listeners(queue: Any) -> None:
    heard: list[Any] = []
    job = queue.create("email", hotjob=True).on("complete", heard.append)
    promise = job.promise()
    queue.process("email", lambda job: 5)
    assert promise is not job.hotjob_promise
    assert (promise.result(10), job.hotjob_promise.result(10)) == (5, 5)
    wait_until(lambda: heard == [5])


def test_a_hot_job_without_events_has_its_promise(make_queue: MakeQueue) -> None:
    queue = make_queue(send=True, job_events=False)
    queue.process("email", lambda job: 5)
    assert queue.create("email", hotjob=True).save().hotjob_promise.result(10) == 5


def test_a_hot_job_that_could_not_be_saved_has_no_promise() -> None:
    with kue_send.Queue(redis="redis://127.0.0.1:1") as queue:
        job = queue.create("email", hotjob=True)
        for save in (job.save, lambda: queue.save_all([job])):
            with pytest.raises(kue.KueError):
                save()
            assert job.hotjob_promise is None and job.id is None


def test_a_hot_job_that_test_mode_only_collects_has_no_promise() -> None:
    with kue_send.Queue(redis="redis://127.0.0.1:1") as queue:
        queue.test_mode.enter()
        job = queue.create("email", hotjob=True).save()
        [other] = queue.save_all([queue.create("email", hotjob=True)])
        assert job.hotjob_promise is None and other.hotjob_promise is None


@pytest.mark.parametrize(("value", "wrong"), [(1, "True or False"), ("yes", "True or False")], ids=str)
def test_hotjob_is_true_or_false(queue: Any, value: Any, wrong: str) -> None:
    with pytest.raises(kue.InvalidOption, match=f"hotjob must be {wrong}"):
        queue.create("email", hotjob=value)


@pytest.mark.parametrize("value", [0, -1, "soon", 0.5])
def test_the_timeout_of_a_hot_job_is_a_duration(queue: Any, value: Any) -> None:
    with pytest.raises(kue.InvalidOption, match="hotjob_timeout must be"):
        queue.create("email").hotjob_timeout(value)


OF_KUE_SEND = "is an option of jobs of kue_send only: import kue_send as kue"


@pytest.mark.parametrize(("name", "value"), [("hotjob", True), ("hotjob", False), ("hotjob_timeout", 500)], ids=str)
def test_kue_itself_refuses_the_options_and_names_kue_send(name: str, value: Any) -> None:
    with pytest.raises(kue.InvalidOption) as refused:
        kue.Queue(redis="redis://127.0.0.1:1", job_flags={"email": {name: value}})
    assert str(refused.value) == f"job_flags['email']: {name} {OF_KUE_SEND}"
    with pytest.raises(kue.InvalidOption) as refused:
        kue.Queue(redis="redis://127.0.0.1:1", job_defaults={"ttl": 500, name: value})
    assert str(refused.value) == f"job_defaults: {name} {OF_KUE_SEND}"
    with kue.Queue(redis="redis://127.0.0.1:1") as queue:
        with pytest.raises(kue.InvalidOption) as refused:
            queue.create("email", attempts=3, **{name: value})
        assert str(refused.value) == f"{name} {OF_KUE_SEND}"
        with pytest.raises(kue.InvalidOption, match=OF_KUE_SEND):
            queue.configure(job_flags={"email": {name: value}})
        assert not hasattr(queue.create("email"), name)
