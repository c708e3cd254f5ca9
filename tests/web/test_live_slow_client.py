"""A client that does not read costs no memory: it misses what was in between, and gets what is newest."""

import asyncio
import json
from typing import Any

import pytest

import kue
import kue.web
from kue.web.live import poller
from kue.web.live.state import NOTHING, State, Tail


class SlowClient:
    """Takes what is sent only when it is told to, as a connection whose buffers are full."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self._may_read = asyncio.Event()
        self._arrived = asyncio.Event()
        self._is_asked = False
        self.leaves = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            self._arrived.set()
            await self._may_read.wait()
            if data := message["body"].partition(b"\ndata: ")[2]:
                self.taken.append(json.loads(data))

    async def receive(self) -> dict[str, Any]:
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def stops_reading(self) -> None:
        self._may_read.clear()
        self._arrived.clear()
        await asyncio.wait_for(self._arrived.wait(), 10)

    async def reads_until(self, topic: str, name: str, value: object) -> None:
        """Take what comes until a value has come."""
        self._may_read.set()
        async with asyncio.timeout(10):
            while not any(one["topic"] == topic and one["values"].get(name) == value for one in self.taken):
                await asyncio.sleep(0.001)


async def readings(app: Any, count: int) -> None:
    """Wait until so many more readings have begun."""
    wanted = app.site.poller.readings + count
    async with asyncio.timeout(10):
        while app.site.poller.readings < wanted:
            await asyncio.sleep(0.001)


def test_it_gets_what_is_newest(queue: kue.Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller, "TICK_SECONDS", 0.02)
    app = kue.web.app(queue, auth=kue.web.open_access)
    scope = {"type": "http", "method": "GET", "path": "/api/v1/events", "query_string": b"topics=counts,rows:inactive"}
    scope |= {"headers": [(b"host", b"localhost")], "scheme": "http", "server": ("localhost", 80), "root_path": ""}

    async def follow() -> None:
        client = SlowClient()
        stream = asyncio.ensure_future(app(scope, client.receive, client.send))  # type: ignore[arg-type]
        await client.reads_until("rows:inactive", "total", 0)
        queue.create("email").save()
        await client.stops_reading()  # with the counts, which have one job in them
        for _ in range(5):
            queue.create("email").save()
            await readings(app, 1)
        await readings(app, 3)
        before = len(client.taken)
        await client.reads_until("rows:inactive", "total", 6)
        await client.reads_until("counts", "inactive", 6)
        came = client.taken[before:]
        told = [one["values"]["inactive"] for one in came if one["topic"] == "counts"]
        assert (told, len(came)) == ([1, 6], 3)
        client.leaves.set()
        await asyncio.wait_for(stream, 10)
        assert len(app.site.poller) == 0

    asyncio.run(follow())


def values(state: State, *sent: Any) -> tuple[Any, ...]:
    text, now = state.since(*sent)
    found = json.loads(text)
    return found["whole"], found["values"], now


def test_what_changed_is_told_from_what_was_sent() -> None:
    state = State()
    state.update({"a": 1, "b": 1, "c": 1}, 1)
    whole, found, first = values(state, NOTHING)
    assert (whole, found) == (True, {"a": 1, "b": 1, "c": 1})
    assert not state.update({"a": 1, "b": 1, "c": 1}, 2)
    for tick in range(3, 10):
        assert state.update({"a": tick, "b": 1}, tick)
    whole, found, now = values(state, first)
    assert (whole, found) == (False, {"a": 9, "c": None})
    state.update({"a": 9, "b": 1, "c": 2}, 10)
    assert values(state, now)[:2] == (False, {"c": 2})
    assert values(state, NOTHING)[1] == {"a": 9, "b": 1, "c": 2}


def test_keys_that_are_gone_are_not_remembered_for_ever() -> None:
    state = State()
    state.update({"a": 1}, 1)
    _, _, first = values(state, NOTHING)
    for tick in range(2, 3000):
        state.update({f"{tick}": 1}, tick)
    assert len(state._changed) < 1100
    assert values(state, first)[:2] == (True, {"2999": 1})


@pytest.mark.parametrize(
    ("sent", "first", "lines"), [(0, 3, ["d", "e"]), (3, 3, ["d", "e"]), (4, 4, ["e"]), (5, 5, []), (9, 3, ["d", "e"])]
)
def test_the_end_of_a_log_is_sent_from_the_line_on_that_a_client_lacks(sent: int, first: int, lines: list[str]) -> None:
    assert Tail(5, ("d", "e")).after(sent) == {"total": 5, "from": first, "lines": lines}
