"""`process(..., backoff=f)`: in this process f says how long a failed job waits, however its run ended."""

import threading
from datetime import timedelta
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import keyspace, wait_until
from tests.integration.conftest import MakeQueue


@pytest.fixture
def prompt(make_queue: MakeQueue) -> Any:
    """A queue that promotes every few milliseconds."""
    return make_queue(promotion={"interval": 5})


@pytest.fixture
def gate() -> Any:
    """Holds handlers until the end of the test."""
    gate = threading.Event()
    yield gate
    gate.set()


def fails(job: Any) -> None:
    raise ValueError("boom")


def failed_once(queue: Any, id: int) -> Any:
    wait_until(lambda: queue.delayed() == [id])
    return Job.get(id, queue=queue)


@pytest.mark.parametrize(
    ("returned", "wait"), [(60_000, 60_000), (timedelta(minutes=2), 120_000), (1.5e5, 150_000)], ids=str
)
@pytest.mark.parametrize("own", [None, True, {"type": "fixed", "delay": 5}, {"type": "exponential", "delay": 7}])
def test_a_failed_job_waits_as_long_as_the_function_says(queue: Any, returned: Any, wait: int, own: Any) -> None:
    queue.process("email", 1, fails, backoff=lambda attempts, delay: returned)
    job = failed_once(queue, queue.create("email", attempts=2, backoff=own).save().id)
    assert (job.delay(), job.attempts_made) == (wait, 1)
    assert job.promote_at == job.failed_at + wait


@pytest.mark.parametrize("returned", [0, -5, timedelta(seconds=-5)], ids=str)
def test_a_wait_of_0_or_less_is_over_at_once(prompt: Any, returned: Any) -> None:
    runs: list[int] = []

    def work(job: Any) -> None:
        runs.append(job.attempts_made)
        raise ValueError

    prompt.process("email", work, backoff=lambda attempts, delay: returned)
    prompt.create("email", attempts=3, delay=20).save()
    wait_until(lambda: prompt.failed_count() == 1)
    assert runs == [0, 1, 2]


def test_the_function_gets_the_attempts_and_the_last_delay_but_not_after_the_last_attempt(prompt: Any) -> None:
    calls: list[tuple[int, int]] = []

    def growing(attempts: int, delay: int) -> int:
        calls.append((attempts, delay))
        return 2 * delay

    @prompt.process("email", 2, backoff=growing)
    def work(job: Any) -> None:
        raise ValueError

    prompt.create("email", attempts=4, delay=3).save()
    wait_until(lambda: prompt.failed_count() == 1)
    assert calls == [(1, 3), (2, 6), (3, 12)]


def test_a_ghost_waits_for_its_own_delay_whatever_the_function_says(queue: Any, gate: threading.Event) -> None:
    calls: list[int] = []
    queue.process("email", lambda job: gate.wait(30), backoff=lambda attempts, delay: calls.append(attempts) or 5)
    job = queue.create("email", ttl=100, attempts=2, ghost_on_ttl=True, ghost_delay=3_600_000).save()
    wait_until(lambda: queue.delayed() == [job.id])
    found = Job.get(job.id, queue=queue)
    assert (found.attempts_made, found.delay(), calls) == (0, None, [1])
    assert found.promote_at == found.updated_at + 3_600_000


def test_each_process_call_has_a_backoff_of_its_own(queue: Any) -> None:
    queue.process("email", fails, backoff=lambda attempts, delay: 60_000)
    queue.process("pdf", fails)
    for type in ("email", "pdf"):
        queue.create(type, attempts=2, backoff={"type": "fixed", "delay": 90_000}).save()
    wait_until(lambda: queue.delayed_count() == 2)
    assert [Job.get(id, queue=queue).delay() for id in (1, 2)] == [60_000, 90_000]


def test_nothing_of_the_function_is_written_to_redis(queue: Any, client: Any) -> None:
    queue.process("email", fails, backoff=lambda attempts, delay: 60_000)
    failed_once(queue, queue.create("email", attempts=2).save().id)
    assert "backoff" not in keyspace(client)["q:job:1"]


@pytest.mark.parametrize("kind", ["raises", "returns None"])
def test_a_function_that_fails_is_one_error_and_the_delay_of_the_job_counts(
    prompt: Any, errors: list[BaseException], kind: str
) -> None:
    def broken(attempts: int, delay: int) -> Any:
        return attempts / 0 if kind == "raises" else None

    prompt.process("email", fails, backoff=broken)
    job = prompt.create("email", attempts=2, delay=60_000).save()
    Job.get(job.id, queue=prompt).inactive()
    assert failed_once(prompt, job.id).delay() == 60_000
    wait_until(lambda: errors)
    error = errors.pop()
    assert isinstance(error, kue.KueError)
    assert "broken failed for job 1, which waits for its own delay: " in str(error)


def test_a_javascript_backoff_is_replaced_without_a_warning(queue: Any, client: Any) -> None:
    job = queue.create("email", attempts=2, delay=60_000).save()
    client.hset(f"q:job:{job.id}", "backoff", "function(attempts) { return 5 }")
    queue.process("email", fails, backoff=lambda attempts, delay: 90_000)
    Job.get(job.id, queue=queue).inactive()
    assert failed_once(queue, job.id).delay() == 90_000


def test_a_run_that_this_process_ends_at_its_ttl_waits_as_the_function_says(queue: Any, gate: threading.Event) -> None:
    queue.process("email", lambda job: gate.wait(), backoff=lambda attempts, delay: 60_000)
    job = failed_once(queue, queue.create("email", attempts=2, ttl=20).save().id)
    assert (job.delay(), job.error()) == (60_000, "TTL exceeded")


def test_a_run_that_a_shutdown_ends_waits_as_the_function_says(
    queue: Any, make_queue: MakeQueue, gate: threading.Event
) -> None:
    queue.process("email", lambda job: gate.wait(), backoff=lambda attempts, delay: 60_000)
    id = queue.create("email", attempts=2).save().id
    wait_until(lambda: queue.active_count() == 1)
    queue.shutdown(10)
    job = failed_once(make_queue(), id)
    assert (job.delay(), job.error()) == (60_000, "Shutdown")


def test_done_and_coroutines_fail_by_the_function_as_well(queue: Any) -> None:
    async def coroutine(job: Any) -> None:
        raise ValueError

    def minute(attempts: int, delay: int) -> int:
        return 60_000

    queue.process("done", 1, lambda job, done: done("boom"), backoff=minute)
    queue.process("coroutine", 1, coroutine, backoff=minute)
    for type in ("done", "coroutine"):
        queue.create(type, attempts=2).save()
    wait_until(lambda: queue.delayed_count() == 2)
    assert [Job.get(id, queue=queue).delay() for id in (1, 2)] == [60_000, 60_000]


def test_what_is_no_such_function_is_refused_when_it_is_registered(queue: Any) -> None:
    for wrong in (5, {"type": "fixed"}, lambda attempts: 5):
        with pytest.raises(kue.InvalidOption, match=r"^backoff must be a function of \(attempts, delay\)"):
            queue.process("email", 1, fails, backoff=wrong)
        with pytest.raises(kue.InvalidOption, match=r"^backoff must be a function of \(attempts, delay\)"):
            queue.process("email", backoff=wrong)
    assert queue.workers == []
