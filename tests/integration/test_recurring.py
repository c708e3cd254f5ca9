"""The duty for recurring jobs, driven by hand: what is due, what was missed, what this process leaves to others."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kue import InvalidSchedule, RedisRefused
from kue.maintenance.recurring import Recurring
from tests.helpers import wait_until
from tests.integration.commands import commands
from tests.integration.conftest import MakeQueue
from tests.integration.test_schedules import HOUR, due, fire

MINUTE = 60_000
PROCESSES = 32


def duty_of(queue: Any) -> Recurring:
    return Recurring(queue.runtime)


def planned(queue: Any, type: str = "report") -> list[int]:
    """The times of the jobs of a type, in the order of their ids."""
    return [job.planned_at for job in queue.range(0, -1) if job.type == type]


class TestDue:
    def test_a_job_is_saved_at_its_time_and_not_before(self, everywhere: Any) -> None:
        queue = everywhere
        first = due(queue.every("1 hour", queue.create("report", {"of": 7}, priority="high", ttl=500)))
        duty = duty_of(queue)
        assert duty.run_once(first - 1) is False
        assert queue.inactive() == []
        assert duty.run_once(first) is True
        assert duty.run_once(first) is False
        [id] = queue.inactive()
        job = queue.get(id)
        assert (job.data, job.priority(), job.ttl()) == ({"of": 7}, -10, 500)
        assert (job.schedule_name, job.planned_at, job.created_at) == ("report", first, first)
        found = queue.schedules()["report"]
        assert (found.fired, found.last_at, found.last_job_id, due(found)) == (1, first, id, first + HOUR)

    def test_intervals_do_not_drift(self, queue: Any) -> None:
        first = due(queue.every("1 hour", queue.create("report")))
        for n in range(5):
            fire(queue, first + n * HOUR + 7 * n)
        assert planned(queue) == [first + n * HOUR for n in range(5)]

    def test_an_ordinary_job_has_no_schedule(self, queue: Any) -> None:
        job = queue.create("report")
        assert (job.schedule_name, job.planned_at) == (None, None)
        saved = queue.get(job.save().id)
        assert (job.schedule_name, saved.schedule_name, saved.planned_at) == (None, None, None)

    def test_many_schedules_are_due_at_once(self, queue: Any) -> None:
        start = datetime(2030, 1, 1, tzinfo=UTC)
        for n in range(250):
            queue.every("1 hour", queue.create("report", n), name=f"n {n}", start=start)
        now = round(start.timestamp() * 1000)
        duty, rounds = duty_of(queue), 0
        while duty.run_once(now):
            rounds += 1
        assert rounds == 3
        assert sorted(job.data for job in queue.range(0, -1)) == list(range(250))

    def test_it_sleeps_until_the_next_time_and_a_second_at_most(self, queue: Any) -> None:
        duty = duty_of(queue)
        duty.run_once(0)
        assert duty.interval == 2.0  # there is none
        first = due(queue.every("1 hour", queue.create("report")))
        duty.run_once(first - 400)
        assert 0.4 <= duty.interval <= 0.42
        duty.run_once(first - 5000)
        assert duty.interval == 1.0

    def test_without_schedules_a_round_is_one_command(self, queue: Any, client: Any) -> None:
        duty = duty_of(queue)
        duty.run_once(1)
        with commands(client) as sent:
            duty.run_once(2)
        assert sent == ["ZRANGE"]


class TestMissed:
    def test_the_last_of_missed_times_has_a_job(self, queue: Any) -> None:
        first = due(queue.every("1 hour", queue.create("report")))
        fire(queue, first + 5 * HOUR + 30 * MINUTE)
        assert planned(queue) == [first + 5 * HOUR]
        assert due(queue.schedules()["report"]) == first + 6 * HOUR

    def test_all_missed_times_have_a_job_the_oldest_first(self, queue: Any) -> None:
        first = due(queue.every("1 hour", queue.create("report"), catch_up="all"))
        fire(queue, first + 5 * HOUR + 30 * MINUTE)
        assert planned(queue) == [first + n * HOUR for n in range(6)]
        fire(queue, first + 1000 * HOUR)
        assert planned(queue)[6:] == [first + n * HOUR for n in range(901, 1001)]

    def test_no_missed_time_has_a_job(self, queue: Any) -> None:
        first = due(queue.every("1 hour", queue.create("report"), catch_up="skip"))
        fire(queue, first + MINUTE + 1)
        assert planned(queue) == []
        fire(queue, first + 5 * HOUR + MINUTE)
        assert planned(queue) == [first + 5 * HOUR]

    def test_a_year_of_missed_seconds_is_one_round(self, make_queue: MakeQueue, client: Any) -> None:
        declaring, queue = make_queue(), make_queue()
        declaring.every("* * * * * *", declaring.create("report"), start=datetime(2030, 1, 1, tzinfo=UTC))
        declaring.shutdown()  # with its own duty
        queue.types()  # connects
        now = round(datetime(2031, 1, 1, tzinfo=UTC).timestamp() * 1000)
        with commands(client) as sent:
            duty_of(queue).run_once(now)
        assert sent == ["ZRANGE", "HGETALL", "EVALSHA"]
        assert planned(queue) == [now]

    def test_a_schedule_ends_after_its_jobs_or_its_last_moment(self, queue: Any) -> None:
        first = due(queue.every("1 hour", queue.create("report"), times=3, catch_up="all"))
        until = datetime.fromtimestamp(first / 1000, UTC) + timedelta(hours=2, minutes=1)
        queue.every("1 hour", queue.create("other"), until=until, catch_up="all")
        fire(queue, first)
        fire(queue, first + 10 * HOUR)
        assert planned(queue) == [first, first + HOUR, first + 2 * HOUR]
        assert len(planned(queue, "other")) == 3
        found = queue.schedules()
        assert [(found[name].next_at, found[name].fired) for name in ("report", "other")] == [(None, 3), (None, 3)]
        assert found["report"].next() == []

    def test_jobs_do_not_overlap_if_they_must_not(self, queue: Any) -> None:
        first = due(queue.every("1 hour", queue.create("report"), overlap="skip"))
        for n in range(3):
            fire(queue, first + n * HOUR)
        assert planned(queue) == [first]
        assert (queue.schedules()["report"].fired, queue.schedules()["report"].skipped) == (1, 2)
        queue.get(queue.inactive()[0]).complete()
        fire(queue, first + 3 * HOUR)
        assert planned(queue) == [first, first + 3 * HOUR]

    @pytest.mark.parametrize("ended", ["scheduled", "triggered"])
    def test_jobs_do_not_overlap_if_one_was_triggered(self, queue: Any, ended: str) -> None:
        schedule = queue.every("1 hour", queue.create("report"), overlap="skip")
        first = due(schedule)
        fire(queue, first)
        scheduled = queue.get(queue.schedules()["report"].last_job_id)
        jobs = {"scheduled": scheduled.active(), "triggered": schedule.trigger()}
        jobs.pop(ended).complete()
        fire(queue, first + HOUR)
        assert (queue.schedules()["report"].fired, queue.schedules()["report"].skipped) == (1, 1)
        for job in jobs.values():
            job.complete()
        fire(queue, first + 2 * HOUR)
        assert queue.schedules()["report"].fired == 2

    def test_another_time_does_not_let_jobs_overlap(self, make_queue: MakeQueue) -> None:
        queue, deployed = make_queue(), make_queue()
        fire(queue, due(queue.every("1 hour", queue.create("report", unique="daily"))))
        changed = deployed.every("2 hours", deployed.create("report", unique="daily"))
        fire(queue, due(changed))
        assert len(planned(queue)) == 1
        assert queue.schedules()["daily"].skipped == 1

    def test_another_time_gives_no_time_a_second_job(self, make_queue: MakeQueue) -> None:
        queue, deployed = make_queue(), make_queue()
        first = due(queue.every("0 0 * * *", queue.create("report")))
        fire(queue, first)  # by a clock that is ahead
        changed = deployed.every("0 */12 * * *", deployed.create("report"), tz="Etc/UTC")
        assert due(changed) == first + 12 * HOUR
        changed.pause()
        changed.resume()
        assert due(changed) == first + 12 * HOUR


class TestRaces:
    @pytest.mark.parametrize("catch_up", ["last", "all"])
    def test_each_time_has_one_job_however_many_processes_try(self, make_queue: MakeQueue, catch_up: Any) -> None:
        queues = [make_queue() for _ in range(PROCESSES)]
        first = due(queues[0].every("1 hour", queues[0].create("report"), catch_up=catch_up))
        gate, times = threading.Barrier(PROCESSES), 20

        def work(queue: Any) -> None:
            duty = duty_of(queue)
            for n in range(times):
                gate.wait(30)
                while duty.run_once(first + n * HOUR):
                    pass

        with ThreadPoolExecutor(PROCESSES) as threads:
            list(threads.map(work, queues))
        assert planned(queues[0]) == [first + n * HOUR for n in range(times)]
        assert queues[0].schedules()["report"].fired == times

    def test_a_declaration_in_between_loses_no_time_and_doubles_none(self, make_queue: MakeQueue) -> None:
        queue, deployed = make_queue(), make_queue()
        first = due(queue.every("1 hour", queue.create("report", 0)))
        gate, times = threading.Barrier(2), 50

        def work() -> None:
            duty = duty_of(queue)
            for n in range(times):
                gate.wait(30)
                while duty.run_once(first + n * HOUR):
                    pass
                while duty.run_once(first + n * HOUR):  # the declaration may have come between read and fire
                    pass

        def deploy() -> None:
            for n in range(times):
                gate.wait(30)
                deployed.every("1 hour", deployed.create("report", n), name="report")

        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(work), threads.submit(deploy)]:
                done.result()
        fire(queue, first + (times - 1) * HOUR)
        assert planned(queue) == [first + n * HOUR for n in range(times)]


class TestLeftToOthers:
    def test_what_cannot_be_computed_here_is_left_to_others_with_one_error(
        self, queue: Any, client: Any, errors: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = due(queue.every("0 * * * *", queue.create("report"), tz="Europe/Berlin"))
        later = due(queue.every("1 hour", queue.create("other"), start=datetime(2030, 1, 1, tzinfo=UTC)))
        client.hset("q:py:schedule:report", "tz", "Mars/Olympus")
        duty = duty_of(queue)
        for now in (first, first + 1, later, later + HOUR):
            while duty.run_once(now):
                pass
        wait_until(lambda: errors)
        assert isinstance(errors[0], InvalidSchedule)
        assert "'report' is left to other processes" in str(errors.pop())
        assert planned(queue) == [] and len(planned(queue, "other")) == 2
        client.hset("q:py:schedule:report", mapping={"tz": "Europe/Berlin", "digest": "another"})
        while duty.run_once(later + HOUR):
            pass
        assert len(planned(queue)) == 1

    def test_what_redis_refuses_holds_up_no_other_schedule(self, queue: Any, client: Any) -> None:
        start = datetime(2030, 1, 1, tzinfo=UTC)
        queue.every("1 hour", queue.create("bad"), start=start)
        queue.every("1 hour", queue.create("report"), start=start + timedelta(minutes=1))
        client.set("q:bad:jobs", "poison")
        duty = duty_of(queue)
        with pytest.raises(RedisRefused, match="WRONGTYPE"):
            duty.run_once(round(start.timestamp() * 1000) + HOUR)
        assert len(planned(queue)) == 1
        client.delete("q:bad:jobs")
        duty.run_once(round(start.timestamp() * 1000) + HOUR)
        assert len(planned(queue, "bad")) == 1

    def test_half_a_schedule_is_passed_over(self, queue: Any, client: Any) -> None:
        client.zadd("q:py:schedules", {"gone": 5})
        duty = duty_of(queue)
        assert [duty.run_once(now) for now in (10, 20)] == [False, False]


class TestProcesses:
    def test_a_process_that_only_declares_saves_jobs(self, queue: Any) -> None:
        queue.every("1 second", queue.create("report"), catch_up="all")
        wait_until(lambda: queue.inactive_count() >= 2)
        times = planned(queue)
        assert times[1] - times[0] == 1000

    def test_a_process_that_only_works_saves_and_runs_jobs(self, make_queue: MakeQueue) -> None:
        declaring, working = make_queue(), make_queue()
        ran: list[Any] = []
        declaring.every("1 second", declaring.create("report", 7))
        declaring.shutdown()
        working.process("report", lambda job: ran.append((job.data, job.schedule_name, job.planned_at)))
        wait_until(lambda: len(ran) >= 2)
        assert ran[0][:2] == (7, "report") and ran[1][2] > ran[0][2]

    def test_a_process_that_works_and_declares_has_the_duty_once(self, queue: Any) -> None:
        queue.every("1 hour", queue.create("report"))
        queue.process("report", lambda job: None)
        queue.every("1 hour", queue.create("other"))
        duties = [duty for duty in queue._ticker._due if isinstance(duty, Recurring)]
        assert len(duties) == 1

    def test_a_handler_asks_for_the_plan_once(self, queue: Any, client: Any) -> None:
        asked: list[Any] = []

        def handle(job: Any) -> None:
            with commands(client) as sent:
                asked.extend([job.planned_at, job.schedule_name])
            asked.append(sent.count("HMGET"))

        schedule = queue.every("1 hour", queue.create("report"))
        job = schedule.trigger()
        queue.process("report", handle)
        wait_until(lambda: len(asked) == 3)
        assert asked == [job.planned_at, "report", 1]
