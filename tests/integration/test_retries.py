"""Attempts and backoff: how often a failing job runs, when, and which events each attempt has."""

from typing import Any

import pytest

from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


class Flaky:
    """Fails until so many attempts were made; remembers what each run saw."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.runs: list[tuple[int, float | None]] = []

    def __call__(self, job: Any) -> str:
        self.runs.append((job.attempts_made, job.delay()))
        if job.attempts_made < self.failures:
            raise ValueError(f"attempt {job.attempts_made + 1}")
        return "done"


def listen(job: Any) -> list[tuple[Any, ...]]:
    heard: list[tuple[Any, ...]] = []
    for event in ("enqueue", "start", "promotion", "failed attempt", "failed", "complete"):
        job.on(event, lambda *args, event=event: heard.append((event, *args)))
    return heard


@pytest.fixture
def prompt(make_queue: MakeQueue, backend: Any) -> Any:
    """A queue, on each kind of server, that promotes every few milliseconds."""
    return make_queue(backend, promotion={"interval": 5})


class TestAttempts:
    def test_a_job_without_attempts_is_tried_once(self, everywhere: Any) -> None:
        flaky = Flaky(9)
        everywhere.process("email", flaky)
        job = everywhere.create("email")
        heard = listen(job)
        job.save()
        wait_until(lambda: heard[-1:] == [("failed", "attempt 1")])
        assert [event for event, *_ in heard] == ["enqueue", "start", "failed"]
        assert flaky.runs == [(0, None)]

    def test_a_job_is_tried_as_often_as_asked_for(self, everywhere: Any) -> None:
        flaky = Flaky(9)
        everywhere.process("email", flaky)
        job = everywhere.create("email", attempts=3)
        heard = listen(job)
        job.save()
        wait_until(lambda: heard and heard[-1][0] == "failed")
        assert heard == [
            *(("enqueue", "email"), ("start", "email"), ("enqueue", "email"), ("failed attempt", "attempt 1", 1)),
            *(("start", "email"), ("enqueue", "email"), ("failed attempt", "attempt 2", 2)),
            *(("start", "email"), ("failed", "attempt 3")),
        ]
        found = Job.get(job.id, queue=everywhere)
        assert (found.state(), found.attempts_made, found.attempts()) == ("failed", 3, 3)
        assert found.to_json()["attempts"] == {"made": 3, "remaining": 0, "max": 3}
        assert Job.get_log(job.id, queue=everywhere) == [f"ValueError: attempt {n}" for n in (1, 2, 3)]

    def test_a_job_is_tried_no_more_often_than_needed(self, everywhere: Any) -> None:
        flaky = Flaky(2)
        everywhere.process("email", flaky)
        job = everywhere.create("email", attempts=5)
        heard = listen(job)
        job.save()
        wait_until(lambda: heard[-1:] == [("complete", "done")])
        assert [made for made, _ in flaky.runs] == [0, 1, 2]
        found = Job.get(job.id, queue=everywhere)
        assert (found.state(), found.attempts_made, found.result) == ("complete", 3, "done")
        assert found.error() is not None, "as in Kue, the last error stays"

    def test_a_job_may_set_its_attempts_while_it_runs(self, queue: Any) -> None:
        runs: list[int] = []

        @queue.process("email")
        def work(job: Any) -> None:
            runs.append(job.attempts_made)
            if not job.attempts_made:
                job.attempts(2).update()
            raise ValueError("boom")

        job = queue.create("email").save()
        wait_until(lambda: queue.failed() == [job.id])
        assert runs == [0, 1]

    def test_a_failing_job_delays_no_other(self, queue: Any) -> None:
        def work(job: Any) -> None:
            if job.data.get("bad"):
                raise ValueError("boom")

        queue.process("email", work)
        queue.create("email", {"bad": True}, attempts=50, priority="critical").save()
        queue.save_all([queue.create("email") for _ in range(50)])
        wait_until(lambda: (queue.complete_count(), queue.failed_count()) == (50, 1))


class TestBackoff:
    @pytest.mark.parametrize(
        ("options", "delays"),
        [
            ({"backoff": {"type": "fixed", "delay": 7}}, [None, 7, 7, 7]),
            ({"backoff": {"type": "exponential", "delay": 4}}, [None, 2, 6, 14]),
            ({"backoff": {"type": "exponential", "delay": 4, "max_delay": 9}}, [None, 2, 6, 7]),
            ({"backoff": {"type": "fixed"}, "delay": 3}, [3, 3, 3, 3]),
            ({"backoff": {"type": "exponential"}, "delay": 2}, [2, 1, 2, 7]),
            ({"backoff": True, "delay": 5}, [5, 5, 5, 5]),
            ({"backoff": True}, [None, None, None, None]),
        ],
        ids=["fixed", "exponential", "with a limit", "fixed by delay", "exponential by delay", "delay", "none"],
    )
    @pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
    def test_the_delays_of_a_backoff_are_those_of_kue(
        self, prompt: Any, options: dict[str, Any], delays: list[Any]
    ) -> None:
        """Each delay overwrites the job's own, from which the next one is computed where backoff has none."""
        flaky = Flaky(3)
        prompt.process("email", flaky)
        job = prompt.create("email", attempts=4, **options).save()
        wait_until(lambda: prompt.complete() == [job.id])
        assert flaky.runs == list(enumerate(delays))

    def test_a_job_waits_for_its_retry_as_a_delayed_job(self, everywhere: Any, backend: Any) -> None:
        everywhere.process("email", Flaky(9))
        job = everywhere.create("email", attempts=2, backoff={"type": "fixed", "delay": 60_000})
        heard = listen(job)
        job.save()
        wait_until(lambda: heard[-1:] == [("failed attempt", "attempt 1", 1)])
        found = Job.get(job.id, queue=everywhere)
        assert (found.state(), found.delay(), found.promote_at) == ("delayed", 60_000, found.failed_at + 60_000)
        assert backend.client.zscore(f"{backend.prefix}:jobs:delayed", "01|1") == found.promote_at
        assert everywhere.inactive_count() == 0

    def test_the_events_of_a_retry_come_in_order(self, prompt: Any) -> None:
        prompt.process("email", Flaky(1))
        job = prompt.create("email", attempts=2, backoff={"type": "fixed", "delay": 1})
        heard = listen(job)
        job.save()
        wait_until(lambda: heard[-1:] == [("complete", "done")])
        assert heard == [
            *(("enqueue", "email"), ("start", "email"), ("failed attempt", "attempt 1", 1), ("promotion",)),
            *(("enqueue", "email"), ("start", "email"), ("complete", "done")),
        ]


class TestWhatIsReadFromRedis:
    def test_a_javascript_backoff_is_not_run_and_the_delay_of_the_job_counts(
        self, make_queue: MakeQueue, client: Any, errors: list[BaseException]
    ) -> None:
        queue = make_queue(promotion={"interval": 5})
        job = queue.create("email", attempts=2, delay=1).save()
        client.hset("q:job:1", "backoff", "function(attempts, delay) { return delay * 2; }")
        flaky = Flaky(1)
        queue.process("email", flaky)
        wait_until(lambda: queue.complete() == [job.id])
        assert flaky.runs == [(0, 1), (1, 1)]
        wait_until(lambda: errors)
        assert ["JavaScript backoff" in str(problem) for problem in errors] == [True]
        errors.clear()

    @pytest.mark.parametrize("backoff", ['{"type":"magic"}', '{"delay":5}', "{}"])
    def test_an_unknown_backoff_ends_the_attempts_with_an_error(self, queue: Any, client: Any, backoff: str) -> None:
        job = queue.create("email", attempts=5).save()
        client.hset("q:job:1", "backoff", backoff)
        flaky = Flaky(9)
        queue.process("email", flaky)
        wait_until(lambda: queue.failed_count() + len(flaky.runs) // 5)
        if backoff == "{}":  # nothing at all: as without backoff
            wait_until(lambda: len(flaky.runs) == 5 and queue.failed() == [job.id])
        else:
            assert len(flaky.runs) == 1
            assert "not tried again" in str(Job.get(job.id, queue=queue).error())

    @pytest.mark.parametrize(
        ("field", "value"),
        [("attempts", "x"), ("max_attempts", ""), ("max_attempts", "many"), ("priority", "urgent"), ("delay", "soon")],
    )
    def test_the_other_jobs_run_if_a_number_of_one_cannot_be_read(
        self, queue: Any, client: Any, field: str, value: str
    ) -> None:
        bad = queue.create("email").save()
        client.hset("q:job:1", field, value)
        queue.process("email", Flaky(1))
        wait_until(lambda: queue.failed_count() + queue.complete_count() == 1)
        good = queue.create("email", attempts=2).save()
        wait_until(lambda: good.id in queue.complete())
        assert Job.get(bad.id, queue=queue).state() in ("failed", "complete")
