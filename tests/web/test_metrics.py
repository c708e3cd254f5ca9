"""`/metrics` and `/healthz`."""

from datetime import timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

import kue
import kue.web
from kue.web.metrics import MAX_TYPES
from tests.helpers import wait_until
from tests.web.asgi import ask
from tests.web.server import Answer, WebServer


def samples(answer: Answer) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(answer.body.decode())
    labels = ("type", "state")
    return {
        (sample.name, *(sample.labels[name] for name in labels if name in sample.labels)): sample.value
        for family in families
        for sample in family.samples
    }


def test_jobs_waits_pauses_and_work_are_counted(web: WebServer, queue: kue.Queue, client: Any) -> None:
    queue.save_all(queue.create("email") for _ in range(3))
    queue.create('odd "type"\n\\').delay(timedelta(hours=1)).save()
    queue.pause("email")
    client.set("q:stats:work-time", "2500")
    client.hset("q:job:1", "created_at", client.time()[0] * 1000 - 90_000)
    client.hset("q:job:1", "promote_at", client.time()[0] * 1000 - 90_000)
    answer = web.get("/metrics")
    found = samples(answer)
    assert answer.type.startswith("text/plain; version=")
    assert found["kue_jobs", "email", "inactive"] == 3
    assert found["kue_jobs", "email", "failed"] == 0
    assert found["kue_jobs", 'odd "type"\n\\', "delayed"] == 1
    assert 89 < found["kue_oldest_wait_seconds", "email"] < 120
    assert (found["kue_paused", "email"], found["kue_paused", ""]) == (1, 0)
    assert found["kue_work_seconds_total",] == 2.5


def test_the_processes_that_work_are_counted(web: WebServer, running: Any, client: Any) -> None:
    with kue.Queue(redis=running.redis.url) as other:
        other.process("email", 3, lambda job: None)
        wait_until(lambda: samples(web.get("/metrics"))["kue_slots",] == 3)
        found = samples(web.get("/metrics"))
        assert (found["kue_processes",], found["kue_processes_lost",]) == (1, 0)


def test_many_types_do_not_make_many_numbers(web: WebServer, queue: kue.Queue, client: Any) -> None:
    queue.save_all(queue.create(f"type {n:04}") for n in range(MAX_TYPES + 30))
    found = samples(web.get("/metrics"))
    named = {key[1] for key in found if key[0] == "kue_jobs"}
    assert len(named) == MAX_TYPES + 1
    assert found["kue_jobs", "py:others", "inactive"] == 30


def test_so_many_types_that_they_are_not_all_read(web: WebServer, client: Any) -> None:
    client.sadd("q:job:types", *(f"type {n}" for n in range(20_000)))
    found = samples(web.get("/metrics"))
    assert len({key[1] for key in found if key[0] == "kue_jobs"}) == MAX_TYPES


def test_keys_of_the_wrong_kind_are_left_out(web: WebServer, queue: kue.Queue, client: Any) -> None:
    queue.create("email").save()
    queue.create("sms").save()
    for key in ("q:jobs:sms:failed", "q:jobs:complete", "q:py:flow", "q:stats:work-time", "q:py:leases"):
        client.delete(key)
        client.sadd(key, "x")
    client.delete("q:jobs:sms:inactive")
    client.set("q:jobs:sms:inactive", "x")
    found = samples(web.get("/metrics"))
    assert (found["kue_jobs", "email", "inactive"], found["kue_jobs", "sms", "delayed"]) == (1, 0)
    assert not {("kue_jobs", "sms", "failed"), ("kue_jobs", "sms", "inactive")} & found.keys()


def test_metrics_need_the_permission_to_read(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=lambda request: kue.web.Access("x", ["create"]))
    assert ask(app, "GET", "/metrics").status == 403


def test_health_is_open_to_all_and_says_nothing_else(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=("ana", "secret"))
    answer = ask(app, "GET", "/healthz", ("Host", "10.0.0.7:3000"))
    assert (answer.status, answer.type, answer.body) == (200, "text/plain; charset=utf-8", b"ok\n")
    assert ask(app, "GET", "/metrics").status == 401
