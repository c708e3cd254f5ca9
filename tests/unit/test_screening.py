"""Which messages reach a watcher: none about another job of its number, and those in doubt after one query."""

import json
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.events.screening import Screening
from kue.events.watcher import Outcome
from tests.unit.test_resync import Place

BORN, OTHER = 1000, 2000  # created_at of the job, and of another job of its number
SETTLING = ("complete", "failed")


class Watcher:
    """Notes what it receives. With `must_settle` it stands for a promise, else for the listeners of a job."""

    def __init__(
        self, *, must_settle: bool = False, created_at: int | None = BORN, may_have_missed: bool = False
    ) -> None:
        self.must_settle = must_settle
        self.may_have_missed = may_have_missed
        self.created_at = created_at
        self.settled_by = frozenset((*SETTLING, "result" if must_settle else "remove"))
        self.got: list[str] = []
        self.all_args: list[tuple[Any, ...]] = []

    def wants(self, event: str) -> bool:
        return True

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        self.got.append(event)
        self.args = args
        self.all_args.append(args)
        return event in self.settled_by

    def on_outcome(self, outcome: Outcome) -> None:
        self.got.append(f"outcome {outcome.state}")
        self.outcome = outcome


class Scene:
    """A screening on a fake server. Its queries wait until the test has them answered."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.queries: deque[tuple[Callable[[], Any], Callable[[Any], object]]] = deque()
        self.looks: list[list[int]] = []
        place.time.fetch = lambda ask, then: self.queries.append((ask, then))  # type: ignore[method-assign]
        subscriber: Any = place.time
        self.screening = Screening(
            place.store, place.router, place.resync, subscriber, ErrorReporter(place.told.append)
        )
        place.router.screen = self.screening
        named_fields = place.store.named_fields

        def counted(wanted: Mapping[int, Collection[str]]) -> Any:
            self.looks.append(list(wanted))
            return named_fields(wanted)

        place.store.named_fields = counted  # type: ignore[method-assign]

    def watch(self, id: int = 1, **options: Any) -> Watcher:
        watcher = Watcher(**options)
        self.place.router.watch(id, watcher)
        return watcher

    def say(self, event: str, created_at: int | None = None, id: int = 1, arg: Any = None, **more: Any) -> None:
        message = {"id": id, "event": event, "args": [event, arg], **more}
        message |= {} if created_at is None else {"created_at": created_at}
        self.place.router.on_message(json.dumps(message, separators=(",", ":")).encode())

    def answer(self) -> None:
        """Have the queries answered, and those that follow from the answers."""
        while self.queries:
            ask, then = self.queries.popleft()
            then(ask())

    def settle(self) -> None:
        """Have everything answered, second looks included."""
        self.answer()
        for _ in range(3):
            self.place.time.pass_by(0.5)
            self.answer()


@pytest.fixture
def scene(place: Place) -> Scene:
    return Scene(place)


each_kind = pytest.mark.parametrize("must_settle", [False, True])


@each_kind
@pytest.mark.parametrize("event", ["start", "progress", *SETTLING])
def test_a_message_with_the_moment_of_the_job_is_delivered_at_once(scene: Scene, must_settle: bool, event: str) -> None:
    watcher = scene.watch(must_settle=must_settle)
    scene.say(event, BORN)
    assert watcher.got == [event]
    assert not scene.queries


@each_kind
@pytest.mark.parametrize("event", ["progress", "result", "complete", "failed", "remove"])
def test_a_message_about_another_job_is_ignored_and_the_own_hash_is_read(
    scene: Scene, must_settle: bool, event: str
) -> None:
    scene.place.job(1, "active", created_at=str(BORN))
    watcher = scene.watch(must_settle=must_settle)
    scene.say(event, OTHER)
    assert len(scene.queries) == 1
    scene.settle()
    assert watcher.got == []
    scene.say("complete", BORN)
    assert watcher.got == ["complete"]


@each_kind
@pytest.mark.parametrize("found", [None, OTHER])
def test_a_job_that_is_gone_is_noticed_by_a_message_about_its_successor(
    scene: Scene, must_settle: bool, found: int | None
) -> None:
    if found is not None:
        scene.place.job(1, "complete", created_at=str(found), result="5")
    watcher = scene.watch(must_settle=must_settle)
    scene.say("complete", OTHER)
    scene.settle()
    assert watcher.got == ["outcome removed"]


@each_kind
@pytest.mark.parametrize("event", SETTLING)
@pytest.mark.parametrize("found", [None, "", str(BORN), "NaN"])
def test_a_message_without_a_moment_waits_for_the_hash_and_stands(
    scene: Scene, must_settle: bool, event: str, found: str | None
) -> None:
    """No hash any more: Node removes it before it publishes `complete`."""
    if found is not None:
        scene.place.job(1, "complete", created_at=found)
    watcher = scene.watch(must_settle=must_settle)
    scene.say(event)
    assert watcher.got == [] and len(scene.queries) == 1
    scene.answer()
    assert watcher.got == [event]
    assert scene.place.router.watchers(1) == []


@each_kind
@pytest.mark.parametrize("event", SETTLING)
def test_a_message_without_a_moment_is_ignored_if_the_number_is_another_job_s(
    scene: Scene, must_settle: bool, event: str
) -> None:
    scene.place.job(1, "complete", created_at=str(OTHER), result="5")
    watcher = scene.watch(must_settle=must_settle)
    scene.say(event)
    scene.settle()
    assert watcher.got == ["outcome removed"]


@each_kind
def test_a_message_that_settles_nothing_is_delivered_without_a_query(scene: Scene, must_settle: bool) -> None:
    watcher = scene.watch(must_settle=must_settle)
    for event in ("enqueue", "start", "progress", "failed attempt"):
        scene.say(event)
    assert watcher.got == ["enqueue", "start", "progress", "failed attempt"]
    assert not scene.queries


@each_kind
@pytest.mark.parametrize("event", SETTLING)
def test_nothing_is_compared_if_the_watcher_does_not_know_its_moment(
    scene: Scene, must_settle: bool, event: str
) -> None:
    watchers = [scene.watch(must_settle=must_settle, created_at=None) for _ in range(2)]
    scene.say(event, OTHER)
    assert [watcher.got for watcher in watchers] == [[event]] * 2
    assert not scene.queries


def test_messages_stay_in_order_behind_one_that_waits(scene: Scene) -> None:
    """Node's `complete` and `remove` of a job that removes itself, with other events around them."""
    listener, promise = scene.watch(), scene.watch(must_settle=True)
    for event, created_at in (("start", None), ("complete", None), ("progress", BORN), ("remove", None)):
        scene.say(event, created_at)
    assert listener.got == promise.got == ["start"]
    scene.settle()
    assert listener.got == promise.got == ["start", "complete"]


def test_what_comes_during_a_query_is_decided_by_the_next(scene: Scene) -> None:
    """The number may go to another job in between."""
    scene.place.job(1, "complete", created_at=str(BORN))

    class Lasting(Watcher):
        def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
            super().on_event(event, args)
            return False

    watcher = Lasting()
    scene.place.router.watch(1, watcher)
    scene.say("failed")
    ask, then = scene.queries.popleft()
    answer = ask()
    scene.place.job(1, "complete", created_at=str(OTHER))
    scene.say("progress")
    scene.say("complete")
    then(answer)
    assert watcher.got == ["failed", "progress"]
    scene.settle()
    assert watcher.got == ["failed", "progress", "outcome removed"]


def test_many_messages_are_decided_by_one_query(scene: Scene) -> None:
    watchers = [scene.watch(id, must_settle=True) for id in range(1, 51)]
    for id in range(1, 51):
        scene.say("complete", id=id)
    scene.answer()
    assert [watcher.got for watcher in watchers] == [["complete"]] * 50
    assert scene.looks == [[1], list(range(2, 51))]


def test_a_promise_that_settles_may_be_followed_by_messages_about_others(scene: Scene) -> None:
    """A done-callback may do anything; here a message for another watcher is held while the answer is handled."""

    class Chatty(Watcher):
        def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
            scene.say("complete", id=3)
            return super().on_event(event, args)

    scene.place.router.watch(1, Chatty(must_settle=True))
    second, third = scene.watch(2, must_settle=True), scene.watch(3, must_settle=True)
    scene.say("start", BORN)
    scene.say("progress")
    scene.say("complete")
    scene.say("complete", id=2)
    scene.answer()
    assert second.got == third.got == ["complete"]


def test_only_the_hash_says_that_a_job_is_removed(scene: Scene) -> None:
    scene.place.job(1, "active", created_at=str(BORN))
    promise, listener = scene.watch(must_settle=True), scene.watch()
    scene.say("remove", BORN)
    assert promise.got == [] and listener.got == ["remove"]
    scene.settle()
    assert promise.got == []
    scene.place.client.delete("q:job:1")
    scene.say("remove", BORN)
    scene.answer()
    assert promise.got == ["outcome removed"], "the event was received, so that no second look is needed"


def test_a_hash_that_is_gone_settles_nothing_while_a_message_waits(scene: Scene) -> None:
    watcher = scene.watch(must_settle=True)
    scene.place.resync.ask([1], announced=True)
    scene.say("complete")
    scene.queries.rotate(1)
    ask, then = scene.queries.pop()
    then(ask())
    assert watcher.got == []
    scene.settle()
    assert watcher.got == ["complete"]


def test_a_message_about_another_job_is_ignored_behind_one_that_waits(scene: Scene) -> None:
    scene.place.job(1, "active", created_at=str(BORN), progress_data="[1]")
    scene.watch(2)
    scene.say("complete", id=2)  # its query is under way, so that the next one is about all that follows
    watcher = scene.watch()
    scene.say("progress", BORN, arg=50, cut=True)
    scene.say("complete", OTHER)
    scene.settle()
    assert watcher.got == ["progress"]


def test_an_outcome_that_was_read_settles_a_watcher_behind_one_whose_message_waits(scene: Scene) -> None:
    scene.place.job(1, "complete", created_at=str(BORN))
    early = scene.watch(must_settle=True)
    scene.say("complete")
    late = scene.watch(must_settle=True)
    scene.place.resync.ask([1])
    ask, then = scene.queries.pop()
    then(ask())
    assert (early.got, late.got) == ([], ["outcome complete"])
    scene.settle()
    assert early.got == ["complete"]


def test_a_watcher_that_left_meanwhile_receives_nothing(scene: Scene) -> None:
    watcher = scene.watch()
    scene.say("complete")
    scene.place.router.unwatch(1, watcher)
    scene.settle()
    assert watcher.got == []
    assert not scene.screening.holds(watcher)
