"""The ttl of a run in its own process: when it ends the run, and when Redis is asked before."""

import functools
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from kue.common.timer_queue import TimerQueue
from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.worker.deadlines import Deadlines
from kue.worker.io.calls import Call
from kue.worker.run import Run

TTL_SECONDS = 60
MARGIN_MS = 5000  # from the end of a run by itself to its deadline in Redis
COMMANDS = Commands(Keys("q"))


class Desk:
    """One run with a ttl, whose time is moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.ended: list[str] = []
        self.woken = 0
        self.watchers: list[Any] = []
        monkeypatch.setattr("kue.worker.deadlines.time", SimpleNamespace(monotonic=lambda: self.now))
        self.runtime: Any = SimpleNamespace(
            store=SimpleNamespace(commands=COMMANDS, clock=lambda: self.now * 1000),
            hub=SimpleNamespace(
                watch_soon=lambda id, watcher: self.watchers.append(watcher),
                unwatch=lambda id, watcher: self.watchers.remove(watcher),
            ),
        )
        executor: Any = SimpleNamespace(settle_failed=self._settle_failed)
        self.timers = TimerQueue(lambda: self.now)
        self.deadlines = Deadlines(self.runtime, executor, lambda run: None, self.timers)
        io: Any = SimpleNamespace(notify=lambda run: self._wake())
        job: Any = SimpleNamespace(id=7, type="email", ttl=lambda: 1000 * TTL_SECONDS, runtime=self.runtime)
        self.run = Run(job, "kue:host:7-beef00011:email:1", 1, 0, io)
        self.deadlines.started(self.run)

    def _settle_failed(self, run: Run, failure: Any, mode: str) -> bool:
        self.ended.append(mode)
        return True

    def _wake(self) -> None:
        self.woken += 1

    def calls(self, after: float = 0.0) -> list[Call]:
        """What is asked once so many seconds have passed."""
        self.now += after
        self.timers.run_due()
        return self.deadlines.checks()

    def check(self, after: float) -> Call:
        [call] = self.calls(after)
        assert call.command == COMMANDS.deadline(7)
        return call

    def deadline(self, seconds_left: float) -> bytes:
        """The score in Redis of a run that has so many seconds left."""
        return b"%d" % ((self.now + seconds_left) * 1000 + MARGIN_MS)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_a_run_ends_at_its_ttl_after_redis_was_asked(desk: Desk) -> None:
    assert desk.calls(TTL_SECONDS - 1) == []
    desk.check(1).answered(desk.deadline(0))
    assert desk.ended == ["ttl"]


def test_a_run_whose_deadline_has_moved_in_redis_ends_at_that(desk: Desk) -> None:
    desk.run.touch()
    desk.check(TTL_SECONDS).answered(desk.deadline(30))
    assert desk.ended == [] and desk.calls(29) == []
    desk.check(1).answered(desk.deadline(0))
    assert desk.ended == ["ttl"]


def test_progress_that_has_not_reached_redis_yet_keeps_its_run(desk: Desk) -> None:
    check = desk.check(TTL_SECONDS)
    desk.run.touch()
    check.answered(desk.deadline(0))
    assert desk.ended == []
    desk.check(1).answered(desk.deadline(0))
    assert desk.ended == ["ttl"]


def test_a_question_without_an_answer_is_asked_again(desk: Desk) -> None:
    desk.check(TTL_SECONDS).dropped(sent=True)
    desk.check(0).answered(desk.deadline(0))
    assert desk.ended == ["ttl"]


def test_a_run_that_a_checker_announces_ends_at_once_if_its_time_is_over(desk: Desk) -> None:
    announce = functools.partial(desk.watchers[0].on_event, "ttl exceeded", ())
    announce()
    assert desk.woken == 1, "the I/O thread may sleep for two seconds, and Node waits for one"
    desk.check(1).answered(desk.deadline(30))
    assert desk.ended == [], "the announcement was about an earlier run of the job"
    announce()
    desk.check(1).answered(desk.deadline(0))
    assert desk.ended == ["asked"]


def test_the_watch_of_a_run_ends_a_while_after_the_run(desk: Desk) -> None:
    desk.deadlines.ended(desk.run)
    assert desk.calls(5) == [] and len(desk.watchers) == 1
    assert desk.calls(10) == [] and desk.watchers == []
    assert desk.calls(10 * TTL_SECONDS) == []


def test_a_run_that_has_ended_is_not_kept_until_its_ttl_would_be_over(desk: Desk) -> None:
    desk.deadlines.ttl_changed(desk.run)
    desk.deadlines.ended(desk.run)
    desk.calls(after=11.0)  # until when checkers are acknowledged
    run, desk.run = weakref.ref(desk.run), None  # type: ignore[assignment]
    assert desk.timers.wait(1000) == 1000 and run() is None
