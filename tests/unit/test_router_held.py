"""Events that come during a save are held, heard once the id is known, in order, and forgotten with the save."""

import gc
import threading

import pytest

from kue.events.router import Router
from kue.store.messages import Message
from tests.unit.test_router import Listener, Queue, message, queue, router  # noqa: F401 (fixtures)


def test_events_that_come_before_the_id_is_known_are_received_then_and_in_order(queue: Queue) -> None:
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


def test_held_events_are_received_before_those_that_come_then(router: Router) -> None:
    watch = Listener()
    with router.saving():
        router.on_message(message(7, "enqueue", "email"))
        router.watch(7, watch)
        router.on_message(message(7, "start", "email"))
    router.on_message(message(7, "complete", 5))
    assert [event[0] for event in watch.got] == ["enqueue", "start", "complete"]


def test_a_watcher_that_is_over_receives_no_more_held_events(router: Router) -> None:
    watch = Listener(until="start")
    with router.saving():
        for event in ("enqueue", "start", "complete"):
            router.on_message(message(7, event, None))
        router.watch(7, watch)
    router.replay()
    assert [event[0] for event in watch.got] == ["enqueue", "start"]
    assert router.watchers(7) == []


def test_no_event_is_held_while_no_job_is_saved(router: Router) -> None:
    watch = Listener()
    router.on_message(message(7, "enqueue", "email"))
    with router.saving():
        router.watch(7, watch)
    router.replay()
    assert watch.got == []


def test_held_events_that_no_watcher_wants_are_forgotten_after_the_save(router: Router) -> None:
    watch = Listener()
    with router.saving():
        router.on_message(message(7, "enqueue", "email"))
    with router.saving():
        router.watch(7, watch)
    router.replay()
    assert watch.got == []


def test_a_save_that_fails_holds_no_event_back(router: Router) -> None:
    with pytest.raises(ValueError), router.saving():
        router.on_message(message(7, "enqueue", "email"))
        raise ValueError("refused")
    watch = Listener()
    with router.saving():
        router.watch(7, watch)
    router.replay()
    assert watch.got == []


def test_events_of_jobs_known_before_the_save_are_not_held(router: Router) -> None:
    known, late = Listener(), Listener()
    router.watch(7, known)
    with router.saving():
        router.on_message(message(7, "start", "email"))
        router.on_message(message(5, "start", "email"))
        router.watch(5, late)
    router.replay()
    assert known.got == [("start", "email")]
    assert late.got == []


def test_the_later_of_two_saves_at_once_misses_no_event(router: Router) -> None:
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


def test_a_second_watcher_of_the_same_save_misses_no_event(router: Router) -> None:
    """A job that has listeners and is promised as well is watched twice, one after the other."""
    first, second = Listener(), Listener()
    with router.saving():
        router.on_message(message(7, "enqueue", "email"))
        router.watch(7, first)
        router.on_message(message(7, "complete", 1))
        router.watch(7, second)
    router.replay()
    assert first.got == second.got == [("enqueue", "email"), ("complete", 1)]


def test_a_save_that_ends_before_an_earlier_one_takes_none_of_its_events(router: Router) -> None:
    """The earlier one holds events of lower numbers than the later one."""
    five = Listener()
    with router.saving():
        router.watch(6, Listener())  # another save, whose reply was read first
        with router.saving():
            pass
        router.on_message(message(5, "complete", 1))
        router.watch(5, five)
    router.replay()
    assert five.got == [("complete", 1)]


def test_a_save_that_may_find_an_older_job_holds_the_events_of_all(router: Router) -> None:
    """Another save goes on longer, and holds only events of new jobs."""
    router.watch(7, Listener())
    five, eight = Listener(), Listener()
    with router.saving():
        with router.saving(may_exist=True):
            for id in (5, 6, 8):
                router.on_message(message(id, "complete", id))
            router.watch(5, five)
        router.watch(6, six := Listener())
        router.watch(8, eight)
    router.replay()
    assert (five.got, six.got, eight.got) == ([("complete", 5)], [], [("complete", 8)])


def test_a_watcher_that_is_added_while_a_message_is_routed_receives_it_once(router: Router) -> None:
    late = Listener()
    adding = threading.Thread(target=router.watch, args=(7, late))

    class Asked(Listener):
        def wants(self, event: str) -> bool:
            adding.start()  # in the middle of the routing
            adding.join(0.05)  # it has to wait for the end of that
            return True

    with router.saving():
        router.watch(7, Asked())
        router.on_message(message(7, "complete", 1))
        adding.join(10)
    router.replay()
    assert late.got == [("complete", 1)]


def test_saves_that_overlap_without_end_do_not_hold_events_for_ever(router: Router) -> None:
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
