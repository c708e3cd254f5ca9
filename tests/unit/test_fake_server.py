"""A client of fakeredis that was not used yet: all connections of a queue go to one server."""

import sys
import threading
from typing import Any

import fakeredis
import pytest

import kue
from kue.connection.address import resolve
from tests.helpers import wait_until


def test_a_fake_server_without_lua_is_refused_and_what_to_install_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lupa", None)  # as if it were not installed
    with pytest.raises(kue.MissingExtra) as refused:
        kue.Queue(redis=fakeredis.FakeRedis())
    assert str(refused.value) == "fakeredis runs the scripts of kue only with Lua: pip install 'fakeredis[lua]'"


def test_a_fake_server_serves_many_connections_at_once() -> None:
    """fakeredis makes a server for the first one that connects; without care, for each of many at once."""
    fake = fakeredis.FakeRedis(host="never-used-before")
    address = resolve(fake)
    start = threading.Barrier(8)

    def write(n: int) -> None:
        connection: Any = address.connection()
        start.wait()
        connection.connect()
        connection.send_command("RPUSH", "writers", n)
        connection.read_response()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fake.llen("writers") == 8


def test_jobs_in_a_fake_server_are_run() -> None:
    fake = fakeredis.FakeRedis(host="never-used-either")
    with kue.Queue(redis=fake) as queue:
        queue.process("email", 2, lambda job: job.data)
        queue.save_all([queue.create("email") for _ in range(3)])
        wait_until(lambda: queue.complete_count() == 3)
        assert fake.zcard("q:jobs:complete") == 3


def test_a_fake_server_that_is_down_is_an_error_when_it_is_used() -> None:
    server = fakeredis.FakeServer()
    server.connected = False
    queue = kue.Queue(redis=fakeredis.FakeRedis(server=server))
    with pytest.raises(kue.ConnectionFailed):
        queue.create("email").save()
