"""While Redis is away every route says so in two seconds, and the app comes back by itself."""

import time
from collections.abc import Iterable, Iterator

import pytest

import kue
import kue.web
from tests.helpers import wait_until
from tests.servers import RedisServer
from tests.web.server import WebServer

pytestmark = pytest.mark.slow

MOST_SECONDS = 4.0  # two, and two more for a busy machine; without a limit it would be ten
REQUESTS = (
    *(("GET", path) for path in ("/stats", "/job/types", "/jobs/0..5", "/jobs/x/0..5", "/job/1", "/job/1/log")),
    *(("GET", path) for path in ("/jobs/x/failed/stats", "/inactive/1")),
    *(("PUT", path) for path in ("/job/1/state/active", "/job/1/priority/5")),
    ("DELETE", "/job/1"),
    ("POST", "/job"),
)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer(persist=True) as server:
        yield server


# Of those that hang, each takes its two seconds.
HANGING = [("GET", "/stats"), ("GET", "/jobs/0..5"), ("PUT", "/job/1/state/active"), ("POST", "/job")]


def assert_all_say_so(web: WebServer, requests: Iterable[tuple[str, str]] = REQUESTS) -> None:
    for method, path in requests:
        began = time.monotonic()
        body = b'{"type":"x"}' if method == "POST" else None
        answer = web.ask(method, path, [("Content-Type", "application/json")], body)
        assert (answer.status, list(answer.json)) == (503, ["error"]), (path, answer)
        assert answer.headers["retry-after"] == "1"
        assert time.monotonic() - began < MOST_SECONDS, path


def test_a_redis_that_is_gone(server: RedisServer) -> None:
    with kue.Queue(redis=server.url) as queue, WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web:
        assert web.get("/stats").status == 200
        server.stop()
        assert_all_say_so(web)
        server.restart()
        wait_until(lambda: web.get("/stats").status == 200)
        assert web.post("/job", {"type": "email"}).json["id"] == 1


def test_a_redis_that_hangs(server: RedisServer) -> None:
    with kue.Queue(redis=server.url) as queue, WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web:
        assert web.get("/stats").status == 200
        server.pause()
        try:
            assert_all_say_so(web, HANGING)
        finally:
            server.resume()
        wait_until(lambda: web.get("/stats").status == 200)


def test_a_queue_that_is_shut_down(server: RedisServer) -> None:
    queue = kue.Queue(redis=server.url)
    with WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web:
        queue.shutdown()
        assert_all_say_so(web)
