"""The sleep of the I/O thread: a call of `wake` ends it, also one that comes before it begins."""

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
def sleep() -> Any:
    sleep = Sleep()
    yield sleep
    sleep.idle.close()


def test_a_thread_that_was_woken_while_it_worked_does_not_sleep(sleep: Sleep) -> None:
    sleep.idle.clear_wakes()
    sleep.idle.wake()
    assert sleep() == 0
    sleep.idle.clear_wakes()
    assert sleep() == 1
