"""Unique jobs: at most one job of a key waits or runs, and a save that finds one becomes that job."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.commands import commands
from tests.integration.conftest import MakeQueue

KEY = "order:7"
THREADS = 32


def keys(client: Any) -> dict[str, str]:
    """The hash of unique keys."""
    return {key.decode(): id.decode() for key, id in client.hgetall("q:unique:jobs").items()}


class TestSave:
    def test_a_second_job_of_a_key_becomes_the_first(self, everywhere: Any) -> None:
        first = everywhere.create("charge", {"cents": 5}, priority="high", attempts=3).unique(KEY)
        assert first.save() is first
        second = everywhere.create("charge", {"cents": 6}, ttl=9).unique(KEY)
        assert second.save() is second
        assert (first.existing, second.existing) == (False, True)
        assert (second.id, second.type, second.data, second.state()) == (first.id, "charge", {"cents": 5}, "inactive")
        assert (second.priority(), second.attempts(), second.ttl()) == (-10, 3, None)
        assert (second.created_at, second.promote_at) == (first.created_at, first.promote_at)
        assert everywhere.card("inactive") == 1

    def test_a_save_is_one_command_new_or_existing(self, queue: Any, client: Any) -> None:
        queue.create("charge").unique("other").save()
        with commands(client) as sent:
            queue.create("charge").unique(KEY, within=5000).save()
            queue.create("charge").unique(KEY, replace=True).save()
        assert sent == ["EVALSHA", "EVALSHA"]

    def test_a_plain_job_is_stored_as_before(self, queue: Any, client: Any) -> None:
        job = queue.create("charge", {"unique": KEY}).save()
        assert [name for name in client.hkeys(f"q:job:{job.id}") if name.startswith(b"py_")] == []
        assert (job.existing, client.exists("q:unique:jobs")) == (False, 0)

    def test_keys_are_shared_by_all_types(self, queue: Any) -> None:
        first = queue.create("charge", {"cents": 5}).unique(KEY).save()
        second = queue.create("refund").unique(KEY).save()
        assert (second.id, second.type, second.existing) == (first.id, "charge", True)

    @pytest.mark.parametrize("state", ["delayed", "active"])
    def test_a_job_that_is_delayed_or_runs_stands_too(self, queue: Any, state: str) -> None:
        first = queue.create("charge").unique(KEY).save().state(state)
        second = queue.create("charge").unique(KEY).save()
        assert (second.id, second.state()) == (first.id, state)

    @pytest.mark.parametrize("state", ["complete", "failed"])
    def test_a_job_that_has_ended_frees_its_key(self, queue: Any, client: Any, state: str) -> None:
        first = queue.create("charge").unique(KEY).save().state(state)
        assert keys(client) == {}
        second = queue.create("charge").unique(KEY).save()
        assert (second.id, second.existing) == (first.id + 1, False)

    def test_an_update_keeps_the_key(self, queue: Any, client: Any) -> None:
        job = queue.create("charge", {"cents": 5}).unique(KEY, until="started").save()
        job.data["cents"] = 6
        job.priority("high").save()
        stored = queue.get(job.id)
        assert (stored.data, stored.unique()["key"], stored.unique()["until"]) == ({"cents": 6}, KEY, "started")
        assert keys(client) == {KEY: "1"}

    def test_an_existing_job_can_be_updated(self, queue: Any) -> None:
        queue.create("charge", {"cents": 5}).unique(KEY).save()
        second = queue.create("charge", {"cents": 6}).unique(KEY).save()
        second.data["cents"] = 7
        assert second.priority("low").save() is second
        assert (queue.get(1).data, queue.get(1).priority()) == ({"cents": 7}, 10)

    def test_options_of_the_object_itself_are_kept(self, queue: Any) -> None:
        queue.create("charge").unique(KEY).save()
        second = queue.create("charge").unique(KEY).events(False).on("complete", print).save()
        assert (second.id, second.events(), second.listens) == (1, False, False)

    def test_a_job_whose_hash_cannot_be_read_is_reported(self, queue: Any, client: Any) -> None:
        queue.create("charge").unique(KEY).save()
        client.hset("q:job:1", "data", "{oops")
        with pytest.raises(kue.JobInvalid, match="job 1 has data that is not JSON"):
            queue.create("charge").unique(KEY).save()

    def test_many_threads_save_one_job(self, make_queue: MakeQueue, client: Any) -> None:
        queues = [make_queue() for _ in range(4)]
        ready = threading.Barrier(THREADS)

        def save(number: int, key: str) -> Any:
            job = queues[number % len(queues)].create("charge", {"by": number}).unique(key)
            ready.wait(10)
            return job.save()

        with ThreadPoolExecutor(THREADS) as threads:
            for round in range(50):
                jobs = list(threads.map(save, range(THREADS), [f"order:{round}"] * THREADS))
                assert {job.id for job in jobs} == {round + 1}
                assert [job.existing for job in jobs].count(False) == 1
                assert len({job.data["by"] for job in jobs}) == 1
        assert client.zcard("q:jobs") == 50


class TestUntilAndWithin:
    def test_a_change_that_comes_during_a_run_is_not_lost(self, queue: Any) -> None:
        started, gate, seen = threading.Event(), threading.Event(), []

        @queue.process("sync")
        def sync(job: Any) -> None:
            seen.append(job.data)
            started.set()
            gate.wait(10)

        assert not queue.create("sync", 1).unique("account", until="started").save().existing
        started.wait(10)
        assert not queue.create("sync", 2).unique("account", until="started").save().existing
        assert queue.create("sync", 3).unique("account", until="started").save().data == 2
        gate.set()
        wait_until(lambda: queue.complete_count() == 2)
        assert seen == [1, 2]
        assert not queue.create("sync", 4).unique("account", until="started").save().existing

    def test_a_job_that_waits_for_its_next_attempt_holds_its_key_though_another_one_had_it(self, queue: Any) -> None:
        started, gate = threading.Event(), threading.Event()

        @queue.process("sync", 2)
        def sync(job: Any) -> None:
            if job.id == 1:
                started.set()
                gate.wait(10)
                raise ValueError("once more")

        later = {"type": "fixed", "delay": 60_000}
        queue.create("sync", attempts=2, backoff=later).unique("account", until="started").save()
        started.wait(10)
        queue.create("sync").unique("account", until="started").save()
        wait_until(lambda: queue.complete() == [2])
        gate.set()
        wait_until(lambda: queue.delayed() == [1])
        assert queue.create("sync").unique("account", until="started").save().id == 1

    def test_at_most_one_job_is_saved_in_a_time(self, queue: Any, client: Any) -> None:
        queue.process("charge", lambda job: job.data)
        first = queue.create("charge", 5).unique(KEY, within=timedelta(minutes=1)).save()
        wait_until(lambda: queue.complete_count() == 1)
        second = queue.create("charge", 6).unique(KEY, within=timedelta(minutes=1)).save()
        assert (second.id, second.state(), second.result, second.existing) == (first.id, "complete", 5, True)
        client.delete(f"q:py:within:{KEY}")  # the time is over
        assert not queue.create("charge", 6).unique(KEY).save().existing

    def test_the_time_is_over_by_the_clock_of_redis(self, queue: Any) -> None:
        queue.create("charge").unique(KEY, within=50).save().complete()
        wait_until(lambda: not queue.create("charge").unique(KEY).save().existing)

    def test_a_job_that_is_gone_stands_in_its_time(self, queue: Any) -> None:
        queue.create("charge", 5).unique(KEY, within=60_000).save().remove()
        second = queue.create("charge", 6).unique(KEY).save()
        assert (second.id, second.existing, second.state()) == (1, True, None)
        with pytest.raises(kue.JobNotFound):
            second.update()

    def test_the_last_of_many_saves_counts_if_it_replaces_the_data(self, queue: Any) -> None:
        for n in range(5):
            job = queue.create("index", {"n": n}).delay(timedelta(minutes=n + 1)).unique("docs", replace=True).save()
            assert (job.id, job.data, job.existing) == (1, {"n": n}, n > 0)
        stored = queue.get(1)
        assert (stored.data, stored.delay()) == ({"n": 4}, 300_000)
        assert stored.promote_at - stored.updated_at == 300_000
        assert queue.card("delayed") == 1


class TestManyAtOnce:
    def test_plain_and_unique_jobs_are_saved_in_order(self, queue: Any, client: Any) -> None:
        queue.create("charge", "first").unique("a").save()
        plain = [queue.create("charge", n) for n in range(5)]
        taken, new, again = (
            queue.create("charge", data).unique(key) for data, key in (("x", "a"), ("y", "b"), ("z", "b"))
        )
        batch = [plain[0], taken, plain[1], plain[2], new, plain[3], again, plain[4]]
        with commands(client) as sent:
            assert queue.save_all(batch) == batch
        assert sent == ["EVALSHA"] * 7
        assert [job.id for job in batch] == [2, 1, 3, 4, 5, 6, 5, 7]
        assert [job.existing for job in batch] == [False, True, False, False, False, False, True, False]
        assert [job.data for job in batch] == [0, "first", 1, 2, "y", 3, "y", 4]

    def test_many_unique_jobs_are_saved_in_few_round_trips(self, queue: Any) -> None:
        jobs = queue.save_all(queue.create("charge", n % 600).unique(f"order:{n % 600}") for n in range(1200))
        assert [job.id for job in jobs] == [*range(1, 601)] * 2
        assert [job.existing for job in jobs] == [False] * 600 + [True] * 600

    def test_a_key_may_be_called_unique(self, queue: Any) -> None:
        jobs = queue.save_all(queue.create("charge", n).unique("unique") for n in range(2))
        assert [job.existing for job in jobs] == [False, True]

    def test_one_that_cannot_be_read_costs_no_other_job_its_id(self, queue: Any, client: Any) -> None:
        queue.create("charge").unique(KEY).save()
        client.hset("q:job:1", "data", "{oops")
        jobs = [queue.create("charge", 0), queue.create("charge").unique(KEY), queue.create("charge", 1)]
        with pytest.raises(kue.SaveInterrupted, match="broke off after 2 saved jobs") as broken:
            queue.save_all(jobs)
        assert isinstance(broken.value.__cause__, kue.JobInvalid)
        assert list(broken.value.saved) == [jobs[0], jobs[2]]
        assert [job.id for job in jobs] == [2, None, 3]

    def test_one_that_cannot_be_watched_costs_no_job_its_id(self, queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_watch(id: int, watcher: Any) -> None:
            raise RuntimeError("no thread")

        queue.create("charge").unique(KEY).save()
        monkeypatch.setattr(queue.runtime.hub, "watch", no_watch)
        jobs = [queue.create("charge").unique(KEY).on("complete", print), queue.create("charge")]
        with pytest.raises(RuntimeError, match="no thread"):
            queue.save_all(jobs)
        assert [job.id for job in jobs] == [1, 2]
