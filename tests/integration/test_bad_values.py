"""Bad values are refused by name, and an outcome that cannot be written still ends its run."""

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kue
import kue_send
from kue.options.job import JOB_OPTIONS
from tests.helpers import keyspace, wait_until

HUGE = 10**5000  # an int that Python itself refuses to write as text
SHOWN = {"huge": "a number of too many digits", "mute": "<Mute whose repr raised RuntimeError>"}


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("not even this")

    __str__ = __repr__


def job_of(queue: kue.Queue, option: str) -> Any:
    """A saved job that has the option."""
    job_class = kue_send.Job if JOB_OPTIONS[option].module == "kue_send" else kue.Job
    return job_class.get(1, queue=queue)


CANNOT_BE_SHOWN: dict[str, Any] = {"huge": HUGE, "mute": Mute()}
TAKES_ANY_VALUE: dict[str, Callable[[kue.Queue, kue.Job, Any], Any]] = {
    **{name: lambda queue, job, bad, name=name: getattr(job_of(queue, name), name)(bad) for name in JOB_OPTIONS},
    "backoff type": lambda queue, job, bad: job.backoff({"type": bad}),
    "backoff delay": lambda queue, job, bad: job.backoff({"type": "fixed", "delay": bad}),
    "type": lambda queue, job, bad: queue.create(bad),
    "slots": lambda queue, job, bad: queue.process("x", bad),
    "handler": lambda queue, job, bad: queue.process("x", 1, bad),
    "id": lambda queue, job, bad: kue.Job.get(bad, queue=queue),
    "state": lambda queue, job, bad: job.state(bad),
    "progress total": lambda queue, job, bad: job.progress(1, bad),
    "start": lambda queue, job, bad: kue.Job.range(bad, 1, queue=queue),
    "order": lambda queue, job, bad: kue.Job.range(0, 1, bad, queue=queue),
    "queue": lambda queue, job, bad: kue.Job.get(1, queue=bad),
    "save_all": lambda queue, job, bad: queue.save_all([bad]),
    "listener": lambda queue, job, bad: queue.on("job complete", bad),
    "event": lambda queue, job, bad: queue.on(bad, print),
    "timeout": lambda queue, job, bad: queue.shutdown(bad),
    "requeue": lambda queue, job, bad: queue.shutdown(requeue=bad),
    "job_flags": lambda queue, job, bad: kue.Queue(job_flags={"email": bad}),
    "prefix": lambda queue, job, bad: kue.Queue(prefix=bad),
    "lease": lambda queue, job, bad: kue.Queue(lease=bad),
    "json_default": lambda queue, job, bad: kue.Queue(json_default=bad),
    "redis": lambda queue, job, bad: kue.Queue(redis=bad),
    "error": lambda queue, job, bad: job.error(bad),
}


@pytest.fixture
def queue(redis_url: str) -> Iterator[kue.Queue]:
    queue = kue.Queue(redis=redis_url)
    yield queue
    queue.shutdown(0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda queue, job: job.set("size", HUGE), "value of field 'size'"),
        (lambda queue, job: job.set("size", math.nan), "value of field 'size'"),
        (lambda queue, job: job.progress(math.inf, 2), "progress complete"),
        (lambda queue, job: job.progress(1, 10**400), "progress total"),
        (lambda queue, job: queue.create("x", HUGE).save(), "data"),
        (lambda queue, job: job.get_field(3), "field must be a non-empty string, not 3"),
        (lambda queue, job: queue.setting(3), "name must be a non-empty string, not 3"),
        (lambda queue, job: queue.save_all(None), "save_all takes jobs"),
        (lambda queue, job: queue.shutdown(1, requeue="no"), "requeue must be True or False, not 'no'"),
        (lambda queue, job: kue.Job.get(1, queue=3), "queue must be a kue.Queue, not 3"),
        (lambda queue, job: queue.shutdown(0.5), "timeout must be 0, or 1 millisecond or more, not 0.5"),
        (lambda queue, job: queue.process("x", len, 5), "slots must be a whole number, 1 or more, not <built-in"),
    ],
    ids=range(12),
)
def test_a_bad_value_is_refused_by_name(
    queue: kue.Queue, call: Callable[[kue.Queue, kue.Job], Any], words: str
) -> None:
    job = queue.create("x").save()
    before = keyspace(queue.client)
    with pytest.raises(kue.KueError) as refused:
        call(queue, job)
    assert words in str(refused.value)
    assert keyspace(queue.client) == before


@pytest.mark.parametrize("name", TAKES_ANY_VALUE)
def test_a_value_that_cannot_be_shown_is_refused_by_name_all_the_same(queue: kue.Queue, name: str) -> None:
    job = queue.create("x").save()
    before = keyspace(queue.client)
    for bad, value in CANNOT_BE_SHOWN.items():
        with pytest.raises(kue.KueError) as refused:
            TAKES_ANY_VALUE[name](queue, job, value)
        assert name in str(refused.value) and SHOWN[bad] in str(refused.value)
        assert keyspace(queue.client) == before and not queue.is_shut_down


@pytest.mark.parametrize("id", ["9" * 5000, HUGE, -HUGE, 2**63, str(2**63), "0" * 100], ids=range(6))
def test_an_id_that_no_job_can_have_is_refused(queue: kue.Queue, id: Any) -> None:
    for call in (kue.Job.get, kue.Job.get_log, kue.Job.remove_by_id):
        with pytest.raises(kue.InvalidOption, match="id must be a job id"):
            call(id, queue=queue)


def test_a_field_given_as_an_id_is_refused_and_the_method_for_fields_named(queue: kue.Queue) -> None:
    with pytest.raises(kue.InvalidOption, match=r"not 'shelf'; a field of a job is read with get_field\('shelf'\)$"):
        queue.create("email").get("shelf", queue=queue)  # Kue's job.get


@pytest.mark.parametrize("id", [2**63 - 1, str(2**63 - 1), "0" * 98 + "7"])
def test_the_largest_id_that_redis_gives_is_accepted(queue: kue.Queue, id: Any) -> None:
    with pytest.raises(kue.JobNotFound):
        kue.Job.get(id, queue=queue)


class MuteError(Exception):
    __str__ = Mute.__repr__


def test_the_other_listeners_run_if_the_exception_of_one_cannot_be_shown(queue: kue.Queue) -> None:
    heard: list[str] = []
    problems: list[Any] = []

    def raises() -> None:
        raise MuteError

    queue.on("error", problems.append)
    queue.on("job enqueue", raises).on("job enqueue", lambda: heard.append("queue"))
    queue.create("x").on("enqueue", raises).on("enqueue", lambda: heard.append("job")).save()
    wait_until(lambda: len(heard) == 2 == len(problems))
    said = "raised MuteError: <MuteError whose str raised RuntimeError>"
    assert all(isinstance(problem, kue.ListenerError) and said in str(problem) for problem in problems)


def a_generator(job: kue.Job) -> Iterator[int]:
    yield 1


async def an_async_generator(job: kue.Job) -> Any:
    yield 1


@pytest.mark.parametrize("function", [a_generator, an_async_generator])
def test_a_generator_whose_body_would_never_run_is_no_handler(queue: kue.Queue, function: Any) -> None:
    with pytest.raises(kue.InvalidHandler, match="would never run"):
        queue.process("x", function)


class Unreadable(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


def test_an_outcome_that_cannot_be_written_still_ends_its_run(queue: kue.Queue) -> None:
    @queue.process("coroutine")
    async def coroutine(job: kue.Job) -> int:
        return HUGE

    @queue.process("done")
    def later(job: kue.Job, done: Callable[..., None]) -> None:
        threading.Thread(target=done, args=(None, HUGE)).start()

    @queue.process("unreadable")
    async def unreadable(job: kue.Job) -> None:
        raise Unreadable

    jobs = queue.save_all(queue.create(type) for type in ("coroutine", "done", "unreadable"))
    wait_until(lambda: queue.complete_count() + queue.failed_count() == 3)
    ended = [kue.Job.get(job.id or 0, queue=queue) for job in jobs]
    assert [job.state() for job in ended] == ["complete", "complete", "failed"]
    assert all(job.result["message"].startswith("Invalid JSON Result") for job in ended[:2])


def test_a_job_that_cannot_be_read_for_an_unknown_reason_fails_and_the_others_run(
    queue: kue.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems: list[BaseException] = []
    queue.on("error", problems.append)
    read = kue.Job.from_hash

    def read_or_fail(runtime: Any, id: int, hash: Any) -> kue.Job:
        if hash.data == b'{"odd":true}':
            raise MemoryError("no room for it")
        return read(runtime, id, hash)

    odd, plain = queue.save_all([queue.create("x", {"odd": True}), queue.create("x", {})])
    with monkeypatch.context() as patch:
        patch.setattr(kue.Job, "from_hash", read_or_fail)
        queue.process("x", lambda job: None)
        wait_until(lambda: queue.failed() == [odd.id] and queue.complete() == [plain.id])
    message = f"job {odd.id} cannot be read (MemoryError: no room for it)"
    assert str(kue.Job.get(odd.id or 0, queue=queue).error()).endswith(message)
    wait_until(lambda: [str(problem) for problem in problems] == [message])
