"""Jobs that are read anew: each reader gets one answer, and none waits for long."""

import sys
from collections.abc import Callable
from typing import Any

import fakeredis
import pytest

from kue.connection.address import resolve
from kue.events.rereading import MAX_SECONDS, Rereading
from kue.events.watcher import Outcome
from kue.store.store import Store
from tests.unit.test_resync import Clockwork


class Reader:
    def __init__(self) -> None:
        self.answers: list[Any] = []

    def on_read(self, hash: Any) -> None:
        self.answers.append(hash and hash.state.decode())

    def on_outcome(self, outcome: Outcome) -> None:
        self.answers.append(outcome.state)


class SlowClockwork(Clockwork):
    """Keeps each query back until the test lets it be answered."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[Callable[[], None]] = []

    def fetch(self, ask: Callable[[], Any], then: Callable[[Any], object]) -> None:
        self.queries.append(lambda: then(ask()))  # type: ignore[arg-type, return-value, func-returns-value]

    def answer(self) -> None:
        self.queries.pop(0)()


class Place:
    def __init__(self) -> None:
        self.client = fakeredis.FakeRedis(server=fakeredis.FakeServer())
        self.store = Store.at(resolve(self.client), "q")
        self.asked: list[list[int]] = []
        hashes = self.store.known_fields
        self.store.known_fields = lambda ids: (self.asked.append(list(ids)), hashes(ids))[1]  # type: ignore[method-assign, func-returns-value]
        self.time = SlowClockwork()
        clockwork: Any = self.time
        self.rereading = Rereading(self.store, lambda: clockwork)

    def ask(self, id: int) -> Reader:
        reader = Reader()
        self.rereading.ask(id, reader)
        return reader


@pytest.fixture
def place() -> Place:
    place = Place()
    place.client.hset("q:job:1", mapping={"type": "email", "state": "complete"})
    place.client.hset("q:job:2", mapping={"type": "email", "state": "failed"})
    return place


def test_a_reader_gets_the_hash_of_its_job_or_none(place: Place) -> None:
    found, missing = place.ask(1), place.ask(3)
    place.time.answer()
    place.time.answer()
    assert (found.answers, missing.answers) == (["complete"], [None])


def test_what_is_asked_for_during_a_query_goes_into_the_next_one(place: Place) -> None:
    first = place.ask(1)
    others = [place.ask(2), place.ask(1), place.ask(1)]
    assert len(place.time.queries) == 1
    place.time.answer()
    assert first.answers == ["complete"] and [other.answers for other in others] == [[], [], []]
    place.time.answer()
    assert [other.answers for other in others] == [["failed"], ["complete"], ["complete"]]
    assert place.asked == [[1], [2, 1, 1]]


def broken(ids: Any) -> Any:
    raise ConnectionError("away")


def test_a_query_that_fails_is_sent_again_with_what_was_asked_for_meanwhile(place: Place) -> None:
    working, place.store.known_fields = place.store.known_fields, broken  # type: ignore[method-assign]
    first = place.ask(1)
    place.time.answer()
    second = place.ask(2)
    assert (first.answers, place.time.queries) == ([], [])
    place.store.known_fields = working  # type: ignore[method-assign]
    place.time.pass_by(MAX_SECONDS / 2)
    place.time.answer()
    assert (first.answers, second.answers, place.asked) == (["complete"], ["failed"], [[1, 2]])
    place.time.pass_by(MAX_SECONDS)
    assert place.time.queries == []


def test_a_redis_that_fails_for_a_second_gives_no_hash(place: Place) -> None:
    place.store.known_fields = broken  # type: ignore[method-assign]
    reader = place.ask(1)
    for _ in range(9):
        place.time.answer()
        place.time.pass_by(MAX_SECONDS / 10)
        assert reader.answers == []
    place.time.pass_by(MAX_SECONDS / 5)
    assert reader.answers == [None]
    place.time.answer()
    place.time.pass_by(MAX_SECONDS)
    assert place.time.queries == []


def test_after_a_redis_that_failed_the_next_reader_gets_its_hash(place: Place) -> None:
    working, place.store.known_fields = place.store.known_fields, broken  # type: ignore[method-assign]
    place.ask(1)
    place.time.answer()
    place.rereading.finish()
    place.store.known_fields = working  # type: ignore[method-assign]
    reader = place.ask(2)
    place.time.pass_by(MAX_SECONDS / 2)
    place.time.answer()
    assert reader.answers == ["failed"]


def test_a_redis_that_does_not_answer_gives_no_hash_after_a_second_and_its_late_answer_is_ignored(place: Place) -> None:
    reader = place.ask(1)
    place.time.pass_by(MAX_SECONDS * 0.9)
    assert reader.answers == []
    place.time.pass_by(MAX_SECONDS * 0.2)
    assert reader.answers == [None]
    place.time.answer()
    assert reader.answers == [None]


def test_the_end_of_the_subscription_answers_all(place: Place) -> None:
    readers = [place.ask(1), place.ask(2)]
    place.rereading.finish()
    place.time.answer()
    assert [reader.answers for reader in readers] == [[None], [None]]


def test_in_a_forked_child_readers_learn_that_only_the_parent_gets_the_answer(place: Place) -> None:
    reader = place.ask(1)
    place.rereading.after_fork()
    place.rereading.finish()
    assert reader.answers == ["forked"]


def test_a_reader_that_raises_keeps_no_other_from_its_answer(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.ask(2)
    wrong, right = Reader(), Reader()
    wrong.on_read = lambda hash: sys.exit(3)  # type: ignore[method-assign]
    for reader in (wrong, right):
        place.rereading.ask(1, reader)
    place.time.answer()
    place.time.answer()
    assert right.answers == ["complete"]
    assert "settling after a job was read failed" in caplog.text
