"""The live stream: what arrives, when it ends, and what it costs if nobody listens."""

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from starlette.routing import Mount

import kue
import kue.web
from kue.web import Access, Limits
from kue.web.live import poller, sending
from tests.helpers import wait_until
from tests.servers import RedisServer
from tests.web.asgi import ask
from tests.web.events import EventStream, state_of
from tests.web.server import WebServer

TOPICS = "counts,types,job:1,jobs:1.2,rows:failed"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller, "TICK_SECONDS", 0.05)


@pytest.fixture
def queue(running: Any, client: Any) -> Iterator[kue.Queue]:
    """A queue of its own, for which nothing is remembered."""
    with kue.Queue(redis=running.redis.url) as queue:
        yield queue


@pytest.fixture
def web(queue: kue.Queue) -> Iterator[WebServer]:
    with WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web:
        yield web


def live_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "kue-live"]


def test_the_whole_state_arrives_and_then_what_changes(web: WebServer, queue: kue.Queue) -> None:
    first, second = queue.create("email").save(), queue.create("a/b").save()
    with EventStream(web.port, TOPICS) as stream:
        state = stream.first(*TOPICS.split(","))
        assert state["redis"] == {"available": True, "detail": None}
        assert (state["counts"]["inactive"], state["types"]["a/b"]["counts"]["inactive"]) == (2, 1)
        assert (state["job:1"]["state"], state["job:1"]["log"]["lines"]) == ("inactive", [])
        assert "data" not in state["job:1"]
        first.log("one")
        second.failed()
        queue.create("email").save()
        came = stream.until("job:1", log={"total": 1, "from": 0, "lines": ["one"]})
        came += stream.until("counts", inactive=2, failed=1)
        came += stream.until("rows:failed", total=1, first=[2])
        assert {event.whole for event in came} == {False}
        assert [set(event.values) for event in came if event.topic == "job:1"] == [{"updated_at", "log"}]
        first.log("two")
        stream.until("job:1", log={"total": 2, "from": 1, "lines": ["two"]})
        second.remove()
        stream.until("jobs:1.2", **{"2": None})
        stream.until("rows:failed", total=0, first=[], **{"2": None})
        whole = state_of(web.get(f"/api/v1/live?topics={TOPICS}"))
    stream.state["job:1"]["log"] = {"total": 2, "from": 0, "lines": ["one", "two"]}
    del stream.state["rows:failed"]["2"]
    for topic in TOPICS.split(","):
        stream.state[topic].pop("waiting_since", None)
        assert stream.state[topic] == {name: whole[topic][name] for name in stream.state[topic]}, topic


def test_a_client_that_comes_back_is_sent_the_whole_state(web: WebServer, queue: kue.Queue) -> None:
    queue.create("email").save()
    with EventStream(web.port, "counts") as stream:
        stream.first("counts")
        queue.create("email").save()
        last = stream.until("counts", inactive=2)[-1]
        assert not last.whole
    with EventStream(web.port, "counts", ("Last-Event-ID", str(last.id))) as stream:
        came = stream.until("counts", inactive=2)
        assert [(event.topic, event.whole) for event in came] == [("redis", True), ("counts", True)]


def test_a_log_that_grows_faster_than_it_is_read_shows_its_end(web: WebServer, queue: kue.Queue, client: Any) -> None:
    queue.create("email").save()
    client.rpush("q:job:1:log", *(f"line {number}" for number in range(1200)))
    with EventStream(web.port, "job:1") as stream:
        log = stream.first("job:1")["job:1"]["log"]
        assert (log["total"], log["from"], len(log["lines"]), log["lines"][-1]) == (1200, 700, 500, "line 1199")
        client.rpush("q:job:1:log", *(f"line {number}" for number in range(1200, 2000)), "x" * 20_000)
        stream.until("job:1", log={"total": 2001, "from": 1501, "lines": [*log_lines(1501, 2000), "x" * 10_000]})
        client.delete("q:job:1:log")
        stream.until("job:1", log={"total": 0, "from": 0, "lines": []})
        client.delete("q:job:1")
        assert [event.values for event in stream.until("job:1", found=False)] == [{"found": False}]


def log_lines(start: int, stop: int) -> list[str]:
    return [f"line {number}" for number in range(start, stop)]


def test_more_clients_than_allowed_are_told_to_ask(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access, limits=Limits(streams=3))
    with WebServer(app) as web:
        streams = [EventStream(web.port, "counts") for _ in range(3)]
        for stream in streams:
            stream.first("counts")
        assert live_threads() == ["kue-live"]
        refused = web.get("/api/v1/events?topics=counts")
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert refused.json["detail"] == "3 live streams are open: ask /api/v1/live every few seconds"
        assert state_of(web.get("/api/v1/live?topics=counts"))["counts"]["inactive"] == 0
        streams[0].close()
        wait_until(lambda: len(app.site.poller) == 2)
        streams[0] = EventStream(web.port, "counts")
        assert streams[0].status == 200
        for stream in streams:
            stream.close()


def test_without_a_stream_there_is_no_thread_and_no_traffic(web: WebServer, queue: kue.Queue, client: Any) -> None:
    def commands() -> int:
        return int(client.info("stats")["total_commands_processed"])

    assert web.get("/api/v1/live?topics=counts,attention").status == 200
    assert live_threads() == []
    with EventStream(web.port, "counts"):
        wait_until(lambda: live_threads() == ["kue-live"])
        before = commands()
        wait_until(lambda: commands() > before + 20)
    wait_until(lambda: live_threads() == [])
    assert commands() == commands() - 1
    with EventStream(web.port, "counts") as stream:  # and the next one starts it again
        assert stream.first("counts")["counts"]["inactive"] == 0


def test_an_outage_is_told_once_and_so_is_its_end() -> None:
    with (
        RedisServer(persist=True) as server,
        kue.Queue(redis=server.url) as queue,
        WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web,
        EventStream(web.port, "counts") as stream,
    ):
        stream.first("counts")
        server.stop()
        [gone] = stream.until("redis", available=False)
        assert "127.0.0.1" in gone.values["detail"]
        assert web.get("/api/v1/live?topics=counts").status == 503
        with EventStream(web.port, "counts") as late:
            assert late.first("redis")["redis"]["available"] is False
            server.restart()
            queue.create("email").save()
            late.until("counts", inactive=1)
        came = stream.until("counts", inactive=1)
        told = [event.values for event in came if event.topic == "redis"]
        assert told == [{"available": True, "detail": None}]


def test_the_shutdown_of_the_queue_ends_the_streams(queue: kue.Queue) -> None:
    with WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web, EventStream(web.port, "counts") as stream:
        stream.first("counts")
        queue.shutdown()
        while stream.next() is not None:
            pass
        wait_until(lambda: live_threads() == [])
        assert web.get("/api/v1/events?topics=counts").status == 503


def test_a_stream_ends_after_its_time_and_says_in_between_that_it_lives(
    queue: kue.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "HEARTBEAT_SECONDS", 0.02)
    app = kue.web.app(queue, auth=kue.web.open_access, limits=Limits(stream_seconds=0.3))
    with WebServer(app) as web, EventStream(web.port, "counts") as stream:
        while stream.next() is not None:
            pass
        assert stream.comments > 0
    wait_until(lambda: len(app.site.poller) == 0)


def test_a_signal_to_an_earlier_server_of_the_process_ends_no_later_stream(
    queue: kue.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AppStatus, "should_exit", False)  # so that it is set back after the test
    app = kue.web.app(queue, auth=kue.web.open_access)
    with WebServer(app) as web, EventStream(web.port, "counts") as stream:
        stream.first("counts")
        web.signal(signal.SIGTERM)
        while stream.next() is not None:
            pass
    wait_until(lambda: len(app.site.poller) == 0)
    with WebServer(app) as web, EventStream(web.port, "counts") as stream:
        stream.first("counts")
        queue.create("email").save()
        stream.until("counts", inactive=1)
        queue.shutdown()


def test_two_apps_of_a_queue_share_one_thread(queue: kue.Queue) -> None:
    apps = [kue.web.app(queue, auth=kue.web.open_access, redact=names) for names in (["pin"], ["to"])]
    queue.create("email").save().progress(1, 2, {"pin": 1, "to": 2})
    with (
        WebServer(apps[0]) as one,
        WebServer(apps[1]) as two,
        EventStream(one.port, "job:1") as first,
        EventStream(two.port, "job:1") as second,
    ):
        assert first.first("job:1")["job:1"]["progress_data"] == {"pin": "hidden", "to": 2}
        assert second.first("job:1")["job:1"]["progress_data"] == {"pin": 1, "to": "hidden"}
        assert live_threads() == ["kue-live"]


def test_a_mounted_app_streams_as_one_by_itself(queue: kue.Queue) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    with WebServer(Starlette(routes=[Mount("/ops", app=app)])) as web:
        with EventStream(web.port, "types,rows:inactive:a%3Ab", prefix="/ops") as stream:
            stream.first("types")
            queue.create("a:b").save()
            stream.until("rows:inactive:a%3Ab", total=1, first=[1])
        wait_until(lambda: len(app.site.poller) == 0)


def test_without_the_permission_data_no_error_result_or_line_is_sent(queue: kue.Queue, client: Any) -> None:
    job = queue.create("email", {"to": "secret"}).save()
    job.log("secret").error("secret")
    job.progress(1, 2, {"step": "secret"}).failed()
    client.hset("q:job:1", mapping={"result": '"secret"'})
    app = kue.web.app(queue, auth=lambda request: Access("ana", ["read"]))
    with WebServer(app) as web, EventStream(web.port, "job:1,rows:failed,jobs:1,attention") as stream:
        state = stream.first("job:1", "rows:failed", "jobs:1", "attention")
        assert "secret" not in str(state)
        assert (state["job:1"]["state"], state["job:1"]["log"]["total"]) == ("failed", 2)
    everything = state_of(ask(kue.web.app(queue, auth=lambda request: True), "GET", "/api/v1/live?topics=job:1,jobs:1"))
    assert str(everything).count("secret") == 5  # so the others withhold what is there


@pytest.mark.parametrize(
    "topics",
    [
        *("", ",", "x", "counts:1", "job", "job:0", "job:x", "job:1:2", "jobs:", "jobs:1.", "rows", "rows:x"),
        *("rows:failed:%2A", "rows::email", "rows:failed:email:x", "rows:failed:email:next:1"),
        *(",".join(f"job:{id}" for id in range(1, 34)), f"jobs:{'.'.join(map(str, range(1, 302)))}"),
    ],
    ids=str,
)
def test_a_topic_that_cannot_be_followed_is_refused(queue: kue.Queue, topics: str) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)
    for path in ("events", "live"):
        assert ask(app, "GET", f"/api/v1/{path}?topics={topics}").status == 422
        assert ask(app, "GET", f"/api/v1/{path}?topics=counts&topic=types").status == 422


def test_how_a_stream_is_answered(web: WebServer, queue: kue.Queue) -> None:
    with EventStream(web.port, "counts") as stream:
        headers = stream.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (headers["x-accel-buffering"], headers["cache-control"]) == ("no", "no-store")
    assert "default-src 'none'" in headers["content-security-policy"]
    head = web.ask("HEAD", "/api/v1/events?topics=counts")
    assert (head.status, head.type, head.body) == (200, headers["content-type"], b"")
    app = kue.web.app(queue, auth=kue.web.open_access)
    assert ask(app, "GET", "/api/v1/events?topics=counts", ("Host", "evil.example")).status == 421
    app = kue.web.app(queue, auth=lambda request: Access("x", ["create"]))
    assert ask(app, "GET", "/api/v1/events?topics=counts").status == 403
    wait_until(lambda: live_threads() == [])


def test_a_server_that_cannot_hold_streams_says_what_to_do(queue: kue.Queue) -> None:
    """As a2wsgi, whose requests carry the environment of WSGI."""
    app = kue.web.app(queue, auth=kue.web.open_access)
    refused = ask(app, "GET", "/api/v1/events?topics=counts", wsgi_environ={})
    assert (refused.status, refused.headers["retry-after"]) == (501, "5")
    assert state_of(ask(app, "GET", "/api/v1/live?topics=counts", wsgi_environ={}))["counts"]["failed"] == 0
