"""Delays: a duration counts from the write that carries it, and a datetime is that moment, whatever happened before."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

START = 2_000_000_000_000
HOUR = 3_600_000


class Clock:
    """The clock of one queue, which stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now

    def moment(self, ms: int) -> datetime:
        return datetime.fromtimestamp((self.now + ms) / 1000, UTC)


@pytest.fixture
def clock(everywhere: Any, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(everywhere.runtime.store, "clock", clock)
    return clock


def filed(queue: Any, id: int | None) -> tuple[str | None, int | None, Any, float | None]:
    """The state, delay and promote_at of a job, and its score among the delayed jobs."""
    job = Job.get(id or 0, queue=queue)
    return job.state(), job.delay(), job.promote_at, queue.runtime.store.scores([(id, None)], "delayed")[0]


class TestNewJobs:
    @pytest.mark.parametrize("together", [False, True], ids=["save", "save_all"])
    def test_a_moment_stays_that_moment_however_late_the_job_is_saved(
        self, everywhere: Any, clock: Clock, together: bool
    ) -> None:
        job = everywhere.create("email", delay=clock.moment(HOUR))
        clock.now += 700
        assert job.delay() == HOUR - 700
        everywhere.save_all([job]) if together else job.save()
        assert filed(everywhere, job.id) == ("delayed", HOUR - 700, START + HOUR, START + HOUR)
        clock.now += 700
        assert (job.delay(), job.promote_at) == (HOUR - 700, START + HOUR), "it is as in Redis"

    def test_a_duration_counts_from_the_save(self, everywhere: Any, clock: Clock) -> None:
        job = everywhere.create("email", delay=HOUR)
        clock.now += 700
        assert filed(everywhere, job.save().id) == ("delayed", HOUR, clock.now + HOUR, clock.now + HOUR)

    def test_a_moment_that_has_passed_by_the_time_of_the_save_is_no_delay(self, everywhere: Any, clock: Clock) -> None:
        job = everywhere.create("email", delay=clock.moment(500))
        clock.now += 500
        assert filed(everywhere, job.save().id) == ("inactive", None, clock.now, None)
        assert (job.state(), job.delay()) == ("inactive", None)

    def test_a_save_that_failed_does_not_make_a_duration_of_the_moment(
        self, everywhere: Any, backend: Any, clock: Clock
    ) -> None:
        job = everywhere.create("email", delay=clock.moment(HOUR))
        backend.client.set(f"{backend.prefix}:jobs", "of the wrong kind")
        with pytest.raises(kue.RedisRefused):
            job.save()
        backend.client.delete(f"{backend.prefix}:jobs")
        clock.now += 700
        assert filed(everywhere, job.save().id)[2] == START + HOUR

    def test_a_moment_as_flag_is_that_moment_for_each_job(
        self, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = Clock()
        queue: Any = make_queue(job_flags={"email": {"delay": clock.moment(HOUR)}})
        monkeypatch.setattr(queue.runtime.store, "clock", clock)
        first = queue.create("email")
        clock.now += 700
        assert [job.save().promote_at for job in (first, queue.create("email"))] == [START + HOUR] * 2
        clock.now += 2 * HOUR
        assert queue.create("email").save().state() == "inactive"


class TestSavedJobs:
    @pytest.mark.parametrize("end", ["update", "save"])
    @pytest.mark.parametrize("kind", ["moment", "duration"])
    def test_a_new_delay_of_a_delayed_job_counts_from_now(
        self, everywhere: Any, clock: Clock, kind: str, end: str
    ) -> None:
        id = everywhere.create("email", delay=10 * HOUR).save().id
        clock.now += 1200
        job = Job.get(id, queue=everywhere).delay(clock.moment(HOUR) if kind == "moment" else HOUR)
        getattr(job, end)()
        due = clock.now + HOUR
        assert filed(everywhere, id) == ("delayed", HOUR, due, due)
        assert (job.delay(), job.promote_at) == (HOUR, due)
        clock.now += 1200
        getattr(job, end)()
        assert filed(everywhere, id) == ("delayed", HOUR, due, due), "what did not change is not counted anew"

    @pytest.mark.parametrize("kind", ["moment", "duration"])
    @pytest.mark.parametrize("updates", [True, False])
    def test_a_job_that_failed_long_ago_runs_again_after_the_whole_delay(
        self, everywhere: Any, clock: Clock, kind: str, updates: bool
    ) -> None:
        id = everywhere.create("email").save().failed().id
        clock.now += HOUR
        job = Job.get(id, queue=everywhere).delay(clock.moment(600_000) if kind == "moment" else 600_000)
        if updates:
            job.update()
        assert job.delayed() is job
        due = clock.now + 600_000
        assert filed(everywhere, id) == ("delayed", 600_000, due, due)
        assert (job.delay(), job.promote_at) == (600_000, due)

    def test_delayed_without_a_new_delay_keeps_the_moment(self, everywhere: Any, clock: Clock) -> None:
        id = everywhere.create("email", delay=HOUR).save().inactive().id
        clock.now += 700
        Job.get(id, queue=everywhere).delayed()
        assert filed(everywhere, id) == ("delayed", HOUR, START + HOUR, START + HOUR)

    @pytest.mark.parametrize("value", [None, 0, timedelta(0), "a passed moment"])
    def test_a_delay_that_is_taken_away_makes_the_job_due_now(self, everywhere: Any, clock: Clock, value: Any) -> None:
        id = everywhere.create("email", delay=HOUR).save().id
        clock.now += 700
        job = Job.get(id, queue=everywhere).delay(clock.moment(-5) if isinstance(value, str) else value).update()
        assert filed(everywhere, id) == ("delayed", None, clock.now, clock.now)
        assert not job.delay()

    def test_a_waiting_job_that_is_saved_with_a_delay_runs_only_after_it(self, make_queue: MakeQueue) -> None:
        queue: Any = make_queue(promotion={"interval": 10})
        job = queue.create("email").save()
        job.delay(300).save()
        assert (job.state(), queue.inactive(), queue.delayed()) == ("delayed", [], [job.id])
        queue.process("email", lambda job: job.started_at)
        wait_until(lambda: queue.complete() == [job.id])
        assert Job.get(job.id, queue=queue).result >= job.promote_at


class TestHandlers:
    def test_a_handler_that_puts_its_job_off_runs_it_once_until_then(self, make_queue: MakeQueue) -> None:
        queue: Any = make_queue(promotion={"interval": 5})
        ran: list[int] = []

        @queue.process("email")
        def work(job: Any) -> None:
            ran.append(job.id)
            if job.type == "email" and job.data:
                job.delay(600_000).delayed()

        job = queue.create("email", {"again": True}).save()
        wait_until(lambda: queue.delayed() == [job.id])
        last = queue.create("email").save()
        wait_until(lambda: queue.complete() == [last.id])
        found = Job.get(job.id, queue=queue)
        assert ran == [job.id, last.id]
        assert (found.delay(), found.promote_at) == (600_000, found.updated_at + 600_000)

    @pytest.mark.parametrize("backoff", [True, {"type": "fixed"}], ids=["true", "fixed"])
    @pytest.mark.parametrize("updates", [True, False])
    def test_a_delay_until_a_moment_counts_for_the_retry(self, queue: Any, backoff: Any, updates: bool) -> None:
        moment = datetime.now(UTC) + timedelta(hours=1)
        due = round(moment.timestamp() * 1000)

        @queue.process("email")
        def work(job: Any) -> None:
            job.delay(moment)
            if updates:
                job.update()
                assert job.state() == "active"
            raise ValueError("later")

        job = queue.create("email", attempts=2, backoff=backoff).save()
        wait_until(lambda: queue.delayed() == [job.id])
        found = Job.get(job.id, queue=queue)
        if updates:  # it is a duration since the update
            assert found.promote_at == found.failed_at + found.delay()
        else:
            assert (found.promote_at, found.delay()) == (due, due - found.failed_at)

    def test_an_active_job_that_is_put_off_from_outside_stays_active(self, queue: Any) -> None:
        began, go = threading.Event(), threading.Event()
        queue.process("email", lambda job: (began.set(), go.wait(10), "done")[-1])
        job = queue.create("email").save()
        assert began.wait(10)
        assert job.delay(HOUR).update().state() == "active"
        go.set()
        wait_until(lambda: queue.complete() == [job.id])
