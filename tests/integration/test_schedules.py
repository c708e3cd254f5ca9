"""Recurring jobs as users declare, list, pause and remove them; what is refused; jobs that are saved for later."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import kue
import kue_send
from kue import InvalidJobData, InvalidSchedule, ScheduleNotFound, ShutdownInProgress
from kue.maintenance.recurring import Recurring
from tests.helpers import keyspace, wait_until
from tests.integration.conftest import MakeQueue

HOUR = 3_600_000
SOON = datetime(2030, 1, 1, tzinfo=UTC)


def fire(queue: Any, now: int) -> None:
    """What the duty of this process does at a moment."""
    duty = Recurring(queue.runtime)
    while duty.run_once(now):
        pass


def due(schedule: Any) -> int:
    assert schedule.next_at is not None
    return int(schedule.next_at)


class TestDeclaring:
    def test_a_schedule_has_what_was_declared(self, queue: Any) -> None:
        job = queue.create("report", {"of": "day"})
        schedule = queue.every("30 6 * * mon-fri", job, name="weekdays", tz="Europe/Berlin", overlap="skip")
        assert (schedule.name, schedule.when, schedule.tz) == ("weekdays", "30 6 * * mon-fri", "Europe/Berlin")
        assert (schedule.type, schedule.data) == ("report", {"of": "day"})
        assert (schedule.last_at, schedule.last_job_id) == (None, None)
        assert (schedule.fired, schedule.skipped, schedule.paused) == (0, 0, False)
        assert job.id is None and queue.inactive() == []
        for moment in (first := schedule.next(7)):
            assert (moment.hour, moment.minute, moment.weekday() < 5) == (6, 30, True)
            assert moment.tzinfo == ZoneInfo("Europe/Berlin")
        assert len(set(first)) == 7 and due(schedule) == round(first[0].timestamp() * 1000)
        assert repr(schedule) == f"<Schedule 'weekdays' 30 6 * * mon-fri next at {due(schedule)}>"

    def test_an_interval_begins_one_interval_from_now(self, queue: Any) -> None:
        before = queue.runtime.store.now()
        schedule = queue.every("1 hour", queue.create("report"))
        assert before + HOUR <= due(schedule) <= queue.runtime.store.now() + HOUR
        assert schedule.when == timedelta(hours=1)
        first, second = schedule.next(2)
        assert second - first == timedelta(hours=1)

    def test_the_next_times_are_no_more_than_the_jobs_that_are_left(self, queue: Any, client: Any) -> None:
        schedule = queue.every("1 hour", queue.create("report"), start=SOON, times=3)
        assert schedule.next(5) == [SOON + n * timedelta(hours=1) for n in range(3)]
        client.hset("q:py:schedule:report", "fired", 2)
        assert queue.schedules()["report"].next(5) == [SOON]

    def test_an_interval_with_a_start_begins_there(self, queue: Any) -> None:
        schedule = queue.every("1 hour", queue.create("report"), start=SOON)
        assert schedule.next(2) == [SOON, SOON + timedelta(hours=1)]
        past = queue.every("1 hour", queue.create("report"), start=datetime(2020, 1, 1, 0, 20, tzinfo=UTC), name="past")
        assert past.next()[0].minute == 20 and past.next()[0] > datetime.now(UTC) - timedelta(minutes=5)

    def test_the_name_is_that_of_the_type(self, queue: Any) -> None:
        assert queue.every("1 hour", queue.create("report")).name == "report"
        assert list(queue.schedules()) == ["report"]

    def test_the_unique_key_is_the_name_and_keeps_jobs_from_overlapping(self, queue: Any, client: Any) -> None:
        first = due(queue.every("1 hour", queue.create("report", 1).unique("daily")))
        queue.every("2 hours", queue.create("report", 2, unique=True), name="other")
        assert sorted(queue.schedules()) == ["daily", "other"]
        assert [client.hget(f"q:py:schedule:{name}", "overlap") for name in queue.schedules()] == [b"skip"] * 2
        assert not [field for field in client.hgetall("q:py:schedule:other") if b"unique" in field]
        fire(queue, first)
        fire(queue, first + HOUR)
        assert queue.schedules()["daily"].skipped == 1
        assert queue.get(1).unique() is None and not client.exists("q:unique:jobs")

    def test_a_second_schedule_of_a_type_needs_a_name(self, queue: Any) -> None:
        queue.every("1 hour", queue.create("report", 1))
        queue.every(timedelta(hours=1), queue.create("report", 1, attempts=3))
        for when, data in (("2 hours", 1), ("1 hour", 2)):
            with pytest.raises(InvalidSchedule, match="give one of them name="):
                queue.every(when, queue.create("report", data))
        queue.every("2 hours", queue.create("report", 1), name="other")
        assert set(queue.schedules()) == {"report", "other"}

    def test_a_removed_schedule_frees_its_name(self, queue: Any) -> None:
        queue.every("1 hour", queue.create("report", 1)).remove()
        queue.every("2 hours", queue.create("report", 1))

    def test_another_process_may_declare_another_time(self, make_queue: MakeQueue) -> None:
        one, two = make_queue(), make_queue()
        one.every("1 hour", one.create("report"))
        two.every("2 hours", two.create("report"))
        assert one.schedules()["report"].when == timedelta(hours=2)

    def test_the_same_declaration_again_changes_nothing(self, make_queue: MakeQueue, client: Any) -> None:
        one, two = make_queue(), make_queue()
        one.every("1 hour", one.create("report", ttl=5))
        before = keyspace(client)
        two.every(HOUR, two.create("report", ttl=5))
        assert keyspace(client) == before

    def test_deploys_more_often_than_the_interval_do_not_put_it_off(self, make_queue: MakeQueue) -> None:
        queue = make_queue()
        planned = due(queue.every("1 hour", queue.create("report", 0)))
        for n in range(1, 12):
            deployed = make_queue()
            assert due(deployed.every("1 hour", deployed.create("report", n))) == planned
        fire(queue, planned)
        assert [queue.get(id).data for id in queue.inactive()] == [11]

    def test_a_changed_time_starts_anew_and_a_changed_job_does_not(self, make_queue: MakeQueue) -> None:
        queue = make_queue()
        planned = due(queue.every("1 hour", queue.create("report")))
        fire(queue, planned)
        again = make_queue()
        kept = again.every("1 hour", again.create("report", "changed"))
        assert (kept.fired, due(kept)) == (1, planned + HOUR)
        other = make_queue()
        changed = other.every("2 hours", other.create("report"))
        assert (changed.fired, changed.last_at, changed.last_job_id) == (0, planned, kept.last_job_id)
        assert due(changed) > planned

    def test_many_processes_may_declare_at_once(self, make_queue: MakeQueue) -> None:
        queues = [make_queue() for _ in range(32)]
        gate = threading.Barrier(len(queues))

        def declare(queue: Any) -> int:
            job = queue.create("report")
            gate.wait(30)
            return due(queue.every("1 hour", job))

        with ThreadPoolExecutor(len(queues)) as threads:
            assert len(set(threads.map(declare, queues))) == 1

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            ({"when": "R * * * *"}, "another time"),
            ({"when": "0 0 30 2 *"}, "never comes"),
            ({"when": 500}, "a second or more"),
            ({"when": "1 month"}, "no fixed length"),
            ({"tz": "Mars/Olympus"}, "tz must be a time zone"),
            ({"tz": 7}, "tz must be the name"),
            ({"name": ""}, "name must be a non-empty string"),
            ({"name": "\ud800"}, "name must be text"),
            ({"start": SOON, "until": SOON - timedelta(seconds=1)}, "until must not be before start"),
            ({"start": datetime(2030, 1, 1)}, "aware datetime"),
            ({"until": 5}, "aware datetime"),
            ({"times": 0}, "times must be a whole number, 1 or more"),
            ({"catch_up": "some"}, "catch_up must be one of last, all, skip"),
            ({"overlap": True}, "overlap must be one of allow, skip"),
        ],
        ids=str,
    )
    def test_what_makes_no_sense_is_refused_and_nothing_is_written(
        self, queue: Any, client: Any, arguments: dict[str, Any], why: str
    ) -> None:
        with pytest.raises(InvalidSchedule, match=why):
            queue.every(**{"when": "1 hour", "job": queue.create("report")} | arguments)
        assert keyspace(client) == {}

    def test_a_job_that_cannot_recur_is_refused(self, queue: Any, make_queue: MakeQueue) -> None:
        for job, why in (
            (queue.create("report").save(), "not saved yet"),
            ("report", "not saved yet"),
            (make_queue().create("report"), "of this queue"),
            (queue.create("report", delay=SOON), "must be a duration"),
        ):
            with pytest.raises(InvalidSchedule, match=why):
                queue.every("1 hour", job)
        with pytest.raises(InvalidJobData, match="is nan"):
            queue.every("1 hour", queue.create("report", {"of": float("nan")}))

    def test_a_queue_that_is_shut_down_declares_nothing(self, make_queue: MakeQueue) -> None:
        queue = make_queue()
        job = queue.create("report")
        queue.shutdown()
        with pytest.raises(ShutdownInProgress):
            queue.every("1 hour", job)

    def test_in_test_mode_nothing_is_written(self, queue: Any, client: Any) -> None:
        queue.test_mode.enter()
        schedule = queue.every("1 hour", queue.create("report", 7))
        assert (schedule.data, schedule.fired) == (7, 0) and due(schedule)
        assert keyspace(client) == {} and queue.test_mode.jobs == []


class TestControl:
    def test_a_paused_schedule_has_no_jobs_and_goes_on_from_now(self, queue: Any) -> None:
        schedule = queue.every("1 hour", queue.create("report"))
        planned = due(schedule)
        schedule.pause()
        assert (schedule.paused, schedule.next_at, schedule.next(3)) == (True, None, [])
        fire(queue, planned + 10 * HOUR)
        assert queue.inactive() == []
        assert queue.schedules()["report"].paused
        schedule.resume()
        assert (schedule.paused, due(schedule)) == (False, planned)

    def test_a_schedule_may_be_triggered_at_any_time(self, queue: Any) -> None:
        schedule = queue.every("1 hour", queue.create("report", 7, priority="high", attempts=3))
        planned = due(schedule)
        job = schedule.trigger()
        assert (job.type, job.data, job.priority(), job.attempts()) == ("report", 7, -10, 3)
        assert (job.schedule_name, job.state()) == ("report", "inactive")
        assert abs(job.planned_at - job.created_at) < 5
        found = queue.schedules()["report"]
        assert (due(found), found.fired, found.last_job_id) == (planned, 0, job.id)

    def test_a_removed_schedule_is_gone_and_its_jobs_stay(self, queue: Any, client: Any) -> None:
        schedule = queue.every("1 hour", queue.create("report"))
        job = schedule.trigger()
        other = queue.schedules()["report"]
        schedule.remove()
        assert queue.schedules() == {} and queue.inactive() == [job.id]
        assert not [key for key in keyspace(client) if key.startswith("q:py:sched")]
        for call in (other.pause, other.resume, other.trigger, other.remove):
            with pytest.raises(ScheduleNotFound, match="there is no schedule 'report'") as refused:
                call()
            assert refused.value.name == "report"

    def test_jobs_are_of_the_class_of_the_queue(self, make_queue: MakeQueue) -> None:
        queue = make_queue(send=True)
        schedule = queue.every("1 hour", queue.create("report"))
        assert isinstance(schedule.trigger(), kue_send.Job)
        assert isinstance(queue.schedules()["report"].trigger(), kue_send.Job)

    def test_a_schedule_that_cannot_be_read_is_left_out(self, queue: Any, client: Any, errors: Any) -> None:
        queue.every("1 hour", queue.create("report"))
        client.zadd("q:py:schedules", {"odd": 1e15})
        client.hset("q:py:schedule:odd", "when", "60000")
        assert list(queue.schedules()) == ["report"]
        wait_until(lambda: errors)
        assert "the schedule 'odd' cannot be read by this release" in str(errors.pop())


class TestLater:
    def test_one_job_is_saved_for_later(self, queue: Any) -> None:
        job = queue.schedule("in 2 minutes", queue.create("report"))
        assert (job.state(), job.promote_at - job.created_at) == ("delayed", 120_000)
        assert queue.schedule(SOON, queue.create("report")).promote_at == round(SOON.timestamp() * 1000)
        assert queue.schedule(timedelta(hours=1), queue.create("report", delay=5)).delay() == HOUR
        hourly = queue.schedule("@hourly", queue.create("report"))
        assert hourly.promote_at % HOUR == 0
        assert queue.delayed_count() == 4

    def test_one_job_is_saved_now(self, queue: Any) -> None:
        job = queue.now(queue.create("report", delay=5000))
        assert (job.state(), queue.get(job.id).delay()) == ("inactive", None)

    def test_what_is_no_time_or_no_new_job_is_refused(self, queue: Any, client: Any) -> None:
        for when in ("tomorrow", None, -5, datetime(2030, 1, 1)):
            with pytest.raises(InvalidSchedule):
                queue.schedule(when, queue.create("report"))
        for call in (lambda: queue.now("report"), lambda: queue.schedule(5, None)):
            with pytest.raises(InvalidSchedule, match="not saved yet"):
                call()
        assert keyspace(client) == {}

    def test_test_mode_collects_such_jobs(self, queue: Any) -> None:
        queue.test_mode.enter()
        queue.now(queue.create("report", 1))
        queue.schedule("2 minutes", queue.create("report", 2))
        assert [(job.data, job.state()) for job in queue.test_mode.jobs] == [(1, "inactive"), (2, "delayed")]


def test_a_type_of_our_own_keys_is_refused(queue: Any) -> None:
    for call in (
        lambda: queue.create("py:x"),
        lambda: queue.process("py:schedule:a"),
        lambda: queue.ids("active", "py:x"),
    ):
        with pytest.raises(kue.InvalidOption, match="must not begin with 'py:'"):
            call()
