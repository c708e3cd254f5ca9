"""A result that JSON cannot hold completes its job, but a promise raises: there is no result."""

import threading
from datetime import date
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.deafness import deaf

BAD = {"rows": [{"at": date(2026, 1, 2)}]}
NOTE = {"error": True, "message": f'Invalid JSON Result: "{BAD}"'}
REASON = r"result\.rows\[0\]\.at: is a date \(datetime\.date\(2026, 1, 2\)\), which JSON does not have"


@pytest.fixture
def queue(make_queue: MakeQueue) -> Any:
    return make_queue(send=True)


def warned(errors: list[BaseException], count: int = 1) -> None:
    """The worker has reported what it always has."""
    wait_until(lambda: len(errors) == count)
    assert all(isinstance(error, kue.JobInvalid) and "result JSON cannot hold" in str(error) for error in errors)
    errors.clear()


@pytest.fixture
def ends(queue: Any) -> list[int]:
    """The jobs that this process has received the end of. A promise that is made before that is settled by it."""
    ids: list[int] = []
    queue.on("job complete", ids.append)
    return ids


def test_a_promise_raises_and_says_which_value_it_was(queue: Any, errors: list[BaseException]) -> None:
    heard: list[Any] = []
    queue.process("email", lambda job: BAD)
    promise = queue.create("email").on("complete", heard.append).promise()
    with pytest.raises(kue.InvalidJobData, match=REASON) as caught:
        promise.result(10)
    assert caught.value.path == "result.rows[0].at"
    wait_until(lambda: heard)
    found = queue.job_class.get(1, queue=queue)
    assert (heard, found.state(), found.result) == ([NOTE], "complete", NOTE)
    warned(errors)


def test_a_promise_made_after_the_end_raises_too(queue: Any, errors: list[BaseException]) -> None:
    queue.process("email", lambda job: BAD)
    job = queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    for found in (job, queue.job_class.get(1, queue=queue)):
        with pytest.raises(kue.InvalidJobData, match=REASON):
            found.promise().result(10)
    warned(errors)


def test_a_promise_that_missed_the_event_raises_too(
    queue: Any, make_queue: MakeQueue, client: Any, errors: list[BaseException]
) -> None:
    gate = threading.Event()
    make_queue().off("error").process("email", lambda job: gate.wait() and BAD)
    promise = queue.create("email").promise()
    wait_until(lambda: queue.active_count() == 1)
    with deaf(queue, client, errors):
        gate.set()
        wait_until(lambda: queue.complete_count() == 1)
    with pytest.raises(kue.InvalidJobData, match=REASON):
        promise.result(10)


def test_a_promise_raises_without_a_place_if_the_job_is_removed(queue: Any, errors: list[BaseException]) -> None:
    queue.process("email", lambda job: BAD)
    with pytest.raises(kue.InvalidJobData, match="result: has a value that JSON cannot hold") as caught:
        queue.create("email", remove_on_complete=True).promise().result(10)
    assert caught.value.path == "result"
    warned(errors)


def test_a_handler_may_return_kues_note_itself(queue: Any) -> None:
    queue.process("email", lambda job: NOTE)
    job = queue.create("email").save()
    assert job.promise().result(10) == NOTE
    assert queue.job_class.get(1, queue=queue).promise().result(10) == NOTE


def test_what_was_sent_before_is_the_result(queue: Any, ends: list[int], errors: list[BaseException]) -> None:
    queue.process("email", lambda job: job.send("result", 5) or BAD)
    promise = queue.create("email").promise()
    assert promise.result(10) == 5
    wait_until(lambda: ends == [1])
    assert promise.job.promise().result(10) == 5
    warned(errors)


@pytest.mark.parametrize("restart", [True, False])
def test_a_later_run_with_a_result_resolves_a_promise(
    queue: Any, client: Any, ends: list[int], errors: list[BaseException], restart: bool
) -> None:
    """Python clears what it stored when the job is set to run again. Node does not, but its result is another one."""
    results = [BAD, {"fine": True}]
    queue.process("email", lambda job: results.pop(0))
    job = queue.create("email").save()
    wait_until(lambda: ends == [1])
    if restart:
        job.inactive()
        assert job.get_field("py_invalid_result") is None
        wait_until(lambda: ends == [1, 1])
    else:
        client.hset("q:job:1", "result", '{"fine":true}')
    assert job.promise().result(10) == {"fine": True}
    warned(errors)
