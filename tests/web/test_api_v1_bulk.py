"""`/api/v1/bulk`: changes to many jobs, by their ids or by what they hold."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

import kue
import kue.web
from kue.web.many import NotDone
from kue.web.operations import MAX_AT_ONCE, MAX_KEPT, MAX_NAMED, Operations
from kue.web.refused import Refused
from tests.helpers import keyspace, wait_until
from tests.web.asgi import ask
from tests.web.server import WebServer


def ended(web: WebServer, body: dict[str, Any]) -> dict[str, Any]:
    """Start an operation, and what it is when it has ended."""
    answer = web.post("/api/v1/bulk", body)
    assert answer.status == 202, answer.body
    address = answer.headers["location"]
    wait_until(lambda: web.get(address).json["state"] != "running")
    found: dict[str, Any] = web.get(address).json
    return found


def fill(queue: kue.Queue, count: int, state: str = "failed", type: str = "email") -> list[int]:
    jobs = queue.save_all(queue.create(type, {"n": n}) for n in range(count))
    for job in jobs:
        job.state(state)  # type: ignore[call-overload]
    return [job.id or 0 for job in jobs]


def test_jobs_are_retried_by_their_ids_and_the_others_are_named(web: WebServer, queue: kue.Queue, client: Any) -> None:
    failed = fill(queue, 3)
    (complete,), (active,), (waiting,) = (
        fill(queue, 1, "complete"),
        fill(queue, 1, "active"),
        fill(queue, 1, "inactive"),
    )
    found = ended(web, {"action": "retry", "ids": [*failed, complete, active, waiting, 99]})
    assert (found["state"], found["total"], found["seen"], found["done"], found["not_done"]) == ("done", 7, 7, 4, 3)
    assert found["named"] == [
        {"id": active, "reason": "it is active"},
        {"id": waiting, "reason": "it is inactive"},
        {"id": 99, "reason": "it was removed"},
    ]
    assert {queue.get(id).state() for id in (*failed, complete)} == {"inactive"}


@pytest.mark.parametrize(
    ("action", "state", "now"),
    [
        ("retry", "failed", "complete"),
        ("promote", "failed", "delayed"),
        ("cancel", "inactive", "active"),
        ("remove", "failed", "active"),
    ],
)
def test_a_job_that_left_the_state_it_was_seen_in_is_left_alone(
    web: WebServer, queue: kue.Queue, client: Any, action: str, state: str, now: str
) -> None:
    (id,) = fill(queue, 1, now)
    found = ended(web, {"action": action, "ids": [id], "state": state})
    assert (found["done"], found["named"]) == (0, [{"id": id, "reason": f"it is {now}"}])
    assert queue.get(id).state() == now


@pytest.mark.parametrize(
    ("action", "state", "after"),
    [("retry", "failed", "inactive"), ("promote", "delayed", "inactive"), ("cancel", "inactive", "failed")],
)
def test_all_jobs_that_a_filter_takes_are_changed(
    web: WebServer, queue: kue.Queue, client: Any, action: str, state: str, after: str
) -> None:
    ids, others = fill(queue, 250, state), fill(queue, 3, state, "sms")
    found = ended(web, {"action": action, "filter": {"state": state, "type": "email"}})
    assert (found["state"], found["total"], found["done"], found["not_done"]) == ("done", 250, 250, 0)
    assert {queue.get(id).state() for id in ids} == {after}
    assert {queue.get(id).state() for id in others} == {state}


def test_jobs_that_are_cancelled_are_counted_once(web: WebServer, queue: kue.Queue, client: Any) -> None:
    ids = fill(queue, 2, "inactive") + fill(queue, 1, "delayed") + fill(queue, 1, "failed")
    counts = queue.runtime.counters.of("email")
    counts.drain()
    for done in (3, 0):
        assert ended(web, {"action": "cancel", "ids": ids})["done"] == done
    assert counts.drain() == {"cancelled": 3}


def test_jobs_are_removed_in_any_state(web: WebServer, queue: kue.Queue, client: Any) -> None:
    ids = [id for state in ("inactive", "delayed", "complete", "failed") for id in fill(queue, 2, state)]
    assert ended(web, {"action": "remove", "ids": ids})["done"] == 8
    assert not client.exists(*(f"q:job:{id}" for id in ids))


def test_a_filter_may_look_into_the_jobs(web: WebServer, queue: kue.Queue, client: Any) -> None:
    fill(queue, 30)
    client.hset("q:job:7", "error", "Boom: 7")
    found = ended(web, {"action": "retry", "filter": {"state": "failed", "message": "boom"}})
    assert (found["total"], found["done"]) == (None, 1)
    assert queue.get(7).state() == "inactive"


def test_members_that_are_no_jobs_do_not_end_the_walk(web: WebServer, queue: kue.Queue, client: Any) -> None:
    fill(queue, 30)
    client.zadd("q:jobs:failed", {f"junk{n}": -1 for n in range(1200)})
    found = ended(web, {"action": "retry", "filter": {"state": "failed"}})
    assert (found["state"], found["seen"], found["done"]) == ("done", 30, 30)


def test_a_job_that_fails_again_meanwhile_is_not_retried_again(web: WebServer, queue: kue.Queue, client: Any) -> None:
    fill(queue, 3)
    client.hset("q:job:2", "updated_at", client.time()[0] * 1000 + 60_000)
    found = ended(web, {"action": "retry", "filter": {"state": "failed"}})
    assert found["done"] == 2
    assert queue.get(2).state() == "failed"


def test_a_job_of_a_node_worker_is_left_alone(web: WebServer, queue: kue.Queue, client: Any) -> None:
    (id,) = fill(queue, 1, "active")
    client.hset(f"q:job:{id}", "workerId", "kue:host:77:email:1")
    for action in ("remove", "cancel"):
        found = ended(web, {"action": action, "ids": [id]})
        assert (found["done"], found["named"]) == (0, [{"id": id, "reason": "a Node worker has it"}])


@pytest.mark.parametrize(
    "body",
    [
        *({}, [], {"action": "retry"}, {"action": "nope", "ids": [1]}, {"ids": [1]}, {"action": 5, "ids": [1]}),
        *({"action": "retry", "ids": ids} for ids in ([], "1", [0], [-1], ["1"], [1.5], [True], None, [1] * 1001)),
        {"action": "retry", "ids": [1], "filter": {"state": "failed"}},
        *({"action": "retry", "ids": [1], "state": state} for state in ("", "nope", None, 5)),
        {"action": "retry", "filter": {"state": "failed"}, "state": "failed"},
        *({"action": "retry", "filter": given} for given in ({}, [], {"type": "x"}, {"state": "nope"}, {"state": 5})),
        *(
            {"action": "retry", "filter": {"state": "failed", **more}}
            for more in ({"x": 1}, {"match": 5}, {"type": ""}, {"type": None})
        ),
        *(
            {"action": "remove", "filter": {"state": "failed", name: value}}
            for name, value in [("message", []), ("match", 0), ("worker", False), ("match", ""), ("message", None)]
        ),
        *({"action": "retry", "filter": {"state": "failed", "created_from": value}} for value in ("x", None, False)),
        {"action": "retry", "filter": {"state": "failed", "match": "x" * 1001}},
    ],
    ids=str,
)
def test_a_bad_operation_is_refused(web: WebServer, queue: kue.Queue, client: Any, body: Any) -> None:
    fill(queue, 1)
    before = keyspace(client)
    answer = web.post("/api/v1/bulk", body)
    assert (answer.status, answer.type) == (422, "application/problem+json")
    assert keyspace(client) == before


def test_an_action_needs_its_permission(queue: kue.Queue, client: Any) -> None:
    fill(queue, 1)
    app = kue.web.app(queue, auth=lambda request: kue.web.Access("x", ["read", "retry"]))
    for action, status in (("retry", 202), ("remove", 403), ("cancel", 403)):
        assert ask(app, "POST", "/api/v1/bulk", json={"action": action, "ids": [1]}).status == status
    by_text = {"action": "retry", "filter": {"state": "failed", "match": "x"}}
    assert ask(app, "POST", "/api/v1/bulk", json=by_text).status == 403
    wait_until(lambda: all(one.state != "running" for one in app.site.operations.all()))


@pytest.mark.parametrize("action", ["promote", "cancel", "remove"])
def test_a_key_of_the_wrong_kind_stops_the_jobs_of_its_type_only(
    web: WebServer, queue: kue.Queue, client: Any, action: str
) -> None:
    ids = [*fill(queue, 5, "delayed"), *fill(queue, 1, "delayed", "sms"), *fill(queue, 5, "delayed")]
    client.delete("q:jobs:sms:delayed")
    client.set("q:jobs:sms:delayed", "x")
    found = ended(web, {"action": action, "ids": ids})
    why = "a Node worker is about to change it, or a key of its type is of the wrong kind"
    assert (found["state"], found["done"], found["named"]) == ("done", 10, [{"id": 6, "reason": why}])
    assert ended(web, {"action": action, "ids": [6]})["named"] == found["named"]


def test_an_operation_that_no_process_has_is_a_problem(web: WebServer) -> None:
    for answer in (web.get("/api/v1/operations/abc"), web.post("/api/v1/operations/abc/stop", {})):
        assert (answer.status, answer.type) == (404, "application/problem+json")


# the operations by themselves


class Gate:
    """A change that waits until it may go on."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.batches: list[list[int]] = []

    def __call__(self, ids: Sequence[int]) -> list[NotDone]:
        self.batches.append(list(ids))
        assert self.open.wait(10)
        return []


def test_an_operation_is_stopped_behind_the_jobs_that_it_is_at() -> None:
    operations, gate = Operations(lambda: 7), Gate()
    operation = operations.start("retry", range(1000), gate, 1000)
    wait_until(lambda: gate.batches)
    operation.stopping.set()
    gate.open.set()
    wait_until(lambda: operation.state != "running")
    assert (operation.state, operation.seen, operation.done, operation.ended_at) == ("stopped", 100, 100, 7)


def test_an_operation_that_has_ended_says_since_when() -> None:
    """Whoever sees its state sees the rest, too."""
    states: list[str] = []

    def clock() -> int:
        states.extend(one.state for one in operations.all())
        return 7

    operations = Operations(clock)
    operation = operations.start("retry", [1], lambda ids: [], 1)
    wait_until(lambda: operation.state == "done")
    assert (states, operation.ended_at) == (["running"], 7)


def test_so_many_operations_run_at_once() -> None:
    operations, gate = Operations(lambda: 7), Gate()
    for _ in range(MAX_AT_ONCE):
        operations.start("retry", [1], gate, 1)
    with pytest.raises(Refused, match="4 operations are under way") as refused:
        operations.start("retry", [1], gate, 1)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    gate.open.set()
    wait_until(lambda: all(one.state == "done" for one in operations.all()))
    operations.start("retry", [1], gate, 1)


def test_only_the_last_operations_are_kept() -> None:
    operations = Operations(lambda: 7)
    for _ in range(MAX_KEPT + 5):
        operation = operations.start("retry", [1], lambda ids: [], 1)
        wait_until(lambda operation=operation: operation.state == "done")
    assert len(operations.all()) == MAX_KEPT
    assert operations.all()[0] is operation


def test_only_so_many_jobs_are_named() -> None:
    operations = Operations(lambda: 7)
    operation = operations.start("retry", range(3000), lambda ids: [NotDone(id, "x") for id in ids], 3000)
    wait_until(lambda: operation.state == "done")
    assert (operation.not_done, len(operation.named)) == (3000, MAX_NAMED)


@pytest.mark.parametrize("problem", [kue.ConnectionFailed("away"), ValueError("odd")], ids=repr)
def test_what_breaks_an_operation_off_is_told(problem: Exception) -> None:
    def breaks(ids: Sequence[int]) -> list[NotDone]:
        raise problem

    operation = Operations(lambda: 7).start("retry", [1], breaks, 1)
    wait_until(lambda: operation.state == "failed")
    assert operation.error in ("away", "an error in the server: ValueError")


def test_delayed_jobs_that_are_due_are_cancelled_as_well(web: WebServer, queue: kue.Queue, client: Any) -> None:
    job = queue.create("email").delay(timedelta(hours=1)).save()
    client.zadd("q:jobs:delayed", {f"01|{job.id}": 5})
    assert ended(web, {"action": "cancel", "ids": [job.id]})["done"] == 1
    assert queue.get(job.id).error() == "Cancelled"


def test_a_user_who_may_change_nothing_is_refused_before_the_body_is_looked_at(queue: kue.Queue) -> None:
    for permissions, status in ((["read"], 403), (["read", "data", "create"], 403), (["read", "cancel"], 400)):
        app = kue.web.app(queue, auth=lambda request, may=permissions: kue.web.Access("bob", may))  # type: ignore[misc]
        answer = ask(app, "POST", "/api/v1/bulk", ("Content-Type", "application/json"), body=b"[")
        assert answer.status == status, permissions
