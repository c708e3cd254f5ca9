"""The app under a prefix: in another app, and behind a proxy."""

import asyncio
import gc
import re
import threading
import weakref
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

import kue
import kue.web
from kue.connection import idle_closer
from kue.web import factory
from kue.web.proxy import under_prefix
from tests.helpers import wait_until
from tests.web.asgi import ask
from tests.web.server import WebServer


@pytest.fixture
def app(queue: kue.Queue) -> Any:
    queue.create("a/b", {"n": 1}).save()
    queue.create("email", {"n": 2}).save()
    return kue.web.app(queue, auth=kue.web.open_access)


PATHS = ("/stats", "/job/2", "/jobs/0..1/desc", "/jobs/a%2Fb/inactive/0..5", "/jobs/email/inactive/stats", "/healthz")


@pytest.mark.parametrize("prefix", ["/kue", "/ops/kue", "/ünï", "/jobs"])
def test_a_mounted_app_answers_as_one_by_itself(app: Any, prefix: str) -> None:
    from urllib.parse import quote

    with WebServer(Starlette(routes=[Mount(prefix, app=app)])) as web:
        for path in PATHS:
            answer = web.get(quote(prefix) + path)
            assert answer.body == ask(app, "GET", path).body, path
            assert answer.status == 200, path
        assert web.post(f"{quote(prefix)}/job", {"type": "sms"}).json["message"] == "job created"
        assert web.get("/stats").status == 404


def test_a_proxy_may_show_it_under_a_prefix(app: Any) -> None:
    """Some proxies remove the prefix, and some pass it on."""
    for path in PATHS:
        alone = ask(app, "GET", path).body
        assert ask(app, "GET", path, root_path="/kue").body == alone
        assert ask(app, "GET", f"/kue{path}", root_path="/kue").body == alone


@pytest.mark.parametrize("path", ["/kue/job/2", "/job/2"])
def test_the_command_takes_a_prefix_that_a_proxy_passes_on_or_removes(app: Any, path: str) -> None:
    with WebServer(under_prefix(app, "/kue")) as web:
        assert web.get(path).json["type"] == "email"
        assert web.post(path[: -len("/2")], {"type": "sms"}).status == 200


def test_the_bare_prefix_leads_to_the_page_whatever_host_was_asked_for(app: Any) -> None:
    """The address is relative, since a proxy may have removed another prefix in front of this one."""
    answer = ask(app, "GET", "/ops/ünï", root_path="/ops/ünï", raw_path=b"/ops/%C3%BCn%C3%AF")
    assert (answer.status, answer.headers["location"]) == (307, "./%C3%BCn%C3%AF/")
    assert ask(app, "GET", "/ops/ünï/", root_path="/ops/ünï", raw_path=b"/ops/%C3%BCn%C3%AF/").status == 200


def test_a_server_that_does_not_keep_the_address_as_it_was_sent(app: Any) -> None:
    """Then a slash in a type is lost, and all else works."""
    assert ask(app, "GET", "/jobs/email/inactive/0..5", raw_path=None).json[0]["id"] == 2
    assert ask(app, "GET", "/jobs/a/b/inactive/0..5", raw_path=None).status == 404


def test_two_queues_in_one_process(queue: kue.Queue, client: Any, running: Any) -> None:
    with kue.Queue(redis=running.redis.url, prefix="other") as other:
        queue.create("email").save()
        apps = [kue.web.app(each, auth=kue.web.open_access) for each in (queue, other)]
        both = Starlette(routes=[Mount("/one", app=apps[0]), Mount("/two", app=apps[1])])
        assert [ask(both, "GET", f"{path}/stats").json["inactiveCount"] for path in ("/one", "/two")] == [1, 0]


def test_a_queue_object_that_is_gone_is_let_go_of_on_any_thread_without_waiting(running: Any) -> None:
    """Python may collect it in the middle of anything, such as the start of a thread that others wait for."""
    queue = kue.Queue(redis=running.redis.url)
    app = kue.web.app(queue, auth=kue.web.open_access)
    assert ask(app, "GET", "/stats").status == 200
    connections, seen = app.site.store.connections, weakref.ref(queue)
    queue.shutdown()
    del queue, app

    def is_gone() -> bool:
        gc.collect()
        return seen() is None

    with idle_closer._fork_lock:
        # The thread that answered may take a moment to end, and holds what it answered with until then.
        collecting = threading.Thread(target=wait_until, args=[is_gone])
        collecting.start()
        collecting.join(10)
        assert not collecting.is_alive()
    assert (seen(), connections.closed) == (None, False)
    factory.close_left()
    assert connections.closed


def test_a_lifespan_is_answered_but_not_needed(app: Any) -> None:
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_websocket_is_refused(app: Any) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "websocket", "path": "/"}, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize("path", ["/jobs/1", "/jobs/9", "/create?from=1"])
def test_below_a_prefix_every_link_and_form_has_it(queue: kue.Queue, path: str) -> None:
    queue.create("email").save().failed()
    app = kue.web.app(queue, auth=kue.web.open_access)
    page = ask(app, "GET", f"/ops{path}", root_path="/ops").body.decode()
    found = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
    assert len(found) > 10
    assert [address for address in found if not address.startswith("/ops/")] == []
    form = ("Content-Type", "application/x-www-form-urlencoded")
    answer = ask(app, "POST", "/ops/jobs/1/retry", form, root_path="/ops")
    assert (answer.status, answer.headers["location"]) == (303, "/ops/jobs/1")
