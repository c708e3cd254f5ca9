"""The pulse: which parts share a round trip, what each gets of its replies, and that no failure ends it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.connection.connection import Command
from kue.errors import ConnectionFailed, ConnectionRestored, KueError, RedisRefused, ShutdownInProgress
from kue.worker.pulse import Part, Pulse
from tests.helpers import wait_until

NEVER = 1e9


class FakePart(Part):
    """Sends commands whenever it is made due, and notes what becomes of them."""

    def __init__(self, name: str, count: int = 1) -> None:
        self.name = name
        self.count = count
        self.due = True
        self.wait = 0.0
        self.seen: list[Any] = []
        self.stops = 0
        self.raises: dict[str, Exception] = {}  # by method, once

    @property
    def due_in(self) -> float:
        return self.wait if self.due else NEVER

    def commands(self) -> Sequence[Command]:
        self.due = False
        self._raise("commands")
        return [("ECHO", f"{self.name}{number}") for number in range(self.count)]

    def answered(self, replies: Sequence[Any]) -> None:
        self._raise("answered")
        self.seen.append(list(replies))

    def missed(self, *, sent: bool) -> None:
        self.seen.append("missed, sent" if sent else "missed")
        self._raise("missed")

    def stopped(self) -> None:
        self.stops += 1
        self._raise("stopped")

    def _raise(self, method: str) -> None:
        if problem := self.raises.pop(method, None):
            raise problem


class Place:
    """A pulse whose store echoes, and fails if it is asked to."""

    def __init__(self) -> None:
        self.round_trips: list[list[str]] = []
        self.failures: list[Exception] = []
        self.reported: list[BaseException] = []
        self.before_reply: Callable[[], None] = lambda: None
        self.pulse: Pulse

    def start(self, *parts: Part) -> None:
        store: Any = self
        self.pulse = Pulse(store, parts, ErrorReporter(self.reported.append))
        self.pulse.start()

    def beat(self, *parts: FakePart) -> None:
        """Make parts due, and beat."""
        for part in parts:
            part.due = True
        self.pulse.beat_soon()

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        if self.failures:
            raise self.failures.pop(0)
        names = [str(command[1]) for command in commands]
        self.before_reply()
        self.round_trips.append(names)
        return names


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.pulse.stop()
    assert not place.pulse._thread.is_alive()


def test_parts_that_are_due_share_a_round_trip_and_each_gets_its_own_replies(place: Place) -> None:
    parts = [FakePart("a", 2), FakePart("none", 0), FakePart("b", 1)]
    place.start(*parts)
    wait_until(lambda: parts[2].seen)
    assert place.round_trips == [["a0", "a1", "b0"]]
    assert [part.seen for part in parts] == [[["a0", "a1"]], [], [["b0"]]]


def test_a_part_that_is_due_soon_has_its_turn_and_one_that_is_due_later_has_not(place: Place) -> None:
    now, soon, later = FakePart("now"), FakePart("soon"), FakePart("later")
    soon.wait, later.wait = 0.2, 30.0
    place.start(now, soon, later)
    wait_until(lambda: now.seen)
    assert place.round_trips == [["now0", "soon0"]]


def test_nothing_is_sent_if_no_part_has_anything_to_send(place: Place) -> None:
    silent, other = FakePart("silent", 0), FakePart("other")
    other.due = False
    place.start(silent, other)
    wait_until(lambda: not silent.due)
    place.beat(other)
    wait_until(lambda: other.seen)
    assert place.round_trips == [["other0"]] and silent.seen == []


def test_a_beat_that_is_asked_for_during_a_round_trip_follows_at_once(place: Place) -> None:
    part, reached, go_on = FakePart("a"), threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        assert go_on.wait(30)

    place.before_reply = hold
    place.start(part)
    assert reached.wait(10)
    place.beat(part)
    go_on.set()
    wait_until(lambda: len(part.seen) == 2)


def test_a_pulse_that_is_stopped_during_a_round_trip_uses_its_replies_and_ends(place: Place) -> None:
    part, reached, go_on = FakePart("a"), threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        assert go_on.wait(30)

    place.before_reply = hold
    place.start(part)
    assert reached.wait(10)
    place.pulse.stop(0)
    assert part.stops == 0
    go_on.set()
    wait_until(lambda: part.stops == 1)
    assert part.seen == [["a0"]]


@pytest.mark.parametrize("sent", [True, False])
def test_a_round_trip_that_fails_is_missed_by_all_its_parts_and_reported_once(place: Place, sent: bool) -> None:
    parts = [FakePart("a"), FakePart("b")]
    place.failures = [ConnectionFailed("away", sent=sent), ConnectionFailed("still away", sent=sent)]
    place.start(*parts)
    for times in (1, 2):
        wait_until(lambda times=times: len(parts[1].seen) == times)
        place.beat(*parts)
    wait_until(lambda: parts[1].seen[-1] == ["b0"])
    missed = "missed, sent" if sent else "missed"
    assert [part.seen for part in parts] == [[missed, missed, ["a0"]], [missed, missed, ["b0"]]]
    assert [type(problem) for problem in place.reported] == [ConnectionFailed, ConnectionRestored]


def test_the_end_of_an_outage_is_reported_though_the_part_that_saw_it_begin_has_nothing_to_send(place: Place) -> None:
    first, second = FakePart("a"), FakePart("b")
    second.due = False
    place.failures = [ConnectionFailed("away")]
    place.start(first, second)
    wait_until(lambda: first.seen)
    place.beat(second)
    wait_until(lambda: len(place.reported) == 2)
    assert isinstance(place.reported[1], ConnectionRestored)


def test_a_refused_connection_was_sent_nothing(place: Place) -> None:
    part = FakePart("a")
    place.failures = [RedisRefused("no login", transient=True)]
    place.start(part)
    wait_until(lambda: part.seen)
    assert part.seen == ["missed"]


@pytest.mark.parametrize("method", ["commands", "answered"])
def test_a_part_that_raises_keeps_no_other_part_from_its_replies(place: Place, method: str) -> None:
    bad, good = FakePart("bad"), FakePart("good")
    bad.raises = {method: ValueError("nobody expected this")}
    place.start(bad, good)
    wait_until(lambda: good.seen)
    assert good.seen == [["good0"]]
    assert bad.seen == ["missed" if method == "commands" else "missed, sent"]
    assert [str(problem) for problem in place.reported] == ["unexpected error in bad: ValueError: nobody expected this"]
    place.beat(bad)
    wait_until(lambda: bad.seen[-1] == ["bad0"] and len(place.reported) == 2)
    assert str(place.reported[1]) == "bad goes on as before"


def test_a_part_that_raises_whenever_it_is_called_ends_neither_the_pulse_nor_the_other_parts(place: Place) -> None:
    bad, good = FakePart("bad"), FakePart("good")
    for method in ("answered", "missed", "stopped"):
        bad.raises[method] = ValueError(method)
    place.start(bad, good)
    wait_until(lambda: good.seen)
    place.beat(good)
    wait_until(lambda: len(good.seen) == 2)
    place.pulse.stop()
    assert good.stops == bad.stops == 1


def test_a_part_that_stays_due_keeps_no_processor_busy(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    part = FakePart("a", 0)
    part.commands = lambda: ()  # type: ignore[method-assign]
    store: Any = place
    place.pulse = Pulse(store, [part], ErrorReporter(place.reported.append))
    really = place.pulse._wakeup.wait

    def noted(timeout: float | None = None) -> bool:
        waits.append(timeout or 0.0)
        return really(timeout)

    monkeypatch.setattr(place.pulse._wakeup, "wait", noted)
    place.pulse.start()
    wait_until(lambda: len(waits) > 3)
    assert min(waits) >= 0.01


def test_a_queue_that_is_shut_down_reports_no_error_of_its_pulse(place: Place) -> None:
    part = FakePart("a")
    part.raises = {"stopped": ShutdownInProgress("the queue is shut down")}
    place.failures = [ShutdownInProgress("the queue is shut down")]
    place.start(part)
    wait_until(lambda: part.seen)
    place.pulse.stop()
    assert part.seen == ["missed"] and part.stops == 1 and place.reported == []


def test_a_pulse_that_was_never_started_can_be_stopped(place: Place) -> None:
    store: Any = place
    place.pulse = Pulse(store, [], ErrorReporter(place.reported.append))
    place.pulse.stop()
    place.pulse.stop()


def test_a_pulse_that_is_stopped_twice_stops_its_parts_once(place: Place) -> None:
    part = FakePart("a")
    place.start(part)
    place.pulse.stop()
    place.pulse.stop()
    assert part.stops == 1


def test_a_refusal_of_one_part_is_reported_under_its_own_name(place: Place) -> None:
    part = FakePart("a")
    part.raises = {"answered": KueError("no such script")}
    place.start(part)
    wait_until(lambda: place.reported)
    place.beat(part)
    wait_until(lambda: len(place.reported) == 2)
    assert [str(problem) for problem in place.reported] == ["no such script", "a goes on as before"]
