"""Schedules at the edge of what there can be: far times, hashes that were changed by hand, trouble with one of many."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kue import InvalidSchedule, RedisRefused
from kue.store import scripts
from tests.helpers import keyspace, wait_until
from tests.integration.test_recurring import duty_of, planned
from tests.integration.test_schedules import HOUR, due


class TestFarTimes:
    @pytest.mark.parametrize("when", ["1 day", 36_500 * 86_400_000, "0 0 * * *"])
    @pytest.mark.parametrize("start", [datetime.max.replace(tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
    def test_a_schedule_that_begins_after_the_last_date_is_over(self, queue: Any, when: Any, start: datetime) -> None:
        schedule = queue.every(when, queue.create("report"), tz="Asia/Tokyo", start=start)
        assert (schedule.next_at, schedule.next(3)) == (None, [])

    def test_the_next_times_end_with_the_last_date(self, queue: Any) -> None:
        schedule = queue.every("5000 weeks", queue.create("report"))
        assert 70 < len(schedule.next(1000)) < 90

    @pytest.mark.parametrize("when", ["120960000000000000", "9" * 5000, "0"])
    def test_an_interval_that_cannot_be_is_left_out(self, queue: Any, client: Any, errors: Any, when: str) -> None:
        queue.every("1 hour", queue.create("report"))
        queue.every("1 hour", queue.create("odd"))
        client.hset("q:py:schedule:odd", "when", when)
        assert list(queue.schedules()) == ["report"]
        wait_until(lambda: errors)
        assert "the schedule 'odd' cannot be read by this release" in str(errors.pop())


class TestOneOfMany:
    @pytest.mark.parametrize(
        ("field", "value"),
        [("tz", "Mars/Olympus"), ("when", "0"), ("when", "0 0 30 2 *"), ("digest", ""), ("job:type", "")],
    )
    def test_a_schedule_that_cannot_be_computed_holds_up_no_other(
        self, queue: Any, client: Any, errors: Any, field: str, value: str
    ) -> None:
        queue.every("0 * * * *", queue.create("bad"), name="a bad one")
        now = due(queue.every("1 hour", queue.create("report"))) + HOUR
        client.hset("q:py:schedule:a bad one", field, value)
        assert duty_of(queue).run_once(now) is True
        assert len(planned(queue)) == 1
        wait_until(lambda: errors)
        assert "'a bad one' is left to other processes" in str(errors.pop())

    def test_a_schedule_that_stays_due_makes_no_other_late(self, queue: Any, client: Any, errors: Any) -> None:
        queue.every("0 * * * *", queue.create("bad"))
        now = due(queue.every("2 hours", queue.create("report"))) - 400
        client.hset("q:py:schedule:bad", "tz", "Mars/Olympus")
        client.zadd("q:py:schedules", {"bad": now - HOUR})
        duty = duty_of(queue)
        for _ in range(2):
            assert duty.run_once(now) is False
            assert 0.4 <= duty.interval <= 0.42
        wait_until(lambda: errors)
        assert "'bad' is left to other processes" in str(errors.pop())

    def test_an_unexpected_exception_holds_up_no_other(
        self, queue: Any, errors: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from kue.maintenance import recurring

        plan = recurring.plan

        def plan_most(name: str, *others: Any) -> Any:
            return 1 // 0 if name == "bad" else plan(name, *others)

        monkeypatch.setattr(recurring, "plan", plan_most)
        queue.every("1 hour", queue.create("bad"))
        now = due(queue.every("1 hour", queue.create("report"))) + HOUR
        assert duty_of(queue).run_once(now) is True
        assert len(planned(queue)) == 1
        wait_until(lambda: errors)
        problem = errors.pop()
        assert isinstance(problem, InvalidSchedule) and "ZeroDivisionError" in str(problem)
        assert isinstance(problem.__cause__, ZeroDivisionError)

    @pytest.mark.parametrize("poisoned", ["q:bad:jobs", "hashes"])
    def test_many_that_redis_refuses_do_not_fill_every_batch(self, queue: Any, client: Any, poisoned: str) -> None:
        start = datetime(2030, 1, 1, tzinfo=UTC)
        for n in range(110):
            queue.every("1 hour", queue.create("bad"), name=f"bad {n}", start=start)
        now = due(queue.every("1 hour", queue.create("report"), start=start.replace(minute=1))) + 1
        for key in [f"q:py:schedule:bad {n}" for n in range(110)] if poisoned == "hashes" else [poisoned]:
            client.set(key, "poison")
        duty = duty_of(queue)
        for _ in range(3):
            with pytest.raises(RedisRefused, match="WRONGTYPE"):
                duty.run_once(now)
        assert len(planned(queue)) == 1

    def test_a_schedule_that_others_save_is_reported_once(self, queue: Any, client: Any, errors: Any) -> None:
        first = due(queue.every("0 * * * *", queue.create("report"), tz="Europe/Berlin"))
        queue.every("1 hour", queue.create("other"))
        client.hset("q:py:schedule:report", "tz", "Mars/Olympus")
        duty = duty_of(queue)
        for n in range(4):
            client.zadd("q:py:schedules", {"report": first + n * HOUR})  # another process was there
            client.zadd("q:py:schedules", {"other": first + n * HOUR - 1})
            duty.run_once(first + n * HOUR - 1)
            duty.run_once(first + n * HOUR)
        wait_until(lambda: errors)
        errors.pop()
        assert errors == []
        client.hset("q:py:schedule:report", "digest", "another")
        duty.run_once(first + 3 * HOUR)
        wait_until(lambda: errors)
        assert "cannot compute it" in str(errors.pop())


def test_a_triggered_job_that_ran_and_is_gone_is_returned_all_the_same(queue: Any, client: Any) -> None:
    schedule = queue.every("1 hour", queue.create("report", 7, remove_on_complete=True))
    run = queue.runtime.store.connections.call

    def call_and_lose(*command: Any) -> Any:
        reply = run(*command)
        if scripts.sha("trigger_schedule") in command:
            client.delete("q:job:1")  # a worker was fast
        return reply

    queue.runtime.store.connections.call = call_and_lose
    job = schedule.trigger()
    assert (job.id, job.data, job.schedule_name, job.state()) == (1, 7, "report", "inactive")
    assert job.planned_at == job.created_at


def test_a_schedule_that_could_not_be_written_leaves_its_name_free(queue: Any, client: Any) -> None:
    client.set("q:py:schedules", "poison")
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        queue.every("1 hour", queue.create("report"))
    client.delete("q:py:schedules")
    assert queue.every("2 hours", queue.create("report")).when == timedelta(hours=2)
    with pytest.raises(InvalidSchedule, match="give one of them name="):
        queue.every("1 hour", queue.create("report"))


def test_in_test_mode_a_schedule_acts_on_nothing_in_redis(queue: Any, client: Any) -> None:
    stored = queue.every("1 hour", queue.create("stored"))
    before = keyspace(client)
    queue.test_mode.enter()
    schedule = queue.every("1 hour", queue.create("report", 7, priority="high", attempts=3, delay=50))
    planned = due(schedule)
    for one in (schedule, stored):
        one.pause()
        assert (one.paused, one.next_at) == (True, None)
        one.resume()
        assert not one.paused and due(one) >= planned - HOUR
    job = schedule.trigger()
    assert queue.test_mode.jobs == [job] and job.only_collected
    assert (job.id, job.type, job.data, job.priority(), job.attempts()) == (1, "report", 7, -10, 3)
    assert (job.delay(), job.state(), job.schedule_name) == (50, "delayed", "report")
    assert job.planned_at == job.created_at
    schedule.remove()
    stored.remove()
    assert keyspace(client) == before
