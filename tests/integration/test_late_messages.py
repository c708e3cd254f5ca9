"""A listener or promise that reads a failure from Redis gets the message of the event, whatever it was that failed."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

import kue_send as kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

pytestmark = pytest.mark.slow


class Mine(Exception):
    pass


def fail_over_there(n: int) -> None:
    raise Mine(f"over there: {n}\nsecond line")


def in_another_process(job: Any) -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(fail_over_there, 7).result()


def with_a_cause(job: Any) -> None:
    try:
        raise Mine("deep: down")
    except Mine as deep:
        raise ValueError("first: second\n\nfourth") from deep


def raises(problem: BaseException) -> Callable[..., None]:
    def handler(job: Any) -> None:
        raise problem

    return handler


def gives(problem: Any) -> Callable[..., None]:
    return lambda job, done: done(problem)


HANDLERS: dict[str, Callable[..., None]] = {
    "one line": raises(ValueError("boom")),
    "a colon": raises(Mine("timeout: host unreachable")),
    "lines": raises(Mine("first\nsecond: third")),
    "no message": raises(Mine()),
    "cause": with_a_cause,
    "group": raises(ExceptionGroup("many", [ValueError("one"), Mine("two\nlines")])),
    "another process": in_another_process,
    "never raised": gives(Mine("boom: x")),
    "string": gives("timeout: host unreachable"),
    "string of lines": gives("Error: first\nsecond\n    at work"),
    "object": gives({"message": "as: in Node", "stack": "Error: as: in Node\n    at x"}),
    "something else": gives({"code": 7}),
}


def test_a_late_listener_and_a_late_promise_get_the_message_of_the_event(
    make_queue: MakeQueue, early_second_look: None
) -> None:
    queue: Any = make_queue(send=True)
    live: dict[int, str] = {}
    queue.on("job failed", lambda id, message: live.update({id: message}))
    for name, handler in HANDLERS.items():
        queue.process(name, handler)
    ids = {queue.create(name).save().id: name for name in HANDLERS}
    wait_until(lambda: len(live) == len(ids), 30)

    late: dict[int, str] = {}
    promises = {}
    for id in ids:
        job = kue.Job.get(id, queue=queue)
        job.on("failed", lambda message, id=id: late.update({id: message}))
        promises[id] = job.promise(30_000)
    promised = {id: promise.exception(30) for id, promise in promises.items()}
    assert {name: promised[id].message for id, name in ids.items()} == {name: live[id] for id, name in ids.items()}
    wait_until(lambda: len(late) == len(ids))
    assert late == live
    assert {name: live[id] for id, name in ids.items()}["cause"] == "first: second\n\nfourth"
