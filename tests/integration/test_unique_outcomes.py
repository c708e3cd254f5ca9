"""A save that found a job follows that one: its listeners, its promise, and the key once that job ends."""

import threading
from typing import Any

import pytest

import kue_send
from kue.maintenance.recovery import Recovery
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.script import run_script

KEY = "order:7"
PROCESSES = 32
DEAD = "kue:host:4711-abcdef011"


def keys(client: Any) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = client.hgetall("q:unique:jobs")
    return found


def end_after(queue: Any, save: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the job run, complete and be removed right after the reply to the next save. A newer job is known by then."""
    queue.create("other").on("complete", print).save()
    store, ended = queue.runtime.store, threading.Event()
    as_it_is = getattr(store, save)
    queue.on("job complete", lambda *args: ended.set())

    def then_end(new: Any) -> Any:
        saved = as_it_is(new)
        saved = list(saved) if save == "save_many" else saved
        queue.process("charge", lambda job: job.data)
        assert ended.wait(10)
        return saved

    monkeypatch.setattr(store, save, then_end)


class TestListeners:
    @pytest.mark.parametrize("save", ["save", "save_many"])
    def test_a_listener_hears_of_a_job_that_ends_and_goes_before_it_is_watched(
        self, queue: Any, save: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard: list[Any] = []
        queue.create("charge", 5, remove_on_complete=True).unique(KEY).save()
        end_after(queue, save, monkeypatch)
        job = queue.create("charge", 6).unique(KEY).on("complete", heard.append)
        if save == "save":
            job.save()
        else:
            queue.save_all([job])
        wait_until(lambda: heard == [5])

    def test_listeners_of_each_object_hear_of_the_one_job(self, queue: Any) -> None:
        heard: list[Any] = []
        for n in range(3):
            queue.create("charge", n).unique(KEY).on("complete", lambda result, n=n: heard.append((n, result))).save()
        queue.process("charge", lambda job: job.data)
        wait_until(lambda: len(heard) == 3)
        assert sorted(heard) == [(0, 0), (1, 0), (2, 0)]

    def test_listeners_of_save_all_hear_of_the_one_job(self, queue: Any) -> None:
        heard: list[Any] = []
        queue.create("charge", "first").unique(KEY).save()
        jobs = [queue.create("charge", n).unique(KEY).on("complete", heard.append) for n in range(2)]
        queue.save_all([*jobs, queue.create("charge", "plain").on("complete", heard.append)])
        queue.process("charge", lambda job: job.data)
        wait_until(lambda: len(heard) == 3)
        assert sorted(heard) == ["first", "first", "plain"]

    @pytest.mark.parametrize(("end", "event"), [("complete", "complete"), ("failed", "failed")])
    def test_a_listener_gets_the_outcome_of_a_job_that_has_ended(
        self, early_second_look: None, queue: Any, end: str, event: str
    ) -> None:
        heard = threading.Event()
        queue.create("charge").unique(KEY, within=60_000).save().state(end)
        job = queue.create("charge").unique(KEY).on(event, lambda *args: heard.set()).save()
        assert (job.existing, job.state()) == (True, end)
        assert heard.wait(10)


class TestPromises:
    @pytest.fixture
    def queue(self, make_queue: MakeQueue) -> Any:
        return make_queue(send=True)

    def test_promises_of_each_object_settle_with_the_one_job(self, queue: Any) -> None:
        promises = [queue.create("charge", n).unique(KEY).promise() for n in range(3)]
        queue.process("charge", lambda job: job.data)
        assert [promise.result(10) for promise in promises] == [0, 0, 0]
        assert {promise.job.id for promise in promises} == {1}

    def test_a_promise_settles_with_a_job_that_has_ended(self, queue: Any) -> None:
        queue.process("charge", lambda job: job.data)
        assert queue.create("charge", 5).unique(KEY, within=60_000).promise().result(10) == 5
        assert queue.create("charge", 6).unique(KEY).promise().result(10) == 5

    def test_a_job_that_ends_and_goes_before_it_is_watched_settles_a_promise(
        self, queue: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue.create("charge", 5, remove_on_complete=True).unique(KEY).save()
        end_after(queue, "save", monkeypatch)
        assert queue.create("charge", 6).unique(KEY).promise().result(10) == 5

    def test_a_promise_of_a_job_that_is_gone_says_that_the_outcome_is_unknown(self, queue: Any) -> None:
        queue.process("charge", lambda job: job.data)
        first = queue.create("charge", 5, remove_on_complete=True).unique(KEY, within=60_000)
        assert first.promise().result(10) == 5
        with pytest.raises(kue_send.JobRemoved) as removed:
            queue.create("charge", 6).unique(KEY).promise().result(10)
        assert removed.value.outcome_unknown

    def test_a_promise_knows_that_the_other_job_removes_itself(self, queue: Any, client: Any) -> None:
        queue.create("charge", remove_on_complete=True).unique(KEY).save()
        promise = queue.create("charge").unique(KEY).promise()
        client.delete("q:job:1")
        queue.runtime.hub._resync.ask([1])  # as it does every ten seconds
        with pytest.raises(kue_send.JobRemoved) as removed:
            promise.result(10)
        assert removed.value.outcome_unknown


class TestTheKeyIsFree:
    @pytest.mark.parametrize("removes", [False, True])
    def test_after_a_run_that_completed(self, everywhere: Any, backend: Any, removes: bool) -> None:
        everywhere.process("charge", lambda job: job.data)
        everywhere.create("charge", remove_on_complete=removes).unique(KEY).save()
        wait_until(lambda: backend.client.hlen(f"{backend.prefix}:unique:jobs") == 0)
        assert not everywhere.create("charge").unique(KEY).save().existing

    def test_only_after_the_last_attempt(self, queue: Any, client: Any) -> None:
        held: list[Any] = []

        @queue.process("charge")
        def charge(job: Any) -> None:
            held.append(queue.create("charge").unique(KEY).save().id)
            raise ValueError("no")

        job = queue.create("charge", attempts=3, backoff={"type": "fixed", "delay": 1}).unique(KEY).save()
        wait_until(lambda: queue.failed() == [job.id])
        assert held == [job.id] * 3
        assert keys(client) == {}

    def test_after_a_removal(self, queue: Any, client: Any) -> None:
        queue.create("charge").unique(KEY).save().remove()
        assert keys(client) == {}

    def test_a_failed_job_that_is_restarted_takes_it_again(self, queue: Any, client: Any) -> None:
        job = queue.create("charge").unique(KEY).save().failed()
        job.inactive()
        assert keys(client) == {KEY.encode(): b"1"}
        assert queue.create("charge").unique(KEY).save().id == job.id

    def test_a_failed_job_that_is_restarted_runs_beside_the_one_that_has_it(self, queue: Any, client: Any) -> None:
        job = queue.create("charge").unique(KEY).save().failed()
        queue.create("charge").unique(KEY).save()
        job.inactive().complete()
        assert keys(client) == {KEY.encode(): b"2"}

    def test_a_job_of_a_dead_worker_holds_it_until_it_has_ended(self, make_queue: MakeQueue, client: Any) -> None:
        queue = make_queue(ghost_retries=0)
        job = queue.create("charge").unique(KEY).save()
        job.set("workerId", f"{DEAD}:charge:1").active()
        assert queue.create("charge").unique(KEY).save().id == job.id
        Recovery(queue.runtime).fail(DEAD, [(job.id, f"{DEAD}:charge:1")], queue.runtime.store.clock())
        assert queue.failed() == [job.id]
        assert not queue.create("charge").unique(KEY).save().existing

    def test_a_job_that_an_older_release_or_node_has_ended_does_not_hold_it(self, queue: Any, client: Any) -> None:
        job = queue.create("charge").unique(KEY).save().complete()
        client.hset("q:unique:jobs", KEY, job.id)  # neither knows the field, so that the key stays
        assert not queue.create("charge").unique(KEY).save().existing


SAVING = f"""
    queue.create("charge").unique("warm").save()
    gate, opened = os.pipe()

    def save():
        os.read(gate, 1)
        for n in range(10):
            job = queue.create("charge", os.getpid()).unique(f"order:{{n}}").save()
            tell(key=n, id=job.id, existing=job.existing, data=job.data)

    children = [forked(save) for _ in range({PROCESSES})]
    os.write(opened, b"x" * {PROCESSES})
    ended(*children)
"""


@pytest.mark.slow
def test_many_processes_save_one_job(redis_url: str) -> None:
    told = run_script(redis_url, SAVING)
    assert len(told) == PROCESSES * 10
    for key in range(10):
        of_key = [one for one in told if one["key"] == key]
        assert len({(one["id"], one["data"]) for one in of_key}) == 1
        assert [one["existing"] for one in of_key].count(False) == 1
