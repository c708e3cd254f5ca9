"""Whatever is in Redis, no address answers with an error of the server, and none writes."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kue
import kue.web
from tests.helpers import keyspace
from tests.web.asgi import ask

KEYS = (
    *("q:ids", "q:job:types", "q:jobs", "q:stats:work-time", "q:py:flow", "q:py:workers", "q:py:workers:lost"),
    *(f"q:job:{id}" for id in range(1, 5)),
    *("q:job:1:log", "q:email:jobs", "q:py:worker:x", "q:py:schedules", "q:py:schedule:email"),
    *(f"q:jobs:{state}" for state in ("inactive", "active", "complete", "failed", "delayed")),
    *(f"q:jobs:email:{state}" for state in ("inactive", "failed")),
    "q:search:word:HL",
)
PATHS = (
    *("/", "/stats", "/job/types", "/metrics", "/healthz", "/job/1", "/job/1/log", "/job/2", "/job/3", "/job/4"),
    *("/jobs/0..-1", "/jobs/failed/0..-1/desc", "/jobs/email/failed/0..-1", "/jobs/email/0..10", "/jobs/-3..2"),
    *("/jobs/email/inactive/stats", "/jobs/delayed/1..2", "/api/v1/jobs/1", "/api/v1/jobs/2", "/api/v1/jobs/3"),
    *("/api/v1/types", "/api/v1/workers", "/api/v1/stats", "/api/v1/schedules", "/api/v1/settings"),
    *("/api/v1/failures", "/api/v1/jobs", "/api/v1/jobs?order=next&state=failed", "/api/v1/jobs?match=x"),
    *("/jobs/1", "/jobs/2?log=0", "/jobs/3", "/jobs/1/data", "/jobs/1/result", "/jobs/1/log", "/create?from=1"),
    *("/job/search?q=hello", "/api/v1/jobs?q=hello+world&any=true"),
)
TOPICS = "counts,types,attention,job:1,job:2,jobs:1.2.3.4,rows:failed,rows:inactive:email:next,rows:delayed,rows:"
FIELDS = (
    *("type", "state", "data", "priority", "max_attempts", "attempts", "created_at", "updated_at", "promote_at"),
    *("result", "error", "progress", "progress_data", "ttl", "delay", "workerId", "duration", "py_runs"),
)
ODD_TEXTS = st.sampled_from(
    [
        *("", "email", "inactive", "0", "-1", "1e999", "NaN", "Infinity", "{}", "[]", "null", '"', "{", "\x00", "\xff"),
        *("9" * 400, '{"a":' * 2000, "[" * 5000 + "]" * 5000, '"\\ud800"', "01|1", "02|1", "|", "99|x", "1.5", "0x10"),
        "-inf",
    ]
)
TEXTS = st.one_of(ODD_TEXTS, st.text(max_size=12))
BYTES = st.one_of(TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=8))
SCORES = st.one_of(st.integers(-20, 20), st.floats(allow_nan=False))
MEMBERS = st.one_of(st.sampled_from([b"01|1", b"01|2", b"01|3", b"01|4", b"02|99", b"email", b"1", b"2"]), BYTES)
VALUES = st.one_of(
    st.tuples(st.just("set"), BYTES),
    st.tuples(st.just("hset"), st.dictionaries(st.one_of(st.sampled_from(FIELDS), TEXTS), BYTES, min_size=1)),
    st.tuples(st.just("rpush"), st.lists(BYTES, min_size=1, max_size=4)),
    st.tuples(st.just("sadd"), st.lists(MEMBERS, min_size=1, max_size=4)),
    st.tuples(st.just("zadd"), st.dictionaries(MEMBERS, SCORES, min_size=1, max_size=5)),
)


def write(client: Any, key: str, kind: str, value: Any) -> None:
    if kind == "hset":
        client.hset(key, mapping={name.encode("utf-8", "surrogatepass"): content for name, content in value.items()})
    elif kind in ("rpush", "sadd"):
        getattr(client, kind)(key, *value)
    else:
        getattr(client, kind)(key, value)


@pytest.fixture(scope="module")
def app(running: Any) -> Any:
    return kue.web.app(running.queue, auth=kue.web.open_access)


def missing_topics(app: Any) -> set[str]:
    """The topics of the live stream that cannot be read. What is kept for some seconds is read anew."""
    app.site.facts.forget()
    found = ask(app, "GET", f"/api/v1/live?topics={TOPICS}")
    return set() if found.status == 409 else set(TOPICS.split(",")) - {one["topic"] for one in found.json["events"]}


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=12))
def test_no_keyspace_makes_an_address_fail(app: Any, client: Any, found: dict[str, tuple[str, Any]]) -> None:
    client.flushall()
    for key, (kind, value) in found.items():
        write(client, key, kind, value)
    before = keyspace(client)
    failed = [
        (path, answer.body) for path in PATHS if (answer := ask(app, "GET", path)).status not in (200, 404, 409, 422)
    ]
    assert failed == []
    assert missing_topics(app) == set()
    assert keyspace(client) == before


def test_every_kind_of_key_in_every_place(app: Any, client: Any) -> None:
    samples = {"set": b"x", "hset": {"a": b"b"}, "rpush": [b"x"], "sadd": [b"x"], "zadd": {b"01|1": 1}}
    for key, (kind, value) in itertools.product(KEYS, samples.items()):
        client.flushall()
        write(client, key, kind, value)
        failed = [path for path in PATHS if ask(app, "GET", path).status not in (200, 404, 409, 422)]
        assert failed == [], (key, kind)
        assert missing_topics(app) == set(), (key, kind)


@pytest.mark.parametrize("score", ["-inf", "inf", "1e300"])
def test_scores_that_are_no_moments(app: Any, client: Any, score: str) -> None:
    for key in ("q:jobs:delayed", "q:jobs:active", "q:py:schedules", "q:py:workers", "q:py:workers:lost"):
        client.zadd(key, {f"01|1 {key}": score})
    assert ask(app, "GET", "/api/v1/workers").status == 200
    assert missing_topics(app) == set()


ODD_NUMBERS = ("9" * 400, f"-{'9' * 400}", "1e308", "-1", "1e999", "NaN", "0.5")
NUMBERS = (
    *("priority", "attempts", "max_attempts", "created_at", "updated_at", "promote_at", "started_at", "failed_at"),
    *("progress", "ttl", "delay", "duration", "py_planned_at", "py_requeues"),
)


@pytest.mark.parametrize("number", ODD_NUMBERS)
@pytest.mark.parametrize("state", ["active", "delayed", "failed", "complete"])
def test_pages_show_numbers_of_any_size(app: Any, running: Any, client: Any, state: str, number: str) -> None:
    client.flushall()
    getattr(running.queue.create("email", {"title": "a"}, attempts=2).save(), state)()
    run = f'{{"run": {number}, "outcome": "failed", "start": {number}, "duration": {number}}}'
    backoff = f'{{"type": "exponential", "delay": {number}, "maxDelay": {number}, "jitter": {number}}}'
    fields = {**dict.fromkeys(NUMBERS, number), "py_runs": f"[{run}]", "backoff": backoff, "data": f"[{number}]"}
    client.hset("q:job:1", mapping=fields)
    worker = {**dict.fromkeys(("pid", "busy", "started", "lease"), number), "types": f'{{"email": {number}}}'}
    client.hset("q:py:worker:x", mapping=worker)
    client.zadd("q:py:workers", {"x": 9e15})
    paths = ("/jobs/1", f"/{state}", "/jobs", "/failures", "/workers", "/", "/create?from=1")
    failed = [path for path in paths if ask(app, "GET", path).status != 200]
    assert failed == []
    assert missing_topics(app) == set()
