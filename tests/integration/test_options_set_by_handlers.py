"""What a handler sets on its own job counts for the outcome of the run, and the next run knows it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kue
from kue import Job
from kue.doctor import examine
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

HOUR = 3_600_000


def plain(change: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda job: change(job) and None


def coroutine(change: Callable[[Any], Any]) -> Callable[..., Any]:
    async def work(job: Any) -> None:
        await asyncio.sleep(0)
        change(job)

    return work


def done_form(change: Callable[[Any], Any]) -> Callable[..., Any]:
    def work(job: Any, done: Any) -> None:
        def end() -> None:
            try:
                change(job)
            except ValueError as problem:
                done(problem)
            else:
                done()

        threading.Thread(target=end).start()

    return work


each_form = pytest.mark.parametrize("form", [plain, coroutine, done_form])


def boom(*_: Any) -> None:
    raise ValueError("boom")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds handlers, at most until the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


class TestAttempts:
    @each_form
    def test_fewer_attempts_end_the_job(self, everywhere: Any, form: Any) -> None:
        everywhere.process("email", form(lambda job: boom(job.attempts(1))))
        job = everywhere.create("email", attempts=3).save()
        wait_until(lambda: everywhere.failed() == [job.id])
        found = Job.get(job.id, queue=everywhere)
        assert (found.attempts_made, found.attempts()) == (1, 1)

    @each_form
    def test_more_attempts_let_the_job_run_again_and_the_next_run_knows_them(self, everywhere: Any, form: Any) -> None:
        seen: list[tuple[int, int]] = []

        def change(job: Any) -> None:
            seen.append((job.attempts_made, job.attempts()))
            if not job.attempts_made:
                job.attempts(3)
            boom()

        everywhere.process("email", form(change))
        job = everywhere.create("email").save()
        wait_until(lambda: everywhere.failed() == [job.id])
        assert seen == [(0, 1), (1, 3), (2, 3)]

    def test_the_default_is_one_attempt(self, queue: Any) -> None:
        queue.process("email", lambda job: boom(job.attempts(None)))
        job = queue.create("email", attempts=3).save()
        wait_until(lambda: queue.failed() == [job.id])


class TestRemoveOnComplete:
    @each_form
    def test_a_handler_has_its_job_removed(self, everywhere: Any, backend: Any, form: Any) -> None:
        everywhere.process("email", form(lambda job: job.remove_on_complete(True)))
        job = everywhere.create("email").save()
        wait_until(lambda: not backend.client.exists(f"{backend.prefix}:job:{job.id}"))
        assert everywhere.complete() == Job.range(0, -1, queue=everywhere) == []

    def test_a_handler_keeps_its_job(self, everywhere: Any) -> None:
        everywhere.process("email", plain(lambda job: job.remove_on_complete(False)))
        job = everywhere.create("email", remove_on_complete=True).save()
        wait_until(lambda: everywhere.complete() == [job.id])
        assert Job.get(job.id, queue=everywhere).remove_on_complete() is False


OUTCOMES: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "complete": (lambda job, gate: None, {}, "complete"),
    "failed": (boom, {}, "failed"),
    "again": (lambda job, gate: None if job.attempts_made else boom(), {"attempts": 2}, "complete"),
    "later": (boom, {"attempts": 2, "backoff": {"type": "fixed", "delay": HOUR}}, "delayed"),
    "its ttl": (lambda job, gate: gate.wait(), {"ttl": 40}, "failed"),
    "moved": (lambda job, gate: job.failed(), {}, "failed"),
    "updated": (lambda job, gate: job.update(), {}, "complete"),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_priority_is_the_same_in_the_hash_and_in_every_set(
    everywhere: Any, gate: threading.Event, outcome: str
) -> None:
    end, options, state = OUTCOMES[outcome]
    everywhere.process("email", lambda job: end(job.priority(7), gate) and None)
    id = everywhere.create("email", priority=-3, **options).save().id
    wait_until(lambda: getattr(everywhere, state)() == [id])
    job = Job.get(id, queue=everywhere)
    assert job.priority() == 7
    found = examine(everywhere, grace=0)
    assert found.is_clean, found


@pytest.mark.parametrize("requeue", [False, True], ids=["failed", "put back"])
def test_what_was_set_before_a_shutdown_counts_for_the_end_that_it_makes(
    make_queue: MakeQueue, gate: threading.Event, requeue: bool
) -> None:
    queue, reader = make_queue(), make_queue()
    began = threading.Event()

    @queue.process("email")
    def work(job: Any) -> None:
        job.priority(7).attempts(2)
        began.set()
        gate.wait()

    job = queue.create("email").save()
    assert began.wait(10)
    queue.shutdown(0, requeue=requeue)
    found = Job.get(job.id, queue=reader)
    assert (found.state(), found.priority(), found.attempts(), found.attempts_made) == (
        *("inactive", 7, 2),
        0 if requeue else 1,
    )
    assert examine(reader, grace=0).is_clean


def test_every_option_is_written_and_no_data(everywhere: Any) -> None:
    @everywhere.process("email")
    def work(job: Any) -> None:
        job.data["n"] = 2
        job.ttl(HOUR).backoff({"type": "exponential", "delay": 5}).delay(500).attempts(4).priority(1)
        job.remove_on_complete(None)

    job = everywhere.create("email", {"n": 1}, remove_on_complete=True).save()
    wait_until(lambda: everywhere.complete() == [job.id])
    found = Job.get(job.id, queue=everywhere)
    assert found.data == {"n": 1}
    assert (found.ttl(), found.delay(), found.attempts(), found.priority()) == (HOUR, 500, 4, 1)
    assert found.backoff() == {"type": "exponential", "delay": 5}
    assert found.remove_on_complete() is False


def test_a_backoff_counts_for_this_failure_and_the_next(make_queue: MakeQueue) -> None:
    queue = make_queue(promotion={"interval": 5})
    waits: list[Any] = []

    @queue.process("email")
    def work(job: Any) -> None:
        waits.append(job.delay())
        if not job.attempts_made:
            job.backoff({"type": "fixed", "delay": 3}).attempts(3)
        boom()

    job = queue.create("email").save()
    wait_until(lambda: queue.failed() == [job.id])
    assert waits == [None, 3, 3]


def test_what_was_written_with_the_outcome_is_not_written_again_later(queue: Any) -> None:
    kept: list[Any] = []
    queue.process("email", lambda job: kept.append(job.attempts(4).ttl(HOUR).progress(1, 2)))
    job = queue.create("email").save()
    wait_until(lambda: queue.complete() == [job.id])
    Job.get(job.id, queue=queue).attempts(9).ttl(500).update()
    kept[0].update()
    found = Job.get(job.id, queue=queue)
    assert (found.attempts(), found.ttl()) == (9, 500)


def test_what_is_set_after_the_outcome_counts_no_more(queue: Any) -> None:
    ended, over = threading.Event(), threading.Event()

    @queue.process("email")
    def work(job: Any, done: Any) -> None:
        done()
        job.priority(7)
        ended.set()

    job = queue.create("email").save()
    queue.process("last", lambda job: over.set())
    assert ended.wait(10)
    queue.create("last").save()
    assert over.wait(10)
    wait_until(lambda: queue.complete_count() == 2)
    assert Job.get(job.id, queue=queue).priority() == 0


@pytest.mark.parametrize("change", ["complete", "failed", "delayed", "inactive"])
def test_a_change_of_state_by_hand_carries_the_options(queue: Any, change: str) -> None:
    ran: list[int] = []

    @queue.process("email")
    def work(job: Any) -> None:
        ran.append(job.priority())
        if len(ran) == 1:
            getattr(job.priority(7).delay(HOUR), change)()

    job = queue.create("email").save()
    state = "complete" if change == "inactive" else change
    wait_until(lambda: getattr(queue, state)() == [job.id])
    found = Job.get(job.id, queue=queue)
    assert (found.priority(), found.delay()) == (7, HOUR)
    assert ran == ([0, 7] if change == "inactive" else [0])
    assert examine(queue, grace=0).is_clean


def test_a_backoff_that_was_spoilt_in_place_does_not_spoil_the_outcome(queue: Any, errors: list[BaseException]) -> None:
    @queue.process("email")
    def work(job: Any) -> str:
        job.backoff({"type": "fixed"}).backoff()["delay"] = object()
        return "done"

    job = queue.create("email").save()
    wait_until(lambda: queue.complete() == [job.id])
    assert Job.get(job.id, queue=queue).result == "done"
    wait_until(lambda: errors)
    assert isinstance(errors.pop(), kue.InvalidJobData)
