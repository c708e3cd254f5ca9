"""Looking for a reply before sleeping: briefly, one thread at a time, and ever less often while replies are late."""

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from kue.connection import spin_wait
from kue.connection.spin_wait import SpinWait


class Clock:
    """Goes on by a tenth of the longest look whenever it is read."""

    def __init__(self) -> None:
        self.read = 0
        self.added = 0.0

    def __call__(self) -> float:
        self.read += 1
        return self.read * spin_wait._MAX_POLL_SECONDS / 10 + self.added


class Near:
    """One end of a connection, with a spin on it; `far` is the other."""

    def __init__(self) -> None:
        self.end, self.far = socket.socketpair()
        self.clock = Clock()
        self.spin = SpinWait(self.end, self.clock)

    def looks(self) -> bool:
        """Whether the next wait looks at all."""
        before = self.clock.read
        self.spin.wait()
        return self.clock.read > before


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> Iterator[Near]:
    monkeypatch.setattr(spin_wait, "_cores", lambda: 2)
    near = Near()
    with near.end, near.far:
        yield near


def test_a_reply_that_is_there_is_seen_at_once(near: Near) -> None:
    near.far.send(b"+OK\r\n")
    for _ in range(3):
        assert near.looks()
    assert near.clock.read == 3


def test_a_reply_that_comes_during_the_spin_is_waited_for(near: Near, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_yield", lambda: near.far.send(b"+OK\r\n") if near.clock.read == 5 else None)
    near.spin.wait()
    assert near.clock.read == 6


def test_the_spin_gives_up_after_a_while(near: Near) -> None:
    near.spin.wait()
    assert near.clock.read == 12


def test_the_spin_gives_up_if_others_want_the_processor(near: Near, monkeypatch: pytest.MonkeyPatch) -> None:
    def let_others_run() -> None:
        near.clock.added += spin_wait._MAX_GAP_SECONDS

    monkeypatch.setattr(os, "sched_yield", let_others_run)
    near.spin.wait()
    assert near.clock.read == 2
    assert not near.looks()


def test_the_spin_is_skipped_ever_more_often_while_replies_are_late(near: Near) -> None:
    looked = [near.looks() for _ in range(2000)]
    skipped = [len(part) for part in "".join("x" if look else "." for look in looked).split("x")]
    assert skipped[:10] == [0, 1, 3, 7, 15, 31, 63, 127, 255, 256]
    assert set(skipped[9:-1]) == {256}


def test_a_reply_in_time_brings_the_spin_back(near: Near) -> None:
    assert [near.looks() for _ in range(6)] == [True, False, True, False, False, False]
    near.far.send(b"+OK\r\n")
    assert [near.looks() for _ in range(6)] == [True] * 6


def test_only_one_thread_spins_at_a_time(near: Near) -> None:
    with spin_wait._poll_lock:
        thread = threading.Thread(target=near.spin.wait)
        thread.start()
        thread.join(10)
    assert near.clock.read == 0
    assert near.looks()


def test_there_is_no_spin_with_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spin_wait, "_cores", lambda: 1)
    near = Near()
    with near.end, near.far:
        assert not near.looks()


def test_the_processors_that_count_are_those_of_this_process() -> None:
    assert 1 <= spin_wait._cores() <= (os.cpu_count() or 1)
