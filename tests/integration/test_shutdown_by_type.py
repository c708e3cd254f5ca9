"""A shutdown by type stops the workers of that type, and the queue goes on."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds handlers, at most until the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_a_shutdown_by_type_stops_only_its_workers(queue: Any, gate: threading.Event) -> None:
    queue.process("email", 2, lambda job: gate.wait())
    queue.process("pdf", lambda job: "done")
    emails = queue.save_all([queue.create("email") for _ in range(3)])
    wait_until(lambda: queue.active_count() == 2)
    stopping = threading.Thread(target=lambda: queue.shutdown(None, "email"))
    stopping.start()
    queue.create("pdf").save()
    wait_until(lambda: queue.complete_count("pdf") == 1)
    gate.set()
    stopping.join(10)
    assert queue.complete_count("email") == 2
    assert queue.inactive() == [emails[2].id]
    queue.create("pdf").save()
    wait_until(lambda: queue.complete_count("pdf") == 2)
    assert queue.health()["ready"] and not queue.is_shut_down


@pytest.mark.parametrize("requeue", [False, True])
def test_a_shutdown_by_type_ends_its_jobs_at_the_deadline(
    queue: Any, client: Any, gate: threading.Event, requeue: bool
) -> None:
    queue.process(["email", "pdf"], lambda job: gate.wait())
    email, pdf = queue.create("email").save(), queue.create("pdf").save()
    wait_until(lambda: queue.active_count() == 2)
    queue.shutdown(0, "email", requeue=requeue)
    wait_until(lambda: (queue.inactive() if requeue else queue.failed()) == [email.id])
    assert queue.active() == [pdf.id]
    wait_until(lambda: client.llen("q:email:jobs") == int(requeue))


def test_a_type_that_was_shut_down_can_be_processed_again(queue: Any) -> None:
    queue.process("email", lambda job: "old")
    queue.shutdown(None, "email")
    job = queue.create("email").save()
    queue.process("email", lambda job: "new")
    wait_until(lambda: queue.complete() == [job.id])


def test_the_slots_of_a_type_that_was_shut_down_are_gone(queue: Any) -> None:
    ran: list[str] = []
    queue.process("email", 2, lambda job: ran.append("before"))
    queue.process("pdf", lambda job: None)
    slots = [slot for slot in queue.workers if slot.type == "email"]
    queue.shutdown(5000, "email")
    assert [slot.type for slot in queue.workers] == ["pdf"]
    assert not any(slot.running for slot in slots) and queue.health()["slots"] == 1
    queue.process("email", 2, lambda job: ran.append("after"))
    queue.save_all([queue.create("email") for _ in range(20)])
    wait_until(lambda: len(ran) == 20)
    assert set(ran) == {"after"}


def test_no_job_is_taken_for_a_slot_of_a_type_that_was_shut_down(queue: Any, gate: threading.Event) -> None:
    queue.process("email", 3, lambda job: gate.wait())
    queue.shutdown(5000, "email")
    queue.process("email", 1, lambda job: gate.wait())
    queue.process("pdf", lambda job: None)
    jobs = queue.save_all([queue.create("email") for _ in range(3)])
    wait_until(lambda: jobs[0].id in queue.active())
    for n in range(1, 4):  # in each of these rounds it could take another
        queue.create("pdf").save()
        wait_until(lambda n=n: queue.complete_count("pdf") == n)
    assert queue.active() == [jobs[0].id]
    gate.set()
    wait_until(lambda: queue.complete_count("email") == 3)
    assert [Job.get(job.id, queue=queue).requeues for job in jobs] == [0, 0, 0]


def test_a_shutdown_by_type_loses_no_token(queue: Any, client: Any) -> None:
    ran: list[int] = []
    queue.process(["email", "pdf"], 3, lambda job: ran.append(job.id))
    queue.save_all([queue.create("email") for _ in range(500)])
    wait_until(lambda: len(ran) > 50)
    queue.shutdown(None, "email")
    assert queue.active_count() == 0
    wait_until(lambda: client.llen("q:email:jobs") == queue.inactive_count())
    assert queue.inactive_count() + queue.complete_count() == 500


def test_shutdowns_of_two_types_at_once_return_each_when_its_jobs_have_ended(queue: Any) -> None:
    gates = {type: threading.Event() for type in ("email", "pdf")}
    queue.process([*gates], lambda job: gates[job.type].wait(30))
    queue.save_all([queue.create(type) for type in gates])
    wait_until(lambda: queue.active_count() == 2)
    stopping = [threading.Thread(target=queue.shutdown, args=(20_000, type)) for type in gates]
    for thread in stopping:
        thread.start()
    wait_until(lambda: queue._pool.run_wait.waiting == 2)
    for gate, thread in zip(gates.values(), stopping, strict=True):
        gate.set()
        thread.join(10)
    assert [thread.is_alive() for thread in stopping] == [False, False]
    assert queue.complete_count() == 2


@pytest.mark.parametrize("works", [True, False])
def test_a_shutdown_of_a_type_that_is_not_processed_is_no_error(queue: Any, works: bool) -> None:
    if works:
        queue.process("email", lambda job: None)
    queue.shutdown(10, "sms")
    assert not queue.is_shut_down
    queue.process("sms", lambda job: "done")
    job = queue.create("sms").save()
    wait_until(lambda: queue.complete() == [job.id])


@pytest.mark.parametrize("type", ["", 7])
def test_a_shutdown_of_a_type_that_is_none_is_refused(queue: Any, type: Any) -> None:
    queue.process("email", lambda job: None)
    with pytest.raises(kue.InvalidOption, match="type"):
        queue.shutdown(None, type)
    assert not queue.is_shut_down
