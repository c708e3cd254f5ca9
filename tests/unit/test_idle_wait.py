"""The sleep of the I/O thread: a call of `wake` ends it, and so does a type that begins to wait for tokens."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.worker.io.idle import IdleWait


class Sleep:
    """The sleep of a thread without a connection, and how often it would really sleep."""

    def __init__(self) -> None:
        no_connections: Any = None
        self.idle = IdleWait(no_connections, Commands(Keys("q")), lambda: False)
        listener: Any = self
        self.idle.listener = listener
        self.slept = 0

    def look(self, types: set[str]) -> None: ...

    def _seconds(self, most: float) -> float:
        self.slept += 1
        return 0.0

    def __call__(self) -> int:
        self.idle.sleep(self._seconds, set)
        return self.slept


@pytest.fixture
def sleep() -> Iterator[Sleep]:
    sleep = Sleep()
    yield sleep
    sleep.idle.close()


def test_a_thread_that_was_woken_while_it_worked_does_not_sleep(sleep: Sleep) -> None:
    sleep.idle.clear_wakes()
    sleep.idle.wake()
    assert sleep() == 0
    sleep.idle.clear_wakes()
    assert sleep() == 1


class FakePool:
    """Opens connections that take everything, and never answer a wait."""

    CLIENT_ID = 7

    def __init__(self) -> None:
        self.socket, self._other_end = socket.socketpair()

    def open(self) -> "FakePool":
        return self

    def exchange(self, commands: list[Any]) -> list[int]:
        return [self.CLIENT_ID for _ in commands]

    def send(self, commands: list[Any]) -> None: ...

    def close(self) -> None: ...

    def end(self) -> None:
        self.socket.close()
        self._other_end.close()


@pytest.fixture
def pool() -> Iterator[FakePool]:
    pool = FakePool()
    yield pool
    pool.end()


def test_a_wait_is_ended_once_for_a_type_that_begins_to_wait_and_anew_on_another_connection(pool: Any) -> None:
    commands = Commands(Keys("q"))
    idle = IdleWait(pool, commands, lambda: False)
    for _ in range(2):
        idle.open()
        assert idle.renew({"a"}) is None
        assert idle.renew({"a"}) is None
        assert idle.renew({"a", "b"}) == commands.unblock(FakePool.CLIENT_ID)
        assert idle.renew({"a", "b"}) is None, "it has been asked to end"
        idle.disconnect()
    idle.close()
