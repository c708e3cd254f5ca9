"""The I/O thread's own connection: how it measures a round trip, and how long it waits before the next attempt."""

from types import SimpleNamespace
from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.errors import ConnectionFailed
from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.worker.io.session import Session


@pytest.fixture
def session() -> Session:
    store: Any = SimpleNamespace(commands=Commands(Keys("q")))
    return Session(store, ErrorReporter(lambda problem: None))


def test_the_waits_of_an_outage_grow_and_those_of_the_next_one_begin_anew(session: Session) -> None:
    away = ConnectionFailed("Redis is away")
    first = session.give_up(away)
    for _ in range(10):
        longest = session.give_up(away)
    assert longest > 1.0 > first
    session.established()
    assert session.give_up(away) < 0.1


@pytest.mark.parametrize(
    ("pings", "round_trip", "sent"),
    [
        ([0.0002, 0.0009], 0.0002, 1),  # near: no more is needed
        ([0.004, 0.001, 0.003, 0.002, 0.002, 0.0001], 0.001, 5),
        ([0.015, 0.010, 0.0001], 0.010, 2),  # distant: no more is worth its time
    ],
)
def test_the_shortest_of_a_few_pings_is_the_round_trip(
    session: Session, monkeypatch: pytest.MonkeyPatch, pings: list[float], round_trip: float, sent: int
) -> None:
    now, left = [1000.0], list(pings)

    def exchange(commands: list[Any]) -> None:
        now[0] += left.pop(0)

    monkeypatch.setattr("kue.worker.io.session.time", SimpleNamespace(monotonic=lambda: now[0]))
    connection: Any = SimpleNamespace(socket=object(), exchange=exchange)
    assert session._measure(connection) == pytest.approx(round_trip)
    assert len(pings) - len(left) == sent
