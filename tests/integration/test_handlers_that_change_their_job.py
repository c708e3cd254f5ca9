"""A handler changes its own job: updates it, moves it, removes it, and goes on."""

import asyncio
import threading
import time
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


def test_a_handler_may_change_its_job_more_than_once(queue: Any) -> None:
    over = threading.Event()

    @queue.process("email")
    def work(job: Any) -> None:
        job.data = "first"
        job.update().complete()
        job.data = "second"
        job.update()
        over.set()

    job = queue.create("email").save()
    assert over.wait(10)
    found = Job.get(job.id, queue=queue)
    assert (found.state(), found.data) == ("complete", "second")


def test_a_handler_that_updates_its_job_keeps_data_that_was_changed_from_outside(queue: Any) -> None:
    began, go = threading.Event(), threading.Event()

    @queue.process("email")
    def work(job: Any) -> None:
        began.set()
        assert go.wait(10)
        job.backoff(True).update()

    job = queue.create("email", {"n": 1}).save()
    assert began.wait(10)
    job.data["n"] = 2
    job.update()
    go.set()
    wait_until(lambda: queue.complete() == [job.id])
    found = Job.get(job.id, queue=queue)
    assert (found.data, found.backoff()) == ({"n": 2}, True)


@pytest.mark.parametrize("change", ["complete", "failed", "delayed", "inactive", "active", "update"])
def test_what_a_handler_reported_is_written_before_its_change(make_queue: MakeQueue, change: str) -> None:
    queue, heard = make_queue(send=True), []
    for event in ("note", "progress"):
        queue.on(f"job {event}", lambda id, data, *, event=event: heard.append((event, id, data)))

    @queue.process("email")
    def work(job: Any) -> None:
        if job.get_field("mine") is None:
            job.log("before").progress(1, 2).set("mine", "x").send("note", 7)
            getattr(job, change)()

    jobs = queue.save_all(queue.create("email") for _ in range(20))
    wait_until(lambda: len(heard) == 40)
    assert heard == [event for job in jobs for event in (("progress", job.id, 50), ("note", job.id, 7))]
    found = [Job.get(job.id, queue=queue) for job in jobs]
    assert [(job.get_field("mine"), Job.get_log(job.id, queue=queue)) for job in found] == [("x", ["before"])] * 20


def test_what_a_handler_reported_is_received_before_it_removes_its_job(make_queue: MakeQueue) -> None:
    queue, heard = make_queue(send=True), []
    for event in ("note", "remove"):
        queue.on(f"job {event}", lambda id, *, event=event: heard.append((event, id)))

    @queue.process("email")
    def work(job: Any) -> None:
        job.log("before").send("note")
        job.remove()

    jobs = queue.save_all(queue.create("email") for _ in range(20))
    wait_until(lambda: len(heard) == 40)
    assert heard == [(event, job.id) for job in jobs for event in ("note", "remove")]


CHANGES = ("complete", "failed", "delayed", "inactive", "remove")


@pytest.mark.parametrize("outcome", ["result", "exception"])
@pytest.mark.parametrize("form", ["plain", "coroutine"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_job_that_its_handler_gave_away_stays_where_the_handler_put_it(
    make_queue: MakeQueue, client: Any, errors: list[BaseException], form: str, change: str, outcome: str
) -> None:
    """What the run still says counts, its outcome does not; what it raises is told, and nothing is said to be lost."""
    queue, reader = make_queue(), make_queue()
    ran: list[int] = []

    def begin(job: Any) -> None:
        if job.id not in ran:
            ran.append(job.id)
            getattr(job, change)()
            job.log("after").set("mine", "x")

    def end(job: Any) -> Any:
        ran.append(-job.id)
        if outcome == "exception" and change != "inactive":
            raise ValueError("boom")
        return "result"

    def plain(job: Any) -> Any:
        begin(job)
        return end(job)

    async def coroutine(job: Any) -> Any:
        begin(job)
        for _ in range(20):
            await asyncio.sleep(0.001)  # cancelled here, where it is taken to have lost its job
        return end(job)

    queue.process("email", {"plain": plain, "coroutine": coroutine}[form])
    queue.process("other", lambda job: None)
    id = queue.create("email").save().id
    queue.create("other").save()
    wait_until(lambda: -id in ran and queue.complete_count("other") == 1)
    if change == "inactive":
        wait_until(lambda: queue.complete_count("email") == 1)
    queue.shutdown()  # all that was said is written now

    if change == "remove":
        assert not client.exists(f"q:job:{id}", f"q:job:{id}:log")
    else:
        found = Job.get(id, queue=reader)
        assert found.state() == {"inactive": "complete"}.get(change, change)
        assert (found.get_field("mine"), Job.get_log(id, queue=reader)) == ("x", ["after"])
        assert found.result == ("result" if change == "inactive" else None)
    if outcome == "exception" and change != "inactive":
        assert "raised ValueError: boom after the job's outcome, which stands" in str(errors.pop())


def test_a_job_that_its_handler_took_back_ends_with_it(queue: Any) -> None:
    @queue.process("email")
    def work(job: Any) -> str:
        job.complete().active()
        return "result"

    job = queue.create("email").save()
    wait_until(lambda: Job.get(job.id, queue=queue).result == "result")  # complete it is twice
    assert queue.complete() == [job.id]


def test_a_run_whose_change_of_its_job_was_refused_ends_with_its_outcome(queue: Any, client: Any) -> None:
    client.set("q:jobs:email:delayed", "of the wrong kind")

    @queue.process("email")
    def work(job: Any) -> str:
        with pytest.raises(kue.RedisRefused):
            job.delayed()
        return "result"

    job = queue.create("email").save()
    wait_until(lambda: queue.complete() == [job.id])
    assert Job.get(job.id, queue=queue).result == "result"


def test_a_change_of_a_job_after_the_shutdown_is_refused_at_once(queue: Any) -> None:
    kept: list[Any] = []
    queue.process("email", lambda job: kept.append(job.log("a line")))
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    queue.shutdown()
    began = time.monotonic()
    for change in ("update", "inactive", "remove"):
        with pytest.raises(kue.ShutdownInProgress):
            getattr(kept[0], change)()
    assert time.monotonic() - began < 9  # to wait for the I/O thread would take ten seconds


def test_an_outcome_that_was_refused_together_with_another_is_written_before_its_handler_reads(
    queue: Any, client: Any, errors: list[BaseException]
) -> None:
    """Both outcomes go in one call, which the key of one refuses for both; each goes again for itself."""
    client.set("q:jobs:pdf:complete", "of the wrong kind")
    ends: list[Any] = []
    found: list[str] = []

    def work(job: Any, done: Any) -> None:
        job.log("a line")
        ends.append(done)
        if job.type == "email":
            for end in ends:
                end(None, "result")
            found.append(job.get_field("state"))

    queue.process(["pdf", "email"], 1, work)
    pdf = queue.create("pdf").save()
    wait_until(lambda: ends and Job.get_log(pdf.id, queue=queue))
    queue.create("email").save()
    wait_until(lambda: found)
    assert found == ["complete"]
    queue.shutdown()
    assert "WRONGTYPE" in str(errors.pop())
