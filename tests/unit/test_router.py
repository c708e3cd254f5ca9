"""Which watcher hears which message: in order, also what came during the save, and nothing once it is over."""

import gc
import json
import weakref
from typing import Any

import pytest

from kue.events.router import Router
from kue.events.watcher import Outcome


class Listener:
    """A watch that notes what it hears, and is over at one event."""

    def __init__(
        self,
        *,
        until: str = "",
        must_settle: bool = False,
        unwanted: tuple[str, ...] = (),
        created_at: int | None = None,
    ) -> None:
        self.must_settle = must_settle
        self.may_have_missed = False
        self.created_at = created_at
        self.settled_by = frozenset((until,))
        self.unwanted = unwanted
        self.until = until
        self.got: list[tuple[Any, ...]] = []

    def wants(self, event: str) -> bool:
        return event not in self.unwanted

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        self.got.append((event, *args))
        return event == self.until

    def on_outcome(self, outcome: Outcome) -> None:
        raise AssertionError("only a second look ends a watch")


class Queue:
    """The queue's own listeners: the names they want, and what they got."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.got: list[tuple[Any, ...]] = []
        self.router = Router(lambda name: name in self.names, lambda *args: self.got.append(args))


def message(id: int | str, event: str, *args: Any) -> bytes:
    return json.dumps({"id": id, "event": event, "args": [event, *args]}, separators=(",", ":")).encode()


@pytest.fixture
def queue() -> Queue:
    return Queue("job complete", "job mine")


@pytest.fixture
def router(queue: Queue) -> Router:
    return queue.router


def test_a_watcher_receives_the_events_of_its_job_in_order_and_no_others(router: Router) -> None:
    one, two = Listener(), Listener()
    router.watch(1, one)
    router.watch(2, two)
    for id, event in ((1, "enqueue"), (2, "enqueue"), (3, "enqueue"), (1, "start")):
        router.on_message(message(id, event, "email"))
    assert one.got == [("enqueue", "email"), ("start", "email")]
    assert two.got == [("enqueue", "email")]


def test_an_id_in_a_message_may_be_text(router: Router) -> None:
    watch = Listener()
    router.watch(12, watch)
    router.on_message(message("12", "start", "email"))
    assert watch.got == [("start", "email")]


def test_every_watcher_of_a_job_receives_its_events(router: Router) -> None:
    first, second = Listener(), Listener()
    for watch in (first, second):
        router.watch(1, watch)
    router.on_message(message(1, "start", "email"))
    assert first.got == second.got == [("start", "email")]


def test_the_queue_receives_the_events_it_wants_of_all_jobs_with_their_ids(queue: Queue) -> None:
    for id, event, args in ((1, "complete", [5, None]), (2, "start", ["email"]), (2, "mine", [1, 2])):
        queue.router.on_message(message(id, event, *args))
    assert queue.got == [("job complete", 1, 5), ("job mine", 2, 1, 2)]


def test_a_watcher_never_receives_the_events_it_does_not_want(router: Router) -> None:
    watch = Listener(unwanted=("enqueue", "start"))
    with router.saving():
        for event in ("enqueue", "progress"):
            router.on_message(message(1, event))
        router.watch(1, watch)
        assert router.has_replay
    router.on_message(message(1, "start"))
    router.on_message(message(1, "complete", None))
    assert watch.got == [("progress", None, None), ("complete", None)]


def test_a_watcher_that_leaves_while_it_is_asked_hides_no_other(router: Router) -> None:
    class Leaving(Listener):
        def wants(self, event: str) -> bool:
            router.unwatch(1, self)
            return False

    watch = Listener()
    router.watch(1, Leaving())
    router.watch(1, watch)
    router.on_message(message(1, "complete", None))
    assert watch.got == [("complete", None)]


def test_held_events_that_no_watcher_wants_are_not_delivered(router: Router) -> None:
    with router.saving():
        router.on_message(message(1, "enqueue"))
        router.watch(1, Listener(unwanted=("enqueue",)))
        assert not router.has_replay


def test_the_queue_receives_an_event_after_the_watcher_of_the_job(queue: Queue) -> None:
    order: list[str] = []

    class First(Listener):
        def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
            order.append("job")
            return False

    router = Router(lambda name: True, lambda *args: order.append("queue"))
    router.watch(1, First())
    router.on_message(message(1, "complete", None))
    assert order == ["job", "queue"]


def test_a_watcher_that_has_received_its_last_event_is_released(router: Router) -> None:
    watch = Listener(until="complete")
    router.watch(1, watch)
    router.on_message(message(1, "complete", 5))
    router.on_message(message(1, "remove", "email"))
    assert watch.got == [("complete", 5)]
    assert (router.watchers(1), router.watched(must_settle=False)) == ([], [])
    assert router.unwatch(1, watch) is False
    released = weakref.ref(watch)
    del watch
    gc.collect()
    assert released() is None


def test_the_end_of_one_watcher_leaves_the_others(router: Router) -> None:
    brief, long = Listener(until="start"), Listener()
    router.watch(1, brief)
    router.watch(1, long)
    for event in ("start", "complete"):
        router.on_message(message(1, event, None))
    assert [watch.got for watch in (brief, long)] == [[("start", None)], [("start", None), ("complete", None)]]


def test_unwatch_reports_whether_there_was_anything_to_stop(router: Router) -> None:
    watch = Listener()
    assert router.unwatch(1, watch) is False
    router.watch(1, watch)
    assert [router.unwatch(1, watch), router.unwatch(1, watch)] == [True, False]
    router.on_message(message(1, "start", "email"))
    assert watch.got == []


def test_the_watched_jobs_are_all_or_those_whose_watchers_must_settle(router: Router) -> None:
    easy, must = Listener(), Listener(must_settle=True)
    router.watch(1, easy)
    router.watch(2, must)
    router.watch(3, easy)
    router.watch(3, must)
    assert router.watched(must_settle=False) == [1, 2, 3]
    assert router.watched(must_settle=True) == [2, 3]
    assert router.watchers(3) == [easy, must]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b"[]",
        b'{"id":1}',
        b'{"id":1,"event":"start"}',
        b'{"id":1,"event":"start","args":["start",NaN]}',
    ],
)
def test_an_odd_message_is_ignored(queue: Queue, raw: bytes) -> None:
    watch = Listener()
    queue.router.watch(1, watch)
    queue.router.on_message(raw)
    assert (watch.got, queue.got) == ([], [])


# while jobs are being saved


def test_the_ids_of_an_event_are_collected_from_then_on_until_that_is_stopped(router: Router) -> None:
    router.on_message(message(1, "ack"))
    ids = router.collect("ack")
    for id in (2, 3, 3):
        router.on_message(message(id, "ack"))
    router.on_message(message(4, "other"))
    assert ids == {2, 3}
    router.stop_collecting("ack")
    router.on_message(message(5, "ack"))
    assert ids == {2, 3}


def test_what_is_collected_reaches_watchers_as_well(router: Router) -> None:
    watcher = Listener()
    router.watch(1, watcher)
    ids = router.collect("ack")
    router.on_message(message(1, "ack", 7))
    assert (watcher.got, ids) == ([("ack", 7)], {1})
