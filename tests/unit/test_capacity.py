"""How many connections a pool has, who gets the next free one, and when the idle ones are closed."""

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kue.connection import capacity as module
from kue.connection.capacity import IDLE_SECONDS, Capacity
from kue.connection.connection import Connection
from tests.helpers import wait_until


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Socketless:
    """As much of redis-py's connection as is needed to open and close one."""

    def __init__(self) -> None:
        self.is_open = False

    def connect(self) -> None:
        self.is_open = True

    def disconnect(self) -> None:
        self.is_open = False


class Place:
    """A capacity, its clock and the connections that were made for it."""

    def __init__(self, limit: int, *, closes_idle: bool = False) -> None:
        self.clock = Clock()
        self.made: list[Any] = []
        self.capacity = Capacity(limit, self._make, closes_idle=closes_idle, clock=self.clock)
        self._threads: list[threading.Thread] = []

    def _make(self) -> Any:
        self.made.append(Socketless())
        return self.made[-1]

    @property
    def open(self) -> int:
        return sum(connection.is_open for connection in self.made)

    def take(self, seconds: float = 10) -> Connection:
        """A connection for a call, as the pool takes one."""
        connection = self.capacity.take_idle() or self.capacity.wait(seconds)
        assert connection is not None
        connection.open()
        return connection

    def keep(self) -> Connection:
        connection = self.capacity.keep()
        connection.open()
        return connection

    def later(self, act: Callable[[], object]) -> None:
        """Do something in a thread, which waits for a connection once this returns."""
        before = len(self.capacity._waiting)
        self._threads.append(threading.Thread(target=act, daemon=True))
        self._threads[-1].start()
        wait_until(lambda: len(self.capacity._waiting) == before + 1)

    def end(self) -> None:
        self.capacity.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def make(no_leaks: None) -> Iterator[Callable[..., Place]]:
    places: list[Place] = []

    def make(limit: int, **options: Any) -> Place:
        places.append(Place(limit, **options))
        return places[-1]

    yield make
    for place in places:
        place.end()


# calls


def test_a_call_gets_the_connection_that_was_used_last(make: Callable[..., Place]) -> None:
    place = make(3)
    first, second, third = (place.take() for _ in range(3))
    for connection in (second, third, first):
        place.capacity.give_back(connection)
    assert [place.take(), place.take()] == [first, third]
    assert place.open == 3


def test_a_call_that_finds_none_free_gets_none_after_its_time(make: Callable[..., Place]) -> None:
    place = make(1)
    taken = place.take()
    assert place.capacity.wait(0.01) is None
    place.capacity.give_back(taken)
    assert place.take() is taken, "the call that gave up takes none away"


def test_calls_get_connections_in_the_order_in_which_they_asked(make: Callable[..., Place]) -> None:
    place = make(1)
    served: list[int] = []

    def call(number: int) -> None:
        connection = place.take()
        served.append(number)
        place.capacity.give_back(connection)

    taken = place.take()
    for number in range(5):
        place.later(lambda number=number: call(number))  # type: ignore[misc]
    place.capacity.give_back(taken)
    wait_until(lambda: len(served) == 5)
    assert served == [0, 1, 2, 3, 4]
    assert len(place.made) == 1


def test_a_call_that_waits_may_open_one_once_another_broke(make: Callable[..., Place]) -> None:
    place = make(1)
    taken = place.take()
    got: list[Connection] = []
    place.later(lambda: got.append(place.take()))
    place.capacity.drop(taken)
    wait_until(lambda: got)
    assert got[0] is not taken
    assert place.open == 1


def test_a_connection_that_its_thread_has_lost_no_longer_counts(make: Callable[..., Place]) -> None:
    """As after KeyboardInterrupt, at a place where no handler of exceptions gives it back."""
    place = make(1)
    assert place.take() is not None
    gc.collect()
    assert place.take(0.01) is not None


def test_an_interrupted_wait_keeps_no_connection(make: Callable[..., Place], monkeypatch: pytest.MonkeyPatch) -> None:
    place = make(1)
    taken = place.take()

    def interrupted(waiter: Any, seconds: float) -> bool:
        place.capacity.give_back(taken)  # the connection comes in the same moment
        raise KeyboardInterrupt

    monkeypatch.setattr(module._Waiter, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        place.capacity.wait(10)
    monkeypatch.undo()
    assert place.open == 0
    assert place.take(0.01) is not None


# connections that are kept


def test_kept_connections_leave_fewer_for_calls_but_always_one(make: Callable[..., Place]) -> None:
    place = make(3)
    kept = [place.keep() for _ in range(2)]
    taken = place.take()
    assert place.capacity.wait(0) is None
    kept.append(place.keep())
    kept.append(place.keep())
    place.capacity.give_back(taken)
    assert place.take() is taken, "one for calls is always allowed"
    assert (place.open, place.capacity.allowed) == (5, 1)
    for connection in kept:
        connection.close()
        connection.close()
    assert place.capacity.allowed == 3


def test_an_idle_connection_makes_room_for_a_kept_one(make: Callable[..., Place]) -> None:
    place = make(3)
    for connection in [place.take() for _ in range(3)]:
        place.capacity.give_back(connection)
    assert place.keep().opened
    assert place.open == 3


def test_a_connection_in_use_makes_room_for_a_kept_one_when_its_call_is_over(make: Callable[..., Place]) -> None:
    place = make(3)
    taken = [place.take() for _ in range(3)]
    kept = place.keep()
    assert place.open == 4
    for connection in taken:
        place.capacity.give_back(connection)
    assert kept.opened and place.open == 3


def test_a_kept_connection_comes_though_an_interrupted_thread_has_the_lock(make: Callable[..., Place]) -> None:
    """A signal handler waits for a thread that asks for one, and runs on the thread that has the lock."""
    place = make(3)
    for connection in [place.take() for _ in range(3)]:
        place.capacity.give_back(connection)
    kept: list[Connection] = []
    with place.capacity._lock:
        thread = threading.Thread(target=lambda: kept.append(place.keep()), daemon=True)
        thread.start()
        thread.join(10)
        assert [connection.opened for connection in kept] == [True]
    place.capacity.give_back(place.take())
    assert place.open == 3


def test_a_kept_connection_that_closes_lets_a_waiting_call_open_one(make: Callable[..., Place]) -> None:
    place = make(2)
    kept, _taken = place.keep(), place.take()
    got: list[Connection] = []
    place.later(lambda: got.append(place.take()))
    kept.close()
    wait_until(lambda: got)
    assert place.open == 2


# closing


def test_idle_connections_close_after_a_minute(make: Callable[..., Place]) -> None:
    place = make(3)
    for connection in [place.take() for _ in range(3)]:
        place.capacity.give_back(connection)
        place.clock.now += 10
    assert place.capacity.close_expired() == IDLE_SECONDS - 30
    place.clock.now += IDLE_SECONDS - 30
    assert place.capacity.close_expired() == 10
    assert place.open == 2
    in_use = place.take()
    place.clock.now += IDLE_SECONDS
    assert place.capacity.close_expired() == IDLE_SECONDS
    assert place.open == 1
    place.capacity.give_back(in_use)
    assert place.capacity.close_expired() == IDLE_SECONDS
    place.clock.now += IDLE_SECONDS
    assert place.capacity.close_expired() is None
    assert place.open == 0


def test_one_thread_closes_connections_though_they_are_in_use_whenever_it_looks(
    make: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float | None] = []
    look = Capacity.close_expired
    monkeypatch.setattr(Capacity, "close_expired", lambda capacity: looks.append(look(capacity)) or looks[-1])
    place = make(1, closes_idle=True)
    for _ in range(3):
        with place.capacity._lock:  # without which the thread cannot look
            place.capacity.give_back(place.take())
            in_use = place.take()
        wait_until(lambda: looks)
        place.capacity.give_back(in_use)
    assert looks == [IDLE_SECONDS]


def test_a_thread_closes_idle_connections_and_ends_with_the_last(
    make: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.0)
    place = make(2, closes_idle=True)
    for _ in range(3):  # each time a new thread
        place.capacity.give_back(place.take())
        wait_until(lambda: place.open == 0)
        wait_until(lambda: "kue-idle" not in [thread.name for thread in threading.enumerate()])


def test_a_call_goes_well_even_if_the_system_gives_no_thread(
    make: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    place = make(1, closes_idle=True)
    place.capacity.give_back(place.take())
    monkeypatch.undo()
    place.capacity.give_back(place.take())
    assert "kue-idle" in [thread.name for thread in threading.enumerate()]


def test_closing_ends_what_is_idle_at_once_and_what_is_in_use_when_it_is_given_back(make: Callable[..., Place]) -> None:
    place = make(2)
    first, second = place.take(), place.take()
    got: list[Connection | None] = []
    place.later(lambda: got.append(place.capacity.wait(10)))
    place.capacity.close()
    wait_until(lambda: got == [None])
    place.capacity.give_back(first)
    place.capacity.give_back(second)
    assert place.open == 0
