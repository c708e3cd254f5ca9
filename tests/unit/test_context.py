"""The `ctx` of a handler: what it asks of the pool."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kue.worker.context import Context
from kue.worker.slots import TypeSlots, Worker


class FakePool:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def pause(self, type: str, timeout: float | None) -> None:
        self.asked.append(("pause", type, timeout))

    def resume(self, type: str) -> None:
        self.asked.append(("resume", type))

    def retire(self, worker: Worker) -> None:
        self.asked.append(("retire", worker))


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [((), 5.0), ((10,), 0.01), ((0,), 0.0), ((timedelta(minutes=1),), 60.0), ((None,), None)],
    ids=repr,
)
def test_the_timeout_of_a_pause_is_given_in_ms_and_none_is_no_limit(
    timeout: tuple[Any, ...], seconds: float | None
) -> None:
    pool: Any = FakePool()
    slot = Worker("kue:host:7-b:email:1", "email", TypeSlots("email"))
    run: Any = SimpleNamespace(type="email", slot=slot)
    context = Context(pool, run)
    context.pause(*timeout)
    context.resume()
    context.shutdown()
    assert pool.asked == [("pause", "email", seconds), ("resume", "email"), ("retire", slot)]
