"""The keys of unique jobs: their values, test mode, and the type whose tokens are where the keys are."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

KEY = "order:7"


class TestKey:
    def test_a_key_of_type_and_data_is_the_same_in_any_order(self, queue: Any) -> None:
        first = queue.create("charge", {"a": 1, "b": {"d": [2], "c": None}}).unique(True).save()
        assert first.unique()["key"] == 'charge:{"a":1,"b":{"c":null,"d":[2]}}'
        second = queue.create("charge", {"b": {"c": None, "d": [2]}, "a": 1}, unique=True).save()
        assert (second.id, second.existing, second.unique()["key"]) == (first.id, True, first.unique()["key"])

    @pytest.mark.parametrize(("type", "data"), [("refund", {"a": 1}), ("charge", {"a": 2}), ("charge", {})])
    def test_another_type_or_other_data_is_another_key(self, queue: Any, type: str, data: Any) -> None:
        queue.create("charge", {"a": 1}).unique(True).save()
        assert not queue.create(type, data).unique(True).save().existing

    def test_a_key_of_long_data_is_short(self, queue: Any) -> None:
        data = {"to": ["zo\u00eb", "\ud800"] * 1000, "a": 1}
        first = queue.create("charge", data).unique(True).save()
        assert len(first.unique()["key"]) == len("charge:") + 32
        assert queue.create("charge", dict(reversed(data.items()))).unique(True).save().id == first.id
        assert queue.create("charge", data | {"a": 2}).unique(True).save().id != first.id

    def test_the_data_counts_as_it_is_at_the_save(self, queue: Any) -> None:
        job = queue.create("charge", {"a": float("nan")}).unique(True)
        with pytest.raises(kue.InvalidJobData):
            job.save()
        job.data["a"] = 1
        assert job.save().unique()["key"] == 'charge:{"a":1}'

    def test_data_counts_as_json_default_turns_it_into_json(self, make_queue: MakeQueue) -> None:
        queue = make_queue(json_default=str)
        first = queue.create("charge", {"due": date(2030, 1, 31), "cents": Decimal("1.50")}).unique(True).save()
        second = queue.create("charge", {"cents": "1.50", "due": "2030-01-31"}).unique(True).save()
        assert (second.id, first.unique()["key"]) == (first.id, 'charge:{"cents":"1.50","due":"2030-01-31"}')

    def test_job_flags_make_all_jobs_of_a_type_unique(self, make_queue: MakeQueue) -> None:
        queue = make_queue(job_flags={"charge": {"unique": {"key": True, "until": "started"}}})
        assert queue.create("charge", {"a": 1}).save().unique()["until"] == "started"
        assert queue.create("charge", {"a": 1}).save().existing
        assert not queue.create("charge", {"a": 1}, unique=False).save().existing
        assert not queue.create("charge", {"a": 1}, unique="other").save().existing

    def test_a_key_is_read_as_it_may_be_given(self, queue: Any) -> None:
        job = queue.create("charge")
        assert job.unique() is None
        job.unique(KEY, within=timedelta(seconds=5), replace=True)
        assert job.unique() == {"key": KEY, "until": "ended", "within": 5000, "replace": True}
        assert job.unique(True).unique() == {"key": True, "until": "ended", "within": None, "replace": False}
        assert job.unique({"key": "a", "until": "started"}, replace=True).unique()["until"] == "started"
        assert job.unique(None).unique() is None

    def test_the_key_of_a_saved_job_cannot_be_changed(self, queue: Any) -> None:
        job = queue.create("charge").unique(KEY).save()
        for fetched in (job, queue.get(job.id)):
            for value in ("other", None, True):
                with pytest.raises(kue.InvalidOption, match="job 1 is saved: unique counts at the save"):
                    fetched.unique(value)
            assert fetched.unique()["key"] == KEY

    @pytest.mark.parametrize(
        ("value", "more", "message"),
        [
            (None, {"replace": True}, "unique must have a key, which is a string or True, not None"),
            (5, {}, "unique must be a key, which is a string, or True, or a dict, not 5"),
            ("a", {"until": "done"}, "unique until must be one of ended, started, not 'done'"),
            ("a", {"within": 0}, "unique within must be a finite number of milliseconds, 1 or more, not 0"),
            ("a", {"replace": 1}, "unique replace must be True or False, not 1"),
            ("a", {"untli": "ended"}, "unique has unknown keys ['untli']; it takes key, until, within, replace"),
            ({"key": {}}, {}, "unique must have a key, which is a string or True, not {}"),
        ],
    )
    def test_a_value_that_cannot_be_used_is_refused(self, queue: Any, value: Any, more: Any, message: str) -> None:
        with pytest.raises(kue.InvalidOption) as refused:
            queue.create("charge").unique(value, **more)
        assert str(refused.value) == message

    def test_a_second_value_is_refused(self, queue: Any) -> None:
        for more in ({}, {"within": 5}):
            with pytest.raises(TypeError, match=r"unique\(\) takes one value, 2 were given"):
                queue.create("charge").unique("order", 7, **more)

    def test_a_handler_can_read_the_key_of_its_job(self, queue: Any) -> None:
        found: list[Any] = []
        queue.process("charge", lambda job: found.append(job.unique()))
        queue.create("charge").unique(KEY, until="started").save()
        queue.create("charge").save()
        wait_until(lambda: len(found) == 2)
        assert found == [{"key": KEY, "until": "started", "within": None, "replace": False}, None]

    def test_the_key_of_a_job_of_node_s_kue_unique_is_in_its_data(self, queue: Any, client: Any) -> None:
        queue.create("charge", {"unique": KEY}).save()
        client.hset("q:unique:jobs", KEY, 1)
        assert queue.get(1).unique()["key"] == KEY
        client.hset("q:job:1", "data", '{"unique":5}')
        assert queue.get(1).unique() is None

    def test_the_key_of_a_job_of_node_s_kue_unique_may_be_a_number(self, queue: Any, client: Any) -> None:
        for key in (5, 5.5, True, 10**20):
            queue.create("charge", {"unique": key}).save()
        client.hset("q:unique:jobs", mapping={"5": 1, "5.5": 2, "True": 3, str(10**20): 4})
        assert [job.unique() and job.unique()["key"] for job in map(queue.get, range(1, 5))] == ["5", None, None, None]

    def test_data_of_that_form_is_no_key_unless_it_stands_for_the_job(self, queue: Any, client: Any) -> None:
        job = queue.create("charge", {"unique": KEY}).save()
        holder = queue.create("charge").unique(KEY).save()
        assert (queue.get(job.id).unique(), queue.get(holder.id).unique()["key"]) == (None, KEY)
        for other in ("", "1x", "3"):
            client.hset("q:unique:jobs", KEY, other)
            assert queue.get(job.id).unique() is None
        client.delete("q:unique:jobs")
        client.rpush("q:unique:jobs", "1")  # tokens of a type named `unique`
        assert queue.get(job.id).unique() is None

    def test_data_of_that_form_is_no_key_in_test_mode(self, queue: Any, client: Any) -> None:
        queue.test_mode.enter()
        job = queue.every("1 hour", queue.create("charge", {"unique": KEY})).trigger()
        assert (job.data, job.unique()) == ({"unique": KEY}, None)


class TestTestMode:
    def test_a_second_job_becomes_the_one_that_was_collected(self, queue: Any, client: Any) -> None:
        queue.test_mode.enter()
        first = queue.create("charge", {"cents": 5}, priority="high").unique(KEY).save()
        other = queue.create("charge", {"cents": 5}).unique("other").save()
        second = queue.create("refund", {"cents": 6}).unique(KEY).save()
        assert queue.test_mode.jobs == [first, other]
        assert (second.id, second.type, second.data, second.existing) == (first.id, "charge", {"cents": 5}, True)
        assert (second.priority(), second.state(), first.existing) == (-10, "inactive", False)
        assert client.dbsize() == 0

    def test_a_job_that_has_ended_frees_its_key(self, queue: Any) -> None:
        queue.test_mode.enter()
        queue.create("charge", 5).unique(True).save().complete()
        assert not queue.create("charge", 5).unique(True).save().existing
        assert queue.create("charge", 5).unique(True).save().id == 2

    def test_a_waiting_job_gets_the_new_data(self, queue: Any) -> None:
        queue.test_mode.enter()
        first = queue.create("charge", 5).unique(KEY).save()
        assert queue.create("charge", 6).unique(KEY, replace=True).save().data == first.data == 6

    def test_a_waiting_job_gets_no_data_of_another_type(self, queue: Any) -> None:
        queue.test_mode.enter()
        queue.create("charge", 5).unique(KEY).save()
        second = queue.create("refund", 6).unique(KEY, replace=True).save()
        assert (second.type, second.data, second.existing) == ("charge", 5, True)

    def test_a_key_of_type_and_data_is_known_from_the_first_job_on(self, queue: Any) -> None:
        queue.test_mode.enter()
        first, second = (queue.create("charge", 5).unique(True).save() for _ in range(2))
        assert first.unique()["key"] == "charge:5"
        assert (second.id, second.existing, queue.test_mode.jobs) == (1, True, [first])

    @pytest.mark.parametrize(("delay", "now"), [(9000, 9000), (None, None)])
    def test_a_delayed_job_gets_the_new_delay(self, queue: Any, delay: int | None, now: int | None) -> None:
        queue.test_mode.enter()
        first = queue.create("charge", 5, delay=1000).unique(KEY).save()
        second = queue.create("charge", 6, delay=delay).unique(KEY, replace=True).save()
        assert (first.delay(), first.data, second.delay(), second.state()) == (now, 6, now, "delayed")

    def test_a_job_that_waits_without_a_delay_gets_none(self, queue: Any) -> None:
        queue.test_mode.enter()
        first = queue.create("charge", 5).unique(KEY).save()
        queue.create("charge", 6, delay=9000).unique(KEY, replace=True).save()
        assert (first.delay(), first.data) == (None, 6)

    def test_a_job_that_is_removed_frees_its_key(self, queue: Any) -> None:
        queue.test_mode.enter()
        removed = queue.create("charge").unique(KEY).save().remove()
        assert not queue.create("charge").unique(KEY).save().existing
        assert removed.state() is None

    def test_many_are_collected_as_one(self, queue: Any) -> None:
        queue.test_mode.enter()
        jobs = queue.save_all(queue.create("charge", n).unique(KEY) for n in range(3))
        assert ([job.id for job in jobs], queue.test_mode.jobs) == ([1, 1, 1], jobs[:1])

    def test_jobs_that_are_run_as_well_are_unique_in_redis(self, queue: Any) -> None:
        queue.test_mode.enter(process=True)
        jobs = [queue.create("charge").unique(KEY).save() for _ in range(2)]
        assert ([job.id for job in jobs], queue.test_mode.jobs) == ([1, 1], jobs[:1])


class TestTypeUnique:
    """The tokens of a type of this name have the key of the hash of unique keys: whichever comes second is refused."""

    def test_no_job_has_a_key_once_there_is_the_type(self, queue: Any) -> None:
        queue.create("unique").save()
        with pytest.raises(kue.RedisRefused, match=r"no job can have a unique key under the prefix 'q'.*came first"):
            queue.create("charge").unique(KEY).save()
        with pytest.raises(kue.SaveInterrupted, match="no job can have a unique key") as refused:
            queue.save_all([queue.create("charge"), queue.create("charge").unique(KEY)])
        assert len(refused.value.saved) == 1
        queue.process("unique", lambda job: None)
        wait_until(lambda: queue.complete_count("unique") == 1)
        with pytest.raises(kue.RedisRefused, match="no job can have a unique key"):
            queue.create("charge").unique(KEY).save()

    @pytest.mark.parametrize("delay", [None, 9000])
    def test_no_job_has_the_type_once_there_are_keys(self, queue: Any, delay: int | None) -> None:
        queue.create("charge").unique(KEY).save()
        with pytest.raises(
            kue.RedisRefused, match=r"no job can have the type 'unique' under the prefix 'q'.*came first"
        ):
            queue.create("unique", delay=delay).save()
        with pytest.raises(kue.SaveInterrupted, match="no job can have the type 'unique'"):
            queue.save_all([queue.create("unique", delay=delay)])
        assert queue.types() == ["charge"]

    @pytest.mark.parametrize("delay", [None, 9000])
    def test_the_type_may_not_come_with_the_first_key(self, queue: Any, delay: int | None) -> None:
        jobs = [queue.create("charge").unique(KEY), queue.create("unique", delay=delay), queue.create("charge")]
        with pytest.raises(kue.SaveInterrupted, match="WRONGTYPE"):
            queue.save_all(jobs)
        assert queue.types() == ["charge"]
        assert queue.create("charge").unique(KEY).save().existing

    def test_no_recurring_job_has_the_type_once_there_are_keys(self, queue: Any) -> None:
        queue.create("charge").unique(KEY).save()
        with pytest.raises(kue.RedisRefused, match="no job can have the type 'unique'"):
            queue.every(1000, queue.create("unique"))
        assert queue.schedules() == {}

    def test_a_job_that_is_restarted_takes_no_key_once_there_is_the_type(self, queue: Any, client: Any) -> None:
        failed = queue.create("charge").unique(KEY).save().failed()
        queue.create("unique", delay=9000).save()
        failed.inactive()
        assert client.exists("q:unique:jobs") == 0
        queue.create("unique").save()

    def test_a_job_of_the_type_can_have_no_key(self, queue: Any, client: Any) -> None:
        with pytest.raises(kue.InvalidOption, match="a job of the type 'unique' can have no unique key"):
            queue.create("unique").unique(KEY).save()
        assert client.dbsize() == 0
