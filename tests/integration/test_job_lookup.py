"""Finding jobs and counting them: by id, by position, by state and type, each in a fixed number of round trips."""

import json
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.commands import commands

STATES = ("inactive", "active", "complete", "failed", "delayed")


@pytest.fixture
def many(everywhere: Any) -> Any:
    """Jobs 1 to 12, of two types, in falling order of priority, three of them failed."""
    jobs = [everywhere.create("email" if n % 2 else "pdf", {"n": n}, priority=-n) for n in range(1, 13)]
    everywhere.save_all(jobs)
    for job in jobs[:3]:
        job.failed()
    return everywhere


def ids(jobs: list[Any]) -> list[int]:
    return [job.id for job in jobs]


class TestOnTheQueue:
    @pytest.mark.parametrize("send", [False, True])
    def test_a_queue_finds_and_removes_its_own_jobs(self, make_queue: Any, send: bool) -> None:
        queue, other = make_queue(send=send), make_queue(prefix="other")
        jobs = queue.save_all(queue.create("email" if n % 2 else "pdf", n) for n in range(1, 5))
        jobs[0].log("a line").failed()
        found = queue.get(1)
        assert (type(found), found.data, found.state()) == (queue.job_class, 1, "failed")
        assert queue.get("1").id == 1
        assert (queue.get_log(1), other.get_log(1)) == (["a line"], [])
        assert ids(queue.range(0, -1, "desc")) == [4, 3, 2, 1]
        assert ids(queue.range(1, 2)) == [2, 3]
        assert ids(queue.range_by_state("failed", 0, -1)) == [1]
        assert ids(queue.range_by_state("inactive", 0, -1, "desc")) == [4, 3, 2]
        assert ids(queue.range_by_type("pdf", "inactive", 0, -1, "desc")) == [4, 2]
        assert other.range(0, -1) == []
        queue.remove_by_id(1)
        for queue_without_it in (queue, other):
            with pytest.raises(kue.JobNotFound):
                queue_without_it.get(1)
            with pytest.raises(kue.JobNotFound):
                queue_without_it.remove_by_id("1")

    def test_the_id_of_a_job_that_is_not_saved_is_refused_as_that(self, queue: Any) -> None:
        for call in (queue.get, queue.get_log, queue.remove_by_id, lambda id: Job.get(id, queue=queue)):
            with pytest.raises(kue.InvalidOption, match=r"not None; a job has none before it is saved$"):
                call(queue.create("email").id)


class TestGet:
    def test_get_finds_a_job_by_a_number_or_its_digits(self, everywhere: Any) -> None:
        job = everywhere.create("email", {"a": 1}).save()
        for id in (job.id, str(job.id)):
            found = Job.get(id, queue=everywhere)
            assert (found.id, found.data) == (job.id, {"a": 1})

    @pytest.mark.parametrize("id", [0, 99, "99"])
    def test_get_of_an_unknown_id_raises(self, everywhere: Any, id: Any) -> None:
        with pytest.raises(kue.JobNotFound, match=str(id)) as caught:
            Job.get(id, queue=everywhere)
        assert caught.value.id == int(id)
        assert isinstance(caught.value, LookupError)

    def test_a_hash_without_a_type_is_refused_and_leaves_every_index(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save()
        client.hdel("q:job:1", "type")
        with pytest.raises(kue.JobInvalid, match="job 1 has no type"):
            Job.get(job.id, queue=queue)
        assert queue.inactive() == []

    def test_data_that_is_not_json_is_refused(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save()
        client.hset("q:job:1", "data", "{half")
        with pytest.raises(kue.JobInvalid, match="job 1 has data that is not JSON"):
            Job.get(job.id, queue=queue)

    def test_a_key_that_is_no_hash_is_refused(self, queue: Any, client: Any) -> None:
        client.set("q:job:1", "no hash")
        with pytest.raises(kue.RedisRefused, match="WRONGTYPE"):
            Job.get(1, queue=queue)

    def test_get_is_one_command(self, queue: Any, client: Any) -> None:
        queue.create("email").save()
        with commands(client) as sent:
            Job.get(1, queue=queue)
        assert sent == ["HGETALL"]


class TestRanges:
    def test_positions_count_by_priority_and_the_page_is_sorted_by_id(self, many: Any) -> None:
        assert ids(Job.range(0, 2, queue=many)) == [10, 11, 12]
        assert ids(Job.range(0, 2, "desc", queue=many)) == [12, 11, 10]
        assert ids(Job.range(2, 2, queue=many)) == [10]
        assert ids(Job.range(0, -1, queue=many)) == list(range(1, 13))
        assert ids(Job.range(-3, -2, queue=many)) == [2, 3]
        assert Job.range(12, 20, queue=many) == []

    def test_range_by_state_finds_the_jobs_of_a_state(self, many: Any) -> None:
        assert ids(Job.range_by_state("failed", 0, -1, queue=many)) == [1, 2, 3]
        assert ids(Job.range_by_state("failed", 0, 1, "desc", queue=many)) == [3, 2]
        assert ids(Job.range_by_state("inactive", 0, 3, queue=many)) == [9, 10, 11, 12]
        assert Job.range_by_state("delayed", 0, -1, queue=many) == []

    def test_range_by_type_finds_the_jobs_of_a_type_and_state(self, many: Any) -> None:
        assert ids(Job.range_by_type("email", "failed", 0, -1, queue=many)) == [1, 3]
        assert ids(Job.range_by_type("pdf", "inactive", 0, 1, queue=many)) == [10, 12]
        assert Job.range_by_type("sms", "inactive", 0, -1, queue=many) == []

    def test_the_jobs_of_a_page_are_whole(self, many: Any) -> None:
        job = Job.range_by_type("pdf", "failed", 0, -1, queue=many)[0]
        assert (job.id, job.type, job.data, job.priority(), job.state()) == (2, "pdf", {"n": 2}, -2, "failed")
        assert job.inactive().state() == "inactive"

    def test_a_page_is_two_round_trips_whatever_its_size(self, queue: Any, client: Any) -> None:
        queue.save_all([queue.create("email") for _ in range(400)])
        with commands(client) as sent:
            assert len(Job.range(0, -1, queue=queue)) == 400
        assert sent == ["ZRANGE", *["HGETALL"] * 400]

    def test_a_job_that_cannot_be_read_is_left_out_and_reported(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        queue.save_all([queue.create("email") for _ in range(4)])
        client.hdel("q:job:2", "type")
        client.hset("q:job:3", "data", "{half")
        assert ids(Job.range(0, -1, queue=queue)) == [1, 4]
        wait_until(lambda: len(errors) == 2)
        assert [str(problem)[:15] for problem in errors] == ["job 2 has no ty", "job 3 has data "]
        errors.clear()
        assert queue.inactive() == [1, 3, 4], "only what no one can use is dropped"

    @pytest.mark.parametrize("lost", ["its hash", "its type"])
    def test_a_member_that_is_no_job_leaves_the_set_of_a_type_that_is_not_listed(
        self, queue: Any, client: Any, errors: list[BaseException], lost: str
    ) -> None:
        queue.save_all([queue.create("email") for _ in range(3)])
        client.delete("q:job:2") if lost == "its hash" else client.hdel("q:job:2", "type")
        client.delete("q:job:types")
        assert ids(Job.range_by_type("email", "inactive", 0, -1, queue=queue)) == [1, 3]
        sets = ("q:jobs", "q:jobs:inactive", "q:jobs:email:inactive")
        assert [client.zrange(key, 0, -1) for key in sets] == [[b"01|1", b"01|3"]] * 3
        wait_until(lambda: errors)
        assert [str(problem) for problem in errors] == ["job 2 has no type"]
        errors.clear()


class TestCounts:
    def test_counts_are_of_all_types_or_of_one(self, many: Any) -> None:
        many.create("sms", delay=60_000).save()
        expected = {"inactive": 9, "active": 0, "complete": 0, "failed": 3, "delayed": 1}
        assert {state: many.card(state) for state in STATES} == expected
        assert {state: getattr(many, f"{state}_count")() for state in STATES} == expected
        assert {state: many.card_by_type("email", state) for state in STATES} == {
            "inactive": 4,
            "active": 0,
            "complete": 0,
            "failed": 2,
            "delayed": 0,
        }
        assert [getattr(many, f"{state}_count")("sms") for state in STATES] == [0, 0, 0, 0, 1]
        assert many.types() == ["email", "pdf", "sms"]

    def test_ids_are_listed_by_state(self, many: Any) -> None:
        assert many.failed() == many.state("failed") == [3, 2, 1]
        assert many.inactive() == list(range(12, 3, -1))
        assert (many.active(), many.complete(), many.delayed()) == ([], [], [])

    def test_ids_are_iterated_over_by_state_and_type(self, many: Any) -> None:
        assert list(many.ids("failed")) == [3, 2, 1]
        assert list(many.ids("inactive", "pdf")) == [id for id in many.inactive() if id % 2 == 0]
        assert list(many.ids("inactive", "sms")) == list(many.ids("active")) == []

    def test_ids_of_an_unknown_state_or_type_are_refused_before_the_first(self, queue: Any) -> None:
        for arguments in (("queued",), ("inactive", ""), ("inactive", 7)):
            with pytest.raises(kue.InvalidOption):
                queue.ids(*arguments)

    def test_ids_of_many_jobs_come_in_pages(self, queue: Any, client: Any) -> None:
        jobs = queue.save_all([queue.create("email", priority=n % 3) for n in range(2500)])
        with commands(client) as sent:
            ids = queue.inactive()
        assert ids == [job.id for job in sorted(jobs, key=lambda job: (job.priority(), job.id))]
        assert sent == ["EVALSHA"] * 3

    def test_work_time_adds_up(self, everywhere: Any, backend: Any) -> None:
        assert everywhere.work_time() == 0
        everywhere.process("email", lambda job: None)
        jobs = everywhere.save_all([everywhere.create("email") for _ in range(5)])
        wait_until(lambda: everywhere.complete_count() == 5)
        assert everywhere.work_time() == sum(Job.get(job.id, queue=everywhere).duration for job in jobs)

    def test_settings_are_read(self, everywhere: Any, backend: Any) -> None:
        backend.client.hset(f"{backend.prefix}:settings", "theme", "dark é")
        assert (everywhere.setting("theme"), everywhere.setting("none")) == ("dark é", None)


def test_to_json_is_kues(queue: Any) -> None:
    options = {"attempts": 3, "ttl": 90_000, "priority": "high", "backoff": {"type": "fixed", "delay": 1}}
    job = queue.create("email", {"to": "tj"}, **options).save()
    new = {
        "id": job.id,
        "type": "email",
        "data": {"to": "tj"},
        "priority": -10,
        "progress": 0,
        "state": "inactive",
        "created_at": str(job.created_at),
        "promote_at": str(job.created_at),
        "updated_at": str(job.created_at),
        "ttl": "90000",
        "attempts": {"made": 0, "remaining": 3, "max": 3},
    }
    assert job.to_json() == new
    assert list(Job.get(job.id, queue=queue).to_json().items()) == list(new.items())

    @queue.process("email")
    def work(job: Any) -> Any:
        job.progress(1, 2, {"half": True})
        if job.attempts_made == 0:
            raise ValueError("boom")
        return [1]

    queue.runtime.options  # noqa: B018
    wait_until(lambda: queue.delayed_count() + queue.complete_count() == 1)
    Job.get(job.id, queue=queue).inactive() if queue.delayed_count() else None
    wait_until(lambda: queue.complete_count() == 1)
    found = Job.get(job.id, queue=queue)
    assert found.to_json() == {
        **new,
        "result": [1],
        "progress": "100",
        "progress_data": {"half": True},
        "state": "complete",
        "error": found.error(),
        "promote_at": str(found.promote_at),
        "updated_at": str(found.updated_at),
        "failed_at": str(found.failed_at),
        "started_at": str(found.started_at),
        "duration": str(found.duration),
        "delay": "1",
        "workerId": found.worker_id,
        "attempts": {"made": 2, "remaining": 1, "max": 3},
    }
    assert json.loads(json.dumps(found.to_json())) == found.to_json()
