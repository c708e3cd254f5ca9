"""Outcomes without an event are read from Redis; a job that is failed counts as failed only a second later."""

from collections.abc import Callable
from typing import Any

import fakeredis
import pytest

from kue.common.error_reporter import ErrorReporter
from kue.common.timer_queue import Timer, TimerQueue
from kue.connection.address import resolve
from kue.errors import ConnectionFailed, ConnectionRestored
from kue.events.resync import Resync
from kue.events.router import Router
from kue.events.watcher import Outcome
from kue.store.store import Store


class Watcher:
    may_have_missed = False
    settled_by = frozenset(("complete", "failed", "remove"))

    def __init__(self, *, must_settle: bool = False, created_at: int | None = None) -> None:
        self.must_settle = must_settle
        self.created_at = created_at
        self.outcomes: list[Outcome] = []

    def wants(self, event: str) -> bool:
        return True

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        raise AssertionError("no event is told here")

    def on_outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class Clockwork:
    """What resync needs of the subscriber, by a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers = TimerQueue(lambda: self.now)

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        return self.timers.add(delay, call)

    def fetch(self, ask: Callable[[], Any], then: Callable[[Any], object]) -> None:
        then(ask())

    def pass_by(self, seconds: float) -> None:
        """Let time pass, making each call when it is due."""
        end = self.now + seconds
        while self.now < end:
            self.now += self.timers.wait(end - self.now)
            self.timers.run_due()


class Place:
    """A resync on a fake server, and the questions it has asked there."""

    def __init__(self) -> None:
        self.server = fakeredis.FakeServer()
        self.client = fakeredis.FakeRedis(server=self.server)
        self.time = Clockwork()
        self.told: list[BaseException] = []
        self.asked: list[list[int]] = []
        self.store = Store.at(resolve(self.client), "q")
        self.router = Router(lambda name: False, lambda *args: None)
        clockwork: Any = self.time
        self.resync = Resync(
            self.store, self.router, lambda: clockwork, ErrorReporter(self.told.append), lambda: self.time.now
        )
        fields = self.store.fields

        def counted(ids: Any, names: Any) -> Any:
            self.asked.append(list(ids))
            return fields(ids, names)

        self.store.fields = counted  # type: ignore[method-assign]

    def job(self, id: int, state: str, **fields: str) -> None:
        self.client.delete(f"q:job:{id}")
        self.client.hset(f"q:job:{id}", mapping={"type": "email", "state": state, **fields})

    def watch(self, id: int, *, must_settle: bool = False, created_at: int | None = None) -> Watcher:
        watch = Watcher(must_settle=must_settle, created_at=created_at)
        self.router.watch(id, watch)
        return watch


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"result": '{"n":[1,null]}'}, Outcome("complete", {"n": [1, None]})),
        ({}, Outcome("complete")),
        ({"result": "not json"}, Outcome("complete", "not json")),
        ({"result": "0", "py_sent": '{"page":1}'}, Outcome("complete", 0, sent=({"page": 1},))),
        ({"py_sent": "null"}, Outcome("complete", sent=(None,))),
        ({"error": "Error: an earlier attempt"}, Outcome("complete", error="Error: an earlier attempt")),
    ],
    ids=str,
)
def test_a_complete_job_ends_its_watchers_at_once(place: Place, fields: dict[str, str], outcome: Outcome) -> None:
    place.job(1, "complete", **fields)
    easy, must = place.watch(1), place.watch(1, must_settle=True)
    place.resync.ask([1])
    assert easy.outcomes == must.outcomes == [outcome]
    assert place.router.watchers(1) == []


@pytest.mark.parametrize("must_settle", [False, True])
def test_a_job_without_a_hash_counts_as_removed(place: Place, must_settle: bool) -> None:
    watch = place.watch(1, must_settle=must_settle)
    place.resync.ask([1])
    place.time.pass_by(0.11)
    assert watch.outcomes == [Outcome("removed")]
    place.time.pass_by(60)
    assert place.asked == [[1], [1]]


@pytest.mark.parametrize("state", ["inactive", "active", "delayed", ""])
def test_a_job_that_still_runs_ends_no_watcher(place: Place, state: str) -> None:
    place.job(1, state, error="Error: an earlier attempt")
    watch = place.watch(1, must_settle=True)
    place.resync.ask([1])
    place.time.pass_by(60)
    assert watch.outcomes == []
    assert place.asked == [[1]]


def test_a_result_that_was_sent_ends_only_watchers_that_must_settle(place: Place) -> None:
    place.job(1, "active", py_sent='{"page":1}')
    easy, must = place.watch(1), place.watch(1, must_settle=True)
    place.resync.ask([1])
    assert must.outcomes == [Outcome("active", sent=({"page": 1},))]
    assert easy.outcomes == []
    assert place.router.watchers(1) == [easy]


def test_a_failed_job_ends_its_watchers_a_second_later(place: Place) -> None:
    place.job(1, "failed", error="Error: boom\n at x")
    watch = place.watch(1)
    place.resync.ask([1])
    place.time.pass_by(0.999)
    assert watch.outcomes == []
    place.time.pass_by(0.002)
    assert watch.outcomes == [Outcome("failed", error="Error: boom\n at x")]
    place.time.pass_by(60)
    assert place.asked == [[1], [1]]


@pytest.mark.parametrize("next_state", ["inactive", "delayed", "active"])
def test_a_job_that_is_failed_between_two_attempts_ends_no_watcher(place: Place, next_state: str) -> None:
    place.job(1, "failed")
    watch = place.watch(1)
    place.resync.ask([1])
    place.time.pass_by(0.5)
    place.job(1, next_state)
    place.time.pass_by(60)
    assert watch.outcomes == []


def test_a_job_that_fails_again_later_is_given_another_second(place: Place) -> None:
    place.job(1, "failed")
    watch = place.watch(1)
    place.resync.ask([1])
    place.job(1, "active")
    place.time.pass_by(5)
    place.job(1, "failed")
    place.resync.ask([1])
    place.time.pass_by(0.9)
    assert watch.outcomes == []
    place.time.pass_by(0.2)
    assert [outcome.state for outcome in watch.outcomes] == ["failed"]


def test_a_second_question_within_the_second_does_not_shorten_it(place: Place) -> None:
    place.job(1, "failed")
    watch = place.watch(1)
    for _ in range(3):
        place.resync.ask([1])
        place.time.pass_by(0.3)
    assert watch.outcomes == []
    place.time.pass_by(0.2)
    assert len(watch.outcomes) == 1


def test_a_job_that_completes_within_the_second_is_complete(place: Place) -> None:
    place.job(1, "failed")
    watch = place.watch(1)
    place.resync.ask([1])
    place.job(1, "complete", result="5")
    place.time.pass_by(2)
    assert watch.outcomes == [Outcome("complete", 5)]


def test_many_jobs_are_looked_up_together_and_only_the_failed_again(place: Place) -> None:
    states = {1: "complete", 2: "failed", 3: "active", 4: "failed"}
    for id, state in states.items():
        place.job(id, state)
    watches = {id: place.watch(id) for id in (*states, 5)}
    place.resync.ask([*states, 5])
    place.time.pass_by(2)
    assert place.asked == [[1, 2, 3, 4, 5], [5], [2, 4]]
    ends = {id: [outcome.state for outcome in watch.outcomes] for id, watch in watches.items()}
    assert ends == {1: ["complete"], 2: ["failed"], 3: [], 4: ["failed"], 5: ["removed"]}


def test_every_watched_job_is_looked_up_after_a_reconnect(place: Place) -> None:
    place.job(1, "complete")
    place.job(2, "active")
    place.watch(1)
    place.watch(2, must_settle=True)
    place.resync.ask_all()
    assert place.asked == [[1, 2]]


def test_jobs_of_watchers_that_must_settle_are_looked_up_every_ten_seconds(place: Place) -> None:
    place.job(1, "active")
    place.job(2, "active")
    must = place.watch(1, must_settle=True)
    place.watch(2)
    place.resync.keep_asking()
    place.resync.keep_asking()
    place.time.pass_by(9.9)
    assert place.asked == []
    place.time.pass_by(20)
    assert place.asked == [[1], [1]]
    place.job(1, "complete")
    place.time.pass_by(10)
    assert must.outcomes == [Outcome("complete")]
    place.time.pass_by(100)
    assert place.asked == [[1], [1], [1]]


def test_looking_up_begins_again_with_the_next_watcher_that_must_settle(place: Place) -> None:
    place.resync.keep_asking()
    place.time.pass_by(30)
    assert place.asked == []
    place.job(1, "active")
    place.watch(1, must_settle=True)
    place.resync.keep_asking()
    place.time.pass_by(10)
    assert place.asked == [[1]]


def test_an_outage_is_reported_once_and_jobs_are_looked_up_again_every_second(place: Place) -> None:
    place.job(1, "complete", result="5")
    watch = place.watch(1)
    place.server.connected = False
    place.resync.ask([1])
    place.time.pass_by(3.5)
    assert [type(problem) for problem in place.told] == [ConnectionFailed]
    assert watch.outcomes == []
    place.server.connected = True
    place.time.pass_by(1)
    assert watch.outcomes == [Outcome("complete", 5)]
    assert [type(problem) for problem in place.told] == [ConnectionFailed, ConnectionRestored]
    place.time.pass_by(60)
    assert place.asked == [[1]] * 5


def test_a_job_whose_key_is_no_hash_counts_as_removed(place: Place) -> None:
    place.client.set("q:job:1", "poison")
    watch = place.watch(1)
    place.resync.ask([1])
    place.time.pass_by(0.11)
    assert watch.outcomes == [Outcome("removed")]
