"""`/api/v1`: types, workers, numbers, schedules and settings."""

from datetime import timedelta
from typing import Any

import pytest

import kue
import kue.web
from tests.helpers import wait_until
from tests.web.asgi import ask
from tests.web.server import WebServer


def test_types_have_their_counts_waits_pauses_and_limits(web: WebServer, queue: kue.Queue, client: Any) -> None:
    queue.save_all(queue.create("a/b") for _ in range(2))
    queue.create("email").save().failed()
    queue.pause("a/b", timedelta(minutes=1))
    queue.limit("email", concurrency=3, per=(100, timedelta(minutes=1)))
    client.hset("q:job:1", "promote_at", client.time()[0] * 1000 - 90_000)
    found = web.get("/api/v1/types").json
    first, second = found["types"]
    assert (first["type"], first["counts"]["inactive"], first["paused"]) == ("a/b", 2, True)
    assert 89_000 < first["oldest_wait"] < 120_000
    assert 50_000 < first["paused_for"] <= 60_000
    assert (second["counts"]["failed"], second["paused"], second["oldest_wait"]) == (1, False, 0)
    assert second["limit"] == {"concurrency": 3, "per": {"jobs": 100, "duration": 60_000}}
    assert found["all"]["counts"] == {"inactive": 2, "active": 0, "complete": 0, "failed": 1, "delayed": 0}
    assert [row["type"] for row in web.get("/api/v1/types?limit=1").json["types"]] == ["a/b"]


def test_types_are_paused_and_resumed(web: WebServer, queue: kue.Queue) -> None:
    assert web.post("/api/v1/types/pause", {"type": "email"}).json["paused"] is True
    assert queue.paused("email")
    assert web.post("/api/v1/types/resume", {"type": "email"}).json["paused"] is False
    assert web.post("/api/v1/types/pause", {"duration": 60_000}).json["paused"] is True
    assert queue.paused()
    assert web.post("/api/v1/types/resume", {}).json["paused"] is False
    for body in ({"type": 5}, {"duration": "x"}, {"duration": -1}, {"x": 1}, []):
        assert web.post("/api/v1/types/pause", body).status == 422, body
    assert not queue.paused("email")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("q:job:types", "no set"),
        ("q:jobs:email:inactive", "no zset"),
        ("q:stats:work-time", "9" * 400),
        *(("promote_at", number) for number in ("inf", "-inf", "9" * 400, "-" + "9" * 400)),
    ],
)
def test_what_is_odd_in_redis_hides_nothing_else(
    web: WebServer, queue: kue.Queue, client: Any, key: str, value: str
) -> None:
    queue.create("email").save()
    queue.create("sms").save()
    if key == "promote_at":
        client.hset("q:job:1", key, value)
        assert web.ask("PUT", "/job/1/priority/4").json == {"message": "updated priority"}
    else:
        client.delete(key)
        client.set(key, value)
    assert 'kue_jobs{state="inactive",type="' in web.get("/metrics").body.decode()
    assert web.get("/api/v1/types").json["all"]["counts"]["inactive"] == 2
    stats = web.get("/api/v1/stats")
    assert (stats.status, stats.json["types"]["*"]["waiting"]) == (200, 2)
    if key != "q:job:types":
        assert [row["counts"]["inactive"] for row in web.get("/api/v1/types").json["types"]][1] == 1


def test_workers_are_listed(web: WebServer, running: Any) -> None:
    with kue.Queue(redis=running.redis.url) as other:
        other.process("email", 3, lambda job: None)
        (worker,) = wait_until(lambda: web.get("/api/v1/workers").json["workers"])
        assert (worker["id"], worker["types"], worker["lost"]) == (other.id, {"email": 3}, None)
        assert worker["pid"] > 0


def test_numbers_of_the_past(web: WebServer, queue: kue.Queue, client: Any) -> None:
    queue.stats()
    client.flushall()  # with what other tests have counted in this process
    queue.create("email").save()
    queue.stats()  # adds what this process has counted
    found = web.get("/api/v1/stats?since=60000").json
    assert (found["types"]["email"]["created"], found["types"]["*"]["created"]) == (1, 1)
    assert found["types"]["email"]["waiting"] == 1
    assert [slot["created"] for slot in found["types"]["email"]["series"]] == [1]
    assert list(web.get("/api/v1/stats?type=sms").json["types"]) == ["sms"]
    for query in ("since=0", "since=x", "since=-1", f"since={10**12}", "type=py:x", "type="):
        assert web.get(f"/api/v1/stats?{query}").status == 422, query


def test_schedules_are_shown_and_changed(web: WebServer, queue: kue.Queue) -> None:
    name = "../nightly %2F é"
    queue.every("0 2 * * *", queue.create("cleanup", {"password": "x"}), name=name, tz="Europe/Berlin")
    queue.every(timedelta(hours=1), queue.create("report"))
    first, second = web.get("/api/v1/schedules").json["schedules"]
    assert (first["name"], first["when"], first["tz"]) == (name, "0 2 * * *", "Europe/Berlin")
    assert (first["data"], first["paused"]) == ({"password": "hidden"}, False)
    assert (second["name"], second["when"], second["type"]) == ("report", 3_600_000, "report")
    paused = web.post("/api/v1/schedules/pause", {"name": name}).json
    assert (paused["paused"], paused["next_at"]) == (True, None)
    assert web.post("/api/v1/schedules/resume", {"name": name}).json["paused"] is False
    triggered = web.post("/api/v1/schedules/trigger", {"name": name}).json
    assert queue.get(triggered["last_job_id"]).type == "cleanup"
    assert web.post("/api/v1/schedules/remove", {"name": name}).status == 204
    assert list(queue.schedules()) == ["report"]
    assert web.post("/api/v1/schedules/remove", {"name": name}).status == 404
    for body in ({}, {"name": 5}, {"name": "report", "x": 1}, []):
        assert web.post("/api/v1/schedules/remove", body).status == 422


def test_a_schedule_that_cannot_be_read_is_named(web: WebServer, client: Any) -> None:
    client.zadd("q:py:schedules", {"odd": 5})
    client.hset("q:py:schedule:odd", "when", "nonsense")
    (row,) = web.get("/api/v1/schedules").json["schedules"]
    assert (row["name"], bool(row["unreadable"])) == ("odd", True)


@pytest.mark.parametrize("read_only", [False, True])
def test_settings_tell_what_the_user_may(queue: kue.Queue, client: Any, read_only: bool) -> None:
    access = kue.web.Access("ana", ["read", "data", "retry"])
    app = kue.web.app(queue, auth=lambda request: access, title="staging", read_only=read_only)
    found = ask(app, "GET", "/api/v1/settings").json
    assert (found["title"], found["prefix"], found["user"], found["read_only"]) == ("staging", "q", "ana", read_only)
    assert found["permissions"] == ["read", "data"] + ["retry"] * (not read_only)
    assert found["redis"].startswith("redis://127.0.0.1:")


def test_failures_are_grouped_by_what_went_wrong(web: WebServer, queue: kue.Queue, client: Any) -> None:
    hour = 3_600_000
    errors = [
        ("email", "TimeoutError: no reply from 10.0.3.7 after 30 s\n    at x", 7 * hour + 5),
        ("sms", "TimeoutError: no reply from 10.0.3.8 after 5 s", 8 * hour),
        ("email", "TimeoutError: no reply from 10.0.3.7 after 31 s", 7 * hour + 9),
        ("email", 'KeyError: "to"', 9 * hour),
        ("email", "order 3f2a9c41-0000-4000-8000-00000000abcd is closed", 9 * hour),
        ("email", "order 77aa9c41-1111-4000-8000-00000000abcd is closed", 10 * hour),
    ]
    for type, error, at in errors:
        job = queue.create(type).save().failed()
        client.hset(f"q:job:{job.id}", mapping={"error": error, "failed_at": at})
    found = web.get("/api/v1/failures").json
    timeout, closed, missing = found["groups"]
    assert (found["scanned"], found["total"]) == (6, 6)
    assert (timeout["key"], timeout["count"]) == ("TimeoutError: no reply from # after # s", 3)
    assert timeout["types"] == {"email": 2, "sms": 1}
    assert (timeout["first"], timeout["last"], timeout["ids"]) == (7 * hour + 5, 8 * hour, [3, 2, 1])
    assert timeout["hours"] == [{"at": 7 * hour, "count": 2}, {"at": 8 * hour, "count": 1}]
    assert (closed["key"], closed["count"]) == ("order # is closed", 2)
    assert (missing["key"], missing["message"]) == ("KeyError: …", 'KeyError: "to"')


def test_failures_need_the_permission_data(queue: kue.Queue, client: Any) -> None:
    app = kue.web.app(queue, auth=lambda request: kue.web.Access("x", ["read"]))
    assert ask(app, "GET", "/api/v1/failures").status == 403
