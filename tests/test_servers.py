"""The tests' own servers start, keep to themselves, come back and leave nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests.conftest import Backend, absent
from tests.helpers import keyspace, wait_until
from tests.servers import NO_RETRY, ClusterServer, MissingPackage, RedisServer

ROOT = Path(__file__).parent.parent


def test_each_kind_answers_runs_scripts_and_starts_empty(backend: Backend) -> None:
    assert backend.client.dbsize() == 0
    backend.client.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, f"{backend.prefix}:key", "value")
    assert backend.client.get(f"{backend.prefix}:key") == b"value"


def test_a_keyspace_shows_every_type(backend: Backend) -> None:
    client = backend.client
    client.set("{q}:string", "caf\u00e9")
    client.set("{q}:bytes", b"\xff")
    client.hset("{q}:hash", "field", "1")
    client.rpush("{q}:list", "b", "a")
    client.sadd("{q}:set", "x", "y")
    client.zadd("{q}:zset", {"01|1": -5, "01|2": 2.5})
    assert keyspace(client) == {
        "{q}:bytes": "\udcff",
        "{q}:hash": {"field": "1"},
        "{q}:list": ["b", "a"],
        "{q}:set": {"x", "y"},
        "{q}:string": "café",
        "{q}:zset": {"01|1": -5.0, "01|2": 2.5},
    }


def start(kind: type[RedisServer] = RedisServer, **options: object) -> RedisServer:
    try:
        return kind(**options)  # type: ignore[arg-type]
    except MissingPackage as missing:
        absent(str(missing))


def test_a_killed_server_comes_back_on_its_port_with_what_it_kept() -> None:
    with start(persist=True) as server:
        port = server.port
        server.client().set("key", "value")
        server.kill()
        with pytest.raises(redis.ConnectionError):
            server.client().ping()
        server.restart()
        assert server.port == port
        assert server.client().get("key") == b"value"


@pytest.mark.slow
def test_a_cluster_comes_back_with_its_slots() -> None:
    with start(ClusterServer) as server:
        server.restart()
        assert server.client().set("{q}:key", "value")


def test_a_paused_server_answers_nothing_until_it_resumes() -> None:
    with start() as server:
        server.pause()
        with pytest.raises(redis.TimeoutError):
            server.client(socket_timeout=0.1).ping()
        server.resume()
        assert server.client().ping()


def test_a_server_is_reached_with_a_password_by_socket_and_by_tls() -> None:
    with start(password="secret", tls=True) as server:
        for url in (server.url, server.unix_url, server.tls_url):
            assert redis.Redis.from_url(url).ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=server.port, retry=NO_RETRY).ping()


def test_settings_reach_the_server() -> None:
    with start(maxmemory="100mb", client_output_buffer_limit="pubsub 1mb 1mb 1") as server:
        assert server.client().config_get("maxmemory") == {"maxmemory": str(100 * 1024 * 1024)}


@pytest.mark.slow
def test_a_server_dies_with_its_parent_even_of_sigkill(tmp_path: Path) -> None:
    start().close()  # skips where there is none
    program = "from tests.servers import RedisServer; print(RedisServer().port, flush=True); input()"
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},  # what the killed one leaves lies there
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    client = redis.Redis(port=int(parent.stdout.readline()), retry=NO_RETRY)
    assert client.ping()
    parent.kill()
    parent.communicate()

    def gone() -> bool:
        try:
            return not client.ping()
        except redis.ConnectionError:
            return True

    wait_until(gone, message="the server has died")
