"""What needs attention: each rule on a seeded Redis, on both sides of its threshold."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import kue
import kue.web
from kue.errors import InvalidOption
from kue.web import Access, Thresholds
from tests.web.asgi import ask
from tests.web.events import state_of

MINUTE, HOUR = 60_000, 3_600_000
Found = list[tuple[str, str, str, str]]


@pytest.fixture
def queue(running: Any, client: Any) -> Iterator[kue.Queue]:
    """A queue of its own, for which nothing is remembered, on a Redis that has nothing to complain of."""
    client.config_set("save", "3600 1")
    with kue.Queue(redis=running.redis.url) as queue:
        yield queue
    client.config_set("save", "")


def attention(queue: kue.Queue, auth: Any = kue.web.open_access, **options: Any) -> dict[str, Any]:
    """What is said now. A new app remembers nothing but what the apps of its queue share for some seconds."""
    return state_of(ask(kue.web.app(queue, auth=auth, **options), "GET", "/api/v1/live?topics=attention"))["attention"]


def lines(queue: kue.Queue, **options: Any) -> Found:
    found = attention(queue, **options)["lines"]
    return [(line["level"], line["kind"], line["subject"], line["text"]) for line in found]


def now(client: Any) -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


def waits(queue: kue.Queue, client: Any, ms: int, type: str = "email") -> None:
    """Seed a job that waits for so long."""
    job = queue.create(type).save()
    client.hset(f"q:job:{job.id}", "promote_at", now(client) - ms)


def works(client: Any, *types: str, lost: int = 0) -> str:
    """Seed a Python process, or one that was lost so many ms ago."""
    name = "kue:host-a:7-0123456789"
    record = {"host": "host-a", "pid": 7, "types": json.dumps(dict.fromkeys(types, 2))}
    client.hset(f"q:py:worker:{name}", mapping=record)
    client.zadd("q:py:workers:lost" if lost else "q:py:workers", {name: now(client) + (-lost or HOUR)})
    return name


def counted(client: Any, type: str, completed: int, failed: int, ago: int = 0) -> None:
    """Seed what processes counted in a slot of ten minutes."""
    start = (now(client) - ago) // 600_000 * 600
    client.hset(f"q:py:stats:t:{start}:{type}", mapping={"completed": completed, "failed": failed})


def test_all_is_quiet(queue: kue.Queue, client: Any) -> None:
    waits(queue, client, 4_000)
    found = attention(queue)
    assert (found["lines"], found["failed_lately"]) == ([], 0)
    assert 4_000 <= now(client) - found["waiting_since"] < 60_000


def test_jobs_wait_and_no_worker_takes_them(queue: kue.Queue, client: Any) -> None:
    waits(queue, client, 6_000)
    [line] = attention(queue)["lines"]
    assert (line["key"], line["level"], line["subject"]) == ("no_worker:email", "red", "email")
    assert line["text"] == "has jobs that wait, and no worker"
    assert (line["count"], line["type"]) == (1, "email")


@pytest.mark.parametrize("worker", ["python", "node"])
@pytest.mark.parametrize(("ms", "level"), [(59_000, None), (MINUTE, "amber"), (5 * MINUTE, "red")])
def test_a_job_waits_for_long(queue: kue.Queue, client: Any, worker: str, ms: int, level: str | None) -> None:
    """A Node worker is known by what it runs."""
    waits(queue, client, ms)
    if worker == "python":
        works(client, "email")
    else:
        queue.create("email").save().active()
    expected = [(level, "waits", "email", "has a job that has waited for long")] if level else []
    assert lines(queue) == expected


@pytest.mark.parametrize("is_known", [True, False], ids=["found to be lost", "only with a lease that ran out"])
def test_active_jobs_of_lost_processes_are_no_sign_of_a_worker(queue: kue.Queue, client: Any, is_known: bool) -> None:
    lost = works(client, "email", lost=6_000)
    if not is_known:
        client.rename("q:py:workers:lost", "q:py:workers")
    waits(queue, client, 6_000)
    for _ in range(2):
        client.hset(f"q:job:{queue.create('email').save().active().id}", "workerId", f"{lost}:email:1")
    assert [line["key"] for line in attention(queue)["lines"]] == ["no_worker:email", f"lost:{lost}"]


@pytest.mark.parametrize("other", ["kue:host-a:7:email:1", "kue:host-b:8-9876543210:email:1"], ids=["Node", "Python"])
def test_one_active_job_of_another_worker_is_a_sign_of_it(queue: kue.Queue, client: Any, other: str) -> None:
    """A Python process that lives runs on what it took of a type that it no longer serves."""
    lost = works(client, "email", lost=6_000)
    client.zadd("q:py:workers", {"kue:host-b:8-9876543210": now(client) + HOUR})
    waits(queue, client, 6_000)
    for worker in (f"{lost}:email:1", other):
        client.hset(f"q:job:{queue.create('email').save().active().id}", "workerId", worker)
    assert [line["key"] for line in attention(queue)["lines"]] == [f"lost:{lost}"]


def test_a_paused_type_is_named_and_not_its_waits(queue: kue.Queue, client: Any) -> None:
    waits(queue, client, 6 * MINUTE)
    queue.pause("email")
    assert lines(queue) == [("amber", "paused", "email", "is paused")]


def test_a_paused_queue_is_named_and_not_its_waits(queue: kue.Queue, client: Any) -> None:
    waits(queue, client, 6 * MINUTE)
    queue.pause()
    assert lines(queue) == [("amber", "paused", "the queue", "is paused")]


@pytest.mark.parametrize(("completed", "failed", "is_told"), [(0, 9, False), (100, 10, True), (190, 10, False)])
def test_many_jobs_of_a_type_fail(queue: kue.Queue, client: Any, completed: int, failed: int, is_told: bool) -> None:
    for error in ("Refused: by 10.0.0.1", "KeyError: 'to'", "Refused: by 10.0.0.2"):
        queue.create("email").save().error(error).failed()
    queue.create("sms").save().error("Refused: by 10.0.0.3").failed()
    counted(client, "email", completed, failed)
    counted(client, "email", 0, 1000, ago=HOUR + 1)
    found = attention(queue)["lines"]
    assert [line["key"] for line in found] == ["failures:email"] * is_told
    for line in found:
        assert (line["count"], line["message"]) == (2, "Refused: by 10.0.0.3")  # a message of those alike
        assert line["text"] == f"has {failed} failed jobs in the last hour, of {completed + failed} that finished"


def test_no_error_is_quoted_without_the_permission_data(queue: kue.Queue, client: Any) -> None:
    queue.create("email").save().error("secret").failed()
    counted(client, "email", 0, 10)
    [line] = attention(queue, auth=lambda request: Access("ana", ["read"]))["lines"]
    assert (line["count"], line["message"]) == (10, None)


@pytest.mark.parametrize(("ago", "is_told"), [(9 * MINUTE, True), (11 * MINUTE, False)])
def test_a_worker_was_lost(queue: kue.Queue, client: Any, ago: int, is_told: bool) -> None:
    name = works(client, "email", lost=ago)
    found = attention(queue)["lines"]
    assert [(line["key"], line["subject"]) for line in found] == [
        (f"lost:{name}", "the worker host-a, process 7")
    ] * is_told


@pytest.mark.parametrize(("ago", "is_told"), [(61_000, True), (50_000, False)])
def test_a_recurring_job_is_late(queue: kue.Queue, client: Any, ago: int, is_told: bool) -> None:
    client.zadd("q:py:schedules", {"nightly": now(client) - ago, "paused": "inf"})
    assert lines(queue) == [("amber", "late", "nightly", "is late: no process sees to recurring jobs")] * is_told


def test_redis_may_lose_jobs(queue: kue.Queue, client: Any) -> None:
    client.set("other", "x" * 20_000_000)  # beside which connections that come and go are nothing
    client.config_set("save", "")
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.05))
    try:
        found = attention(queue)["lines"]
    finally:
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")
    assert [(line["level"], line["key"], line["can_be_put_away"]) for line in found] == [
        ("red", "redis:memory", False),
        ("amber", "redis:policy", False),
        ("amber", "redis:persistence", True),
    ]


def test_redis_is_a_replica(queue: kue.Queue, client: Any) -> None:
    client.replicaof("127.0.0.1", 1)
    try:
        assert [line["key"] for line in attention(queue)["lines"]] == ["redis:replica"]
    finally:
        client.replicaof("NO", "ONE")


def test_jobs_that_cannot_be_read_count_as_far_as_they_were_met(queue: kue.Queue, client: Any) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)

    def told() -> list[str]:
        found = state_of(ask(app, "GET", "/api/v1/live?topics=attention"))["attention"]["lines"]
        return [f"{line['subject']} {line['text']}" for line in found]

    for _ in range(4):
        queue.create("email").save()
    client.hset("q:job:1", "data", "{")
    client.hdel("q:job:2", "type")
    client.hset("q:job:3", "progress_data", "{")
    assert told() == []
    ask(app, "GET", "/api/v1/live?topics=jobs:1.2.4")
    assert told() == ["1 job cannot be read"]  # a list reads no data
    ask(app, "GET", "/api/v1/jobs?limit=10")
    assert told() == ["3 jobs cannot be read"]
    client.hset("q:job:3", "progress_data", "{}")
    queue.get(4).remove()
    client.delete("q:job:2")
    assert told() == ["1 job cannot be read"]


def test_what_is_worst_comes_first(queue: kue.Queue, client: Any) -> None:
    works(client, "email", "sms")
    waits(queue, client, 2 * MINUTE, "email")
    waits(queue, client, 3 * MINUTE, "sms")
    waits(queue, client, 6_000, "fax")
    queue.pause("push")
    queue.create("push").save()
    assert [line["key"] for line in attention(queue)["lines"]] == [
        *("no_worker:fax", "waits:sms", "waits:email", "paused:push")
    ]


def test_thresholds_are_options(queue: kue.Queue, client: Any) -> None:
    waits(queue, client, 6_000)
    assert lines(queue, thresholds=Thresholds(no_worker=10_000, waits=5_000))[0][:2] == ("amber", "waits")
    for wrong, what in ((-1, "0 or more"), *((no, "a number") for no in ("5", None, True))):
        with pytest.raises(InvalidOption, match=f"the threshold waits must be {what}, not {wrong!r}"):
            Thresholds(waits=wrong)  # type: ignore[arg-type]
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(InvalidOption, match=f"the threshold waits must be a finite number, not {wrong!r}"):
            Thresholds(waits=wrong)
