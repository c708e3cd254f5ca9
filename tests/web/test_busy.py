"""What the app answers when it is asked for more than it can do in time."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request

import kue
import kue.web
from kue.common.flag import Flag
from kue.errors import ConnectionFailed
from kue.web.call import Call
from kue.web.json_body import read_json
from kue.web.refused import Refused
from kue.web.threads import Threads
from tests.helpers import wait_until
from tests.web.asgi import ask


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Opened at the end of the test at the latest, so that no thread stays."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_a_probe_is_answered_though_other_requests_fill_all_places(
    queue: kue.Queue, monkeypatch: pytest.MonkeyPatch, gate: threading.Event
) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access, limits=kue.web.Limits(at_once=1))
    entered = threading.Event()

    def counts(*args: Any) -> Any:
        entered.set()
        gate.wait()
        return [0] * 5

    monkeypatch.setattr(type(app.site.store), "counts", counts)
    other = threading.Thread(target=ask, args=(app, "GET", "/stats"))
    other.start()
    wait_until(entered.is_set)
    answer = ask(app, "GET", "/healthz")
    gate.set()
    other.join()
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_a_probe_hears_ok_or_not_ok_and_nothing_else(queue: kue.Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    app = kue.web.app(queue, auth=kue.web.open_access)

    def ping(*args: Any) -> None:
        raise ConnectionFailed("no connection to redis://10.0.0.7")

    monkeypatch.setattr(type(app.site.store), "ping", ping)
    answer = ask(app, "GET", "/healthz")
    assert (answer.status, answer.body) == (503, b"not ok\n")


def test_a_server_without_a_free_place_says_that_it_is_busy(gate: threading.Event) -> None:
    threads = Threads(1)

    async def two() -> None:
        first = asyncio.create_task(threads.run(gate.wait, 60))
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="the server is busy with other requests") as info:
            await threads.run(lambda: None, 0.01)
        assert info.value.status == 503
        gate.set()
        await first

    asyncio.run(two())


def test_nothing_is_done_for_a_client_that_was_told_that_there_is_no_answer(
    queue: kue.Queue, gate: threading.Event
) -> None:
    """What it sends again would be done twice."""
    given_up, refused = Flag(), []
    scope = {"type": "http", "headers": [(b"content-type", b"application/json")]}
    site = kue.web.app(queue, auth=kue.web.open_access).site
    call = Call(site, Request(scope), {}, kue.web.Access(), b"{}", given_up)

    def read() -> None:
        gate.wait()
        try:
            read_json(call)
        except Refused as problem:
            refused.append(problem.status)

    async def run() -> None:
        with pytest.raises(ConnectionFailed, match=r"no answer within 0.0 s.*may still be carried out"):
            await Threads(1).run(read, 0.01, given_up)

    asyncio.run(run())
    gate.set()
    wait_until(lambda: refused == [503])
