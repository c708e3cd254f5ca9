"""What a client that does not read its answer costs the server: little memory, and for a minute."""

import asyncio
import json
import logging
import socket
from typing import Any

import pytest

import kue
import kue.web
from kue.web import Limits, pacing
from kue.web.client_connection import ClientConnection
from kue.web.live.state import NOTHING, State
from kue.web.pacing import PIECE_BYTES, paced
from tests.helpers import wait_until
from tests.web.server import WebServer, not_reading

PATHS = ("/job/1", "/job/1/log", "/jobs/0..9", "/api/v1/jobs/1", "/api/v1/events?topics=job:1")
LARGE = 30_000_000  # more than the buffers of the system hold


class Impatient(ClientConnection):
    send_seconds = stop_seconds = 0.2


async def large(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"%d" % LARGE)]
    await paced(send)({"type": "http.response.start", "status": 200, "headers": headers})
    await paced(send)({"type": "http.response.body", "body": bytes(LARGE)})


def bytes_that_come(client: socket.socket) -> int:
    """How many bytes come until the server closes the connection, properly or not."""
    count = 0
    try:
        while data := client.recv(1_000_000):
            count += len(data)
    except ConnectionResetError:
        pass
    return count


def test_the_server_closes_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    with WebServer(large, http=Impatient) as web, not_reading(web.port, "/") as client:
        wait_until(lambda: web.connections == 1)
        wait_until(lambda: web.connections == 0)
        assert bytes_that_come(client) < LARGE
    assert caplog.messages == []


def test_a_server_that_stops_does_not_wait_for_it(caplog: pytest.LogCaptureFixture) -> None:
    class Stopping(Impatient):
        send_seconds = 60.0

    with WebServer(large, http=Stopping) as web, not_reading(web.port, "/") as client:
        wait_until(lambda: web.connections == 1)
        assert client.recv(1)
        web.stop()
        assert bytes_that_come(client) < LARGE
    assert caplog.messages == []


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_is_sent_in_small_pieces(queue: kue.Queue, path: str) -> None:
    job = queue.create("email", {"to": "t" * 200_000}).save()
    for _ in range(30):
        job.log("l" * 9000)
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    app = kue.web.app(queue, auth=kue.web.open_access, limits=Limits(stream_seconds=0.5))
    ask(app, path, send)
    whole = b"".join(sent)
    assert (max(map(len, sent)), len(whole) > 200_000) == (PIECE_BYTES, True)
    events = [json.loads(line[6:]) for line in whole.splitlines() if line.startswith(b"data: ")]
    assert [one["topic"] for one in events] == ["redis", "job:1"] if "events" in path else json.loads(whole)


@pytest.mark.parametrize("path", PATHS)
def test_it_has_a_limited_time_for_each_piece(
    queue: kue.Queue, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pacing, "SEND_SECONDS", 0.05)
    queue.create("email").save()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    app = kue.web.app(queue, auth=kue.web.open_access)
    with caplog.at_level(logging.WARNING, "kue.web"):
        ask(app, path, send)
    [line] = caplog.messages
    assert line.endswith("broke off: the client took nothing for 0.05 seconds")
    assert len(app.site.poller) == 0


def ask(app: Any, path: str, send: Any) -> None:
    address, _, query = path.partition("?")
    scope = {"type": "http", "method": "GET", "path": address, "query_string": query.encode(), "root_path": ""}
    scope |= {"headers": [(b"host", b"localhost")], "scheme": "http", "server": ("localhost", 80)}
    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return waiting.pop() if waiting else await asyncio.Event().wait()

    asyncio.run(asyncio.wait_for(app(scope, receive, send), 10))


def test_a_heartbeat_does_not_come_in_the_middle_of_an_event() -> None:
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        await asyncio.sleep(0)
        sent.append(message["body"])

    async def both() -> None:
        paced_send = paced(send)
        event, heartbeat = b"e" * (3 * PIECE_BYTES), b": ping\n\n"
        await asyncio.gather(*(paced_send({"body": body, "more_body": True}) for body in (event, heartbeat)))
        assert (b"".join(sent), len(sent)) == (event + heartbeat, 4)

    asyncio.run(both())


def test_clients_that_know_the_same_share_the_bytes_of_an_event() -> None:
    state = State()
    state.update({"a": 1}, 1)
    event, sent = state.event("counts", NOTHING)
    assert event == b'id: 1\ndata: {"topic":"counts","whole":true,"values":{"a":1}}\n\n'
    assert state.event("counts", NOTHING)[0] is event
    state.update({"a": 2}, 2)
    assert [state.event(topic, sent)[0].partition(b',"whole"')[0] for topic in ("a", "b")] == [
        b'id: 2\ndata: {"topic":"a"',
        b'id: 2\ndata: {"topic":"b"',
    ]
