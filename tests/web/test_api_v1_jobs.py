"""`/api/v1/jobs`: one job, new jobs, and what can be done with one."""

from typing import Any

import pytest

import kue
import kue.web
from tests.helpers import keyspace, wait_until
from tests.web.asgi import ask
from tests.web.server import Answer, WebServer

PROBLEM = "application/problem+json"


def act(web: WebServer, id: object, action: str, body: Any = None) -> Answer:
    return web.post(f"/api/v1/jobs/{id}/{action}", {} if body is None else body)


def test_a_job_is_shown_with_its_runs_and_its_log(web: WebServer, queue: kue.Queue, client: Any) -> None:
    job = queue.create("email", {"to": "a", "n": 2**70}, priority="high", attempts=3, ttl=5000).save()
    job.log("one")
    job.progress(1, 2, {"step": "smtp"})
    shown = web.get("/api/v1/jobs/1").json
    assert (shown["id"], shown["type"], shown["state"], shown["priority"]) == (1, "email", "inactive", -10)
    assert shown["data"] == {"to": "a", "n": 2**70}
    assert shown["attempts"] == {"made": 0, "max": 3}
    assert (shown["ttl"], shown["progress"], shown["progress_data"]) == (5000, 50, {"step": "smtp"})
    assert isinstance(shown["created_at"], int)
    assert shown["log"] == {"from": 0, "total": 1, "lines": ["one"]}
    assert (shown["runs"], shown["unreadable"]) == ([], [])


def test_a_log_comes_in_pieces(web: WebServer, queue: kue.Queue, client: Any) -> None:
    queue.create("email").save()
    client.rpush("q:job:1:log", *range(2500))
    for first, count in ((0, 1000), (1500, 1000), (2400, 100), (2500, 0)):
        log = web.get(f"/api/v1/jobs/1?log_from={first}").json["log"]
        assert (log["from"], log["total"]) == (first, 2500)
        assert log["lines"] == [str(n) for n in range(first, first + count)]
    assert web.get("/api/v1/jobs/1?log_from=-1").status == 422


def test_what_cannot_be_read_is_shown_and_named(web: WebServer, client: Any) -> None:
    client.hset("q:job:1", mapping={"data": "{", "result": "x", "priority": "abc", "state": "failed"})
    client.set("q:job:2", "x")
    first, second = (web.get(f"/api/v1/jobs/{id}").json for id in (1, 2))
    assert (first["type"], first["data"], first["state"]) == (None, None, "failed")
    assert [text.split(" (")[0] for text in first["unreadable"]] == [
        "it has no type",
        "its data is not JSON",
        "its result is not JSON",
    ]
    assert second["type"] is None
    assert second["unreadable"][0].startswith("its key is no hash: WRONGTYPE")
    assert client.hget("q:job:1", "data") == b"{"


def test_secrets_are_hidden(queue: kue.Queue, client: Any) -> None:
    data = {"to": "a", "apiKey": "x", "nested": [{"X-Auth-Token": "x", "user_password": {"a": 1}}], "pin": "1234"}
    queue.create("email", data).save()
    shown = ask(kue.web.app(queue, auth=kue.web.open_access), "GET", "/api/v1/jobs/1").json
    hidden = [{"X-Auth-Token": "hidden", "user_password": "hidden"}]
    assert shown["data"] == {"to": "a", "apiKey": "hidden", "nested": hidden, "pin": "1234"}
    own = kue.web.app(queue, auth=kue.web.open_access, redact=["pin"])
    assert ask(own, "GET", "/api/v1/jobs/1").json["data"] == {**data, "pin": "hidden"}
    assert ask(own, "GET", "/job/1").json["data"] == data


def test_without_the_permission_nothing_of_the_data_is_shown(queue: kue.Queue, client: Any) -> None:
    job = queue.create("email", {"to": "secret"}).save()
    job.log("secret")
    client.hset("q:job:1", mapping={"result": '"secret"', "error": "secret"})
    app = kue.web.app(queue, auth=lambda request: kue.web.Access("x", ["read", "create"]))
    answer = ask(app, "GET", "/api/v1/jobs/1")
    assert (answer.status, answer.json["data"], answer.json["log"]["lines"]) == (200, None, None)
    assert b"secret" not in answer.body
    client.hset("q:job:1", mapping={"data": '{"to": 1e999777555}', "result": "NaN"})
    hidden = ask(app, "GET", "/api/v1/jobs/1")
    assert hidden.json["unreadable"] == ["its data is not JSON", "its result is not JSON"]
    assert b"secret" not in ask(app, "POST", "/api/v1/jobs", json={"type": "email", "data": "secret"}).body


@pytest.mark.parametrize("id", ["99", "0", "01", "abc", "-1", "1.0", "9" * 30])
def test_a_job_that_does_not_exist_is_a_problem(web: WebServer, id: str) -> None:
    for answer in (
        web.get(f"/api/v1/jobs/{id}"),
        act(web, id, "retry"),
        act(web, id, "cancel"),
        act(web, id, "remove"),
    ):
        assert (answer.status, answer.type) == (404, PROBLEM)
        assert answer.json["title"] == "Not Found"
        assert answer.json["status"] == 404


# creating


def test_a_job_is_created_with_the_options_of_python(web: WebServer, queue: kue.Queue) -> None:
    body = {"type": "email", "data": [1], "priority": "high", "delay": 60_000, "remove_on_complete": True}
    answer = web.post("/api/v1/jobs", {**body, "backoff": {"type": "fixed", "delay": 5}, "ghost_retries": 2})
    assert (answer.status, answer.headers["location"]) == (201, "/api/v1/jobs/1")
    assert (answer.json["state"], answer.json["priority"], answer.json["data"]) == ("delayed", -10, [1])
    job = queue.get(1)
    assert (job.delay(), job.remove_on_complete(), job.ghost_retries()) == (60_000, True, 2)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"type": "email", "atempts": 5}, "atempts"),
        ({"type": "email", "self": 5}, "self"),
        ({"type": "email", "attempts": 0}, "attempts"),
        ({"type": "email", "options": {"attempts": 5}}, "options"),
        ({"type": "email", "priority": "nope"}, "priority"),
        ({"type": "email", "removeOnComplete": True}, "remove_on_complete"),
        ({"type": ""}, "type"),
        ({"type": None}, "type"),
        ({"data": {}}, "type"),
        ([{"type": "email"}], "object"),
    ],
)
def test_a_bad_job_is_a_problem_that_names_what_is_wrong(web: WebServer, client: Any, body: Any, named: str) -> None:
    answer = web.post("/api/v1/jobs", body)
    assert (answer.status, answer.type) == (422, PROBLEM)
    assert named in answer.json["detail"]
    assert keyspace(client) == {}


def test_the_same_idempotency_key_makes_one_job(web: WebServer, queue: kue.Queue) -> None:
    header = ("Idempotency-Key", "order 7")
    first = web.post("/api/v1/jobs", {"type": "email", "data": 1}, header)
    queue.get(1).complete()
    second = web.post("/api/v1/jobs", {"type": "email", "data": 2}, header)
    assert (first.status, second.status) == (201, 200)
    assert (second.json["id"], second.json["data"], second.json["unique"]) == (1, 1, "idempotency:order 7")
    assert web.post("/api/v1/jobs", {"type": "email"}, ("Idempotency-Key", "order 8")).json["id"] == 2
    both = web.post("/api/v1/jobs", {"type": "email", "unique": "x"}, header)
    assert (both.status, both.type) == (422, PROBLEM)
    assert web.post("/api/v1/jobs", {"type": "email"}, ("Idempotency-Key", "x" * 201)).status == 422


def test_the_key_of_a_removed_job_makes_no_other(web: WebServer, client: Any) -> None:
    header = ("Idempotency-Key", "order 7")
    web.post("/api/v1/jobs", {"type": "email"}, header)
    assert act(web, 1, "remove").status == 204
    again = web.post("/api/v1/jobs", {"type": "email"}, header)
    assert (again.status, again.headers["location"], again.json["id"]) == (200, "/api/v1/jobs/1", 1)
    assert again.json["unreadable"] == ["it is gone already"]
    assert web.post("/api/v1/jobs", {"type": "email"}, ("Idempotency-Key", "")).status == 422
    assert client.get("q:ids") == b"1"


def test_a_job_that_is_gone_before_it_is_shown_was_made_all_the_same(
    queue: kue.Queue, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may take, run and remove it in that time."""
    app = kue.web.app(queue, auth=kue.web.open_access)
    hashes = app.site.store.hashes

    def removed_before(ids: Any) -> Any:
        queue.remove_by_id(ids[0])
        return hashes(ids)

    monkeypatch.setattr(app.site.store, "hashes", removed_before)
    made = ask(app, "POST", "/api/v1/jobs", json={"type": "email"})
    assert (made.status, made.json["id"], made.json["unreadable"]) == (201, 1, ["it is gone already"])
    queue.create("email").save().failed()
    retried = ask(app, "POST", "/api/v1/jobs/2/retry")
    assert (retried.status, retried.json["id"], client.exists("q:job:2")) == (200, 2, 0)


@pytest.mark.parametrize(
    "problem", [kue.ConnectionFailed("it broke"), kue.RedisRefused("NOPERM", transient=True)], ids=repr
)
def test_a_change_that_cannot_be_shown_is_done_all_the_same(
    queue: kue.Queue, client: Any, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)

    def broken(ids: Any) -> Any:
        raise problem

    monkeypatch.setattr(app.site.store, "hashes", broken)
    made = ask(app, "POST", "/api/v1/jobs", json={"type": "email"})
    assert (made.status, made.json["id"], made.json["state"]) == (201, 1, None)
    assert made.json["unreadable"] == [f"it cannot be read now: {problem}"]
    for action, body in (("priority", {"priority": 5}), ("cancel", {}), ("retry", {})):
        assert ask(app, "POST", f"/api/v1/jobs/1/{action}", json=body).status == 200, action
    assert client.hmget("q:job:1", "priority", "state") == [b"5", b"inactive"]


# what can be done with one


@pytest.mark.parametrize(
    ("action", "states", "after"),
    [
        ("retry", ("failed", "complete"), "inactive"),
        ("promote", ("delayed",), "inactive"),
        ("cancel", ("inactive", "delayed"), "failed"),
    ],
)
def test_an_action_changes_a_job_in_its_states_only(
    web: WebServer, queue: kue.Queue, client: Any, action: str, states: tuple[str, ...], after: str
) -> None:
    for state in ("inactive", "delayed", "complete", "failed"):
        job = queue.create("email").save()
        job.state(state)  # type: ignore[call-overload]
        before = keyspace(client)
        answer = act(web, job.id, action)
        if state in states:
            assert (answer.status, answer.json["state"]) == (200, after), state
            assert queue.get(job.id).state() == after
        else:
            assert (answer.status, answer.type, answer.json["state"]) == (409, PROBLEM, state)
            assert keyspace(client) == before


@pytest.mark.parametrize("state", ["inactive", "delayed", "complete", "failed"])
def test_a_job_is_removed_in_any_state(web: WebServer, queue: kue.Queue, client: Any, state: str) -> None:
    queue.create("email").save().state(state)  # type: ignore[call-overload]
    assert act(web, 1, "remove").status == 204
    assert not client.exists("q:job:1")
    assert act(web, 1, "remove").status == 404


def test_a_job_without_a_type_can_be_removed_and_nothing_else(web: WebServer, queue: kue.Queue, client: Any) -> None:
    """A worker that finds it drops it, and so does `queue.get`; a request that only fails must not."""
    for job in queue.save_all(queue.create("email", "precious") for _ in range(3)):
        client.hdel(f"q:job:{job.id}", "type")
    before = keyspace(client)
    for action, body in (("priority", {"priority": 5}), ("cancel", {}), ("retry", {}), ("promote", {})):
        answer = act(web, 1, action, body)
        assert (answer.status, answer.json["detail"][:18]) == (409, "job 1 has no type,"), action
    for method, path in (("PUT", "/job/1/priority/5"), ("PUT", "/job/1/state/failed"), ("GET", "/inactive/1")):
        assert web.ask(method, path).json == {"error": 'job "1" is invalid'}
    assert keyspace(client) == before
    assert act(web, 1, "remove").status == 204
    assert web.ask("DELETE", "/job/2").json == {"message": "job 2 removed"}
    web.post("/api/v1/bulk", {"action": "remove", "ids": [3]})
    wait_until(lambda: not client.exists("q:job:3"))
    assert [client.exists(f"q:job:{id}") for id in (1, 2)] == [0, 0]
    assert not {"q:jobs", "q:jobs:inactive", "q:jobs:email:inactive"} & keyspace(client).keys()


def test_a_job_that_node_runs_is_left_alone(web: WebServer, queue: kue.Queue, client: Any) -> None:
    queue.create("email").save().active()
    client.hset("q:job:1", "workerId", "kue:host:77:email:1")
    before = keyspace(client)
    for action in ("remove", "cancel", "retry"):
        answer = act(web, 1, action)
        assert (answer.status, answer.type) == (409, PROBLEM), action
    assert keyspace(client) == before


def test_a_reason_stands_in_the_error(web: WebServer, queue: kue.Queue) -> None:
    queue.create("email").save()
    assert act(web, 1, "cancel", {"reason": "no longer needed"}).json["error"] == "Cancelled: no longer needed"
    queue.create("email").save()
    assert act(web, 2, "cancel", {"reason": 5}).status == 422


def test_a_priority_is_a_word_or_a_number(web: WebServer, queue: kue.Queue) -> None:
    queue.create("email").save()
    for given, kept in (("high", -10), (7, 7), (-3, -3), (None, 0)):
        assert act(web, 1, "priority", {"priority": given}).json["priority"] == kept
    for body in ({"priority": "nope"}, {"priority": 1.5}, {}, {"priority": 1, "x": 2}, []):
        assert act(web, 1, "priority", body).status == 422, body


def test_a_method_that_an_address_does_not_take_is_a_problem(web: WebServer) -> None:
    answer = web.get("/api/v1/jobs/1/retry")
    assert (answer.status, answer.type, answer.headers["allow"]) == (405, PROBLEM, "POST")
    assert web.get("/api/v1/nope").type == PROBLEM
