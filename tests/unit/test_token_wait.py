"""The wait for tokens: which types it asks for, and in which order."""

from typing import Any

import pytest

from kue.connection.connection import Command
from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.worker.io.token_wait import TokenWait

CLIENT_ID = 7


class FakeConnection:
    """Notes what was sent, and answers each wait with nothing."""

    socket = object()

    def __init__(self) -> None:
        self.sent: list[Command] = []

    def exchange(self, commands: list[Command]) -> list[Any]:
        return [CLIENT_ID for _ in commands]

    def send(self, commands: list[Command]) -> None:
        self.sent += commands

    def read(self) -> None:
        return None


class FakePool:
    def __init__(self) -> None:
        self.connection = FakeConnection()

    def open(self) -> FakeConnection:
        return self.connection


@pytest.fixture
def pool() -> FakePool:
    return FakePool()


@pytest.fixture
def wait(pool: Any) -> TokenWait:
    wait = TokenWait(pool, Commands(Keys("q")))
    wait.open()
    return wait


def test_each_type_is_the_first_of_as_many_waits_as_any_other(pool: FakePool, wait: TokenWait) -> None:
    """Redis serves the first key that has something: a type whose tokens never run dry would starve those behind it."""
    for _ in range(6):
        wait.wait_for({"a", "b", "c"})
        assert wait.receive() == ({"a", "b", "c"}, None)
    first = [command[1] for command in pool.connection.sent]
    assert sorted(first) == sorted(["q:a:jobs", "q:b:jobs", "q:c:jobs"] * 2)
    assert all(sorted(command[1:4]) == ["q:a:jobs", "q:b:jobs", "q:c:jobs"] for command in pool.connection.sent)


def test_without_types_nothing_is_waited_for(pool: FakePool, wait: TokenWait) -> None:
    wait.wait_for(set())
    assert (pool.connection.sent, wait.types) == ([], set())
