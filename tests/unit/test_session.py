"""The I/O thread's own connection: how long it waits before the next attempt."""

from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.errors import ConnectionFailed
from kue.worker.io.session import Session


@pytest.fixture
def session() -> Session:
    store: Any = None
    return Session(store, ErrorReporter(lambda problem: None))


def test_the_waits_of_an_outage_grow_and_those_of_the_next_one_begin_anew(session: Session) -> None:
    away = ConnectionFailed("Redis is away")
    first = session.give_up(away)
    for _ in range(10):
        longest = session.give_up(away)
    assert longest > 1.0 > first
    session.established()
    assert session.give_up(away) < 0.1
