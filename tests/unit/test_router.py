"""Who hears which message: in order, also what came while the save was under way, and nothing once it is over."""

import gc
import json
import threading
import weakref
from typing import Any

import pytest

from kue.events.router import Router
from kue.events.watch import Outcome
from kue.store.messages import Message


class Listener:
    """A watch that notes what it hears, and is over at one event."""

    def __init__(self, *, until: str = "", insistent: bool = False) -> None:
        self.insistent = insistent
        self.until = until
        self.got: list[tuple[Any, ...]] = []

    def heard(self, event: str, args: tuple[Any, ...]) -> bool:
        self.got.append((event, *args))
        return event == self.until

    def ended(self, outcome: Outcome) -> None:
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


def test_a_watch_hears_the_events_of_its_job_in_order_and_no_others(router: Router) -> None:
    one, two = Listener(), Listener()
    router.watch(1, one)
    router.watch(2, two)
    for id, event in ((1, "enqueue"), (2, "enqueue"), (3, "enqueue"), (1, "start")):
        router.on_message(message(id, event, "email"))
    assert one.got == [("enqueue", "email"), ("start", "email")]
    assert two.got == [("enqueue", "email")]


def test_an_id_may_be_text_on_the_wire(router: Router) -> None:
    watch = Listener()
    router.watch(12, watch)
    router.on_message(message("12", "start", "email"))
    assert watch.got == [("start", "email")]


def test_every_watch_of_a_job_hears_it(router: Router) -> None:
    first, second = Listener(), Listener()
    for watch in (first, second):
        router.watch(1, watch)
    router.on_message(message(1, "start", "email"))
    assert first.got == second.got == [("start", "email")]


def test_the_queue_hears_the_events_it_wants_of_all_jobs_with_their_ids(queue: Queue) -> None:
    for id, event, args in ((1, "complete", [5, None]), (2, "start", ["email"]), (2, "mine", [1, 2])):
        queue.router.on_message(message(id, event, *args))
    assert queue.got == [("job complete", 1, 5), ("job mine", 2, 1, 2)]


def test_the_queue_hears_an_event_after_the_job_s_own_watch(queue: Queue) -> None:
    order: list[str] = []

    class First(Listener):
        def heard(self, event: str, args: tuple[Any, ...]) -> bool:
            order.append("job")
            return False

    router = Router(lambda name: True, lambda *args: order.append("queue"))
    router.watch(1, First())
    router.on_message(message(1, "complete", None))
    assert order == ["job", "queue"]


def test_a_watch_that_has_heard_enough_hears_no_more_and_is_released(router: Router) -> None:
    watch = Listener(until="complete")
    router.watch(1, watch)
    router.on_message(message(1, "complete", 5))
    router.on_message(message(1, "remove", "email"))
    assert watch.got == [("complete", 5)]
    assert (router.watches(1), router.watched(insistent=False)) == ([], [])
    assert router.unwatch(1, watch) is False
    released = weakref.ref(watch)
    del watch
    gc.collect()
    assert released() is None


def test_the_end_of_one_watch_leaves_the_others(router: Router) -> None:
    brief, long = Listener(until="start"), Listener()
    router.watch(1, brief)
    router.watch(1, long)
    for event in ("start", "complete"):
        router.on_message(message(1, event, None))
    assert [watch.got for watch in (brief, long)] == [[("start", None)], [("start", None), ("complete", None)]]


def test_unwatch_says_whether_there_was_anything_to_stop(router: Router) -> None:
    watch = Listener()
    assert router.unwatch(1, watch) is False
    router.watch(1, watch)
    assert [router.unwatch(1, watch), router.unwatch(1, watch)] == [True, False]
    router.on_message(message(1, "start", "email"))
    assert watch.got == []


def test_the_watched_are_all_or_those_that_must_learn_their_outcome(router: Router) -> None:
    easy, must = Listener(), Listener(insistent=True)
    router.watch(1, easy)
    router.watch(2, must)
    router.watch(3, easy)
    router.watch(3, must)
    assert router.watched(insistent=False) == [1, 2, 3]
    assert router.watched(insistent=True) == [2, 3]
    assert router.watches(3) == [easy, must]


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


def test_events_that_come_before_the_id_is_known_are_heard_then_and_in_order(queue: Queue) -> None:
    router, watch = queue.router, Listener()
    with router.saving():
        for event, args in (("enqueue", ["email"]), ("start", ["email"]), ("complete", [5])):
            router.on_message(message(7, event, *args))
        assert not router.has_replay
        router.watch(7, watch)
        assert router.has_replay
    router.replay()
    assert watch.got == [("enqueue", "email"), ("start", "email"), ("complete", 5)]
    assert not router.has_replay
    assert queue.got == [("job complete", 7, 5)]


def test_what_was_held_comes_before_what_comes_then(router: Router) -> None:
    watch = Listener()
    with router.saving():
        router.on_message(message(7, "enqueue", "email"))
        router.watch(7, watch)
        router.on_message(message(7, "start", "email"))
    router.on_message(message(7, "complete", 5))
    assert [event[0] for event in watch.got] == ["enqueue", "start", "complete"]


def test_a_watch_that_is_over_hears_nothing_more_of_what_was_held(router: Router) -> None:
    watch = Listener(until="start")
    with router.saving():
        for event in ("enqueue", "start", "complete"):
            router.on_message(message(7, event, None))
        router.watch(7, watch)
    router.replay()
    assert [event[0] for event in watch.got] == ["enqueue", "start"]
    assert router.watches(7) == []


def test_nothing_is_held_while_nothing_is_saved(router: Router) -> None:
    watch = Listener()
    router.on_message(message(7, "enqueue", "email"))
    with router.saving():
        router.watch(7, watch)
    router.replay()
    assert watch.got == []


def test_what_was_held_for_nobody_is_forgotten_with_the_save(router: Router) -> None:
    watch = Listener()
    with router.saving():
        router.on_message(message(7, "enqueue", "email"))
    with router.saving():
        router.watch(7, watch)
    router.replay()
    assert watch.got == []


def test_a_save_that_fails_holds_nothing_back(router: Router) -> None:
    with pytest.raises(ValueError), router.saving():
        router.on_message(message(7, "enqueue", "email"))
        raise ValueError("refused")
    watch = Listener()
    with router.saving():
        router.watch(7, watch)
    router.replay()
    assert watch.got == []


def test_jobs_known_before_the_save_are_not_held(router: Router) -> None:
    known, late = Listener(), Listener()
    router.watch(7, known)
    with router.saving():
        router.on_message(message(7, "start", "email"))
        router.on_message(message(5, "start", "email"))
        router.watch(5, late)
    router.replay()
    assert known.got == [("start", "email")]
    assert late.got == []


def test_of_two_saves_at_once_the_later_answer_misses_nothing(router: Router) -> None:
    """The reply with id 6 may be read before the one with id 5, and 5 may have run meanwhile."""
    five, six = Listener(), Listener()
    with router.saving():
        with router.saving():
            router.watch(6, six)
        router.on_message(message(5, "enqueue", "email"))
        router.on_message(message(5, "complete", 1))
        router.watch(5, five)
    router.replay()
    assert [event[0] for event in five.got] == ["enqueue", "complete"]


def test_a_second_watch_of_the_same_save_misses_nothing(router: Router) -> None:
    """A job that has listeners and is promised as well is watched twice, one after the other."""
    first, second = Listener(), Listener()
    with router.saving():
        router.on_message(message(7, "enqueue", "email"))
        router.watch(7, first)
        router.on_message(message(7, "complete", 1))
        router.watch(7, second)
    router.replay()
    assert first.got == second.got == [("enqueue", "email"), ("complete", 1)]


def test_saves_that_overlap_without_end_do_not_hold_for_ever(router: Router) -> None:
    saves = [router.saving()]
    saves[0].__enter__()
    for id in range(1, 201):
        after = router.saving()
        after.__enter__()
        saves.append(after)
        router.on_message(message(id, "enqueue", "this very type"))
        router.watch(id, Listener(until="enqueue"))
        router.replay()
        saves.pop(0).__exit__(None, None, None)
    gc.collect()
    kept = [thing for thing in gc.get_objects() if isinstance(thing, Message) and thing.args == ("this very type",)]
    saves.pop().__exit__(None, None, None)
    assert len(kept) <= 2


def test_threads_that_save_at_once_hear_every_event_once_and_in_order() -> None:
    router = Router(lambda name: False, lambda *args: None)
    ids = iter(range(1, 10_000))
    lock, published = threading.Lock(), []
    watches: dict[int, Listener] = {}

    def save() -> None:
        for _ in range(100):
            with router.saving():
                with lock:  # the server: the id is given, and the events go out
                    id = next(ids)
                    published.append(id)
                watches[id] = Listener()
                router.watch(id, watches[id])

    def hear() -> None:
        heard = 0
        while heard < 400:
            with lock:
                fresh, heard = published[heard:], len(published)
            for id in fresh:
                for event in ("enqueue", "start", "complete"):
                    router.on_message(message(id, event, None))

    threads = [threading.Thread(target=save) for _ in range(4)]
    ear = threading.Thread(target=hear)
    for thread in (ear, *threads):
        thread.start()
    for thread in (*threads, ear):
        thread.join(20)
    router.replay()
    assert len(watches) == 400
    for watch in watches.values():
        assert [event[0] for event in watch.got] == ["enqueue", "start", "complete"]
