"""Listeners that raise, forked children, and threads that add, emit and forget at the same time."""

import sys
import threading

import pytest

from kue.common.emitter import Emitter
from kue.errors import KueError
from tests.unit.test_emitter import Book, Callee, book, emitter  # noqa: F401 (fixtures)


@pytest.mark.parametrize("problem", [ValueError("boom"), KueError("boom"), SystemExit(1), GeneratorExit()])
def test_a_listener_that_raises_is_reported_and_the_next_one_is_called(book: Book, problem: BaseException) -> None:
    callee = Callee()

    def bad(n: int) -> None:
        raise problem

    book.emitter.add("event", bad)
    book.emitter.add("event", callee.one)
    assert book.emitter.emit("event", 1) is True
    assert book.failures == [("event", bad, problem)]
    assert callee.got == [(1,)]
    book.emitter.emit("event", 2)
    assert callee.got == [(1,), (2,)]


def test_an_interrupt_from_the_keyboard_is_not_swallowed(book: Book) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    book.emitter.add("event", interrupted)
    with pytest.raises(KeyboardInterrupt):
        book.emitter.emit("event")
    assert book.failures == []


def test_a_type_error_inside_a_listener_is_its_own_and_it_is_called_once(book: Book) -> None:
    calls: list[int] = []

    def wrong(n: int) -> None:
        calls.append(n)
        len(n)  # type: ignore[arg-type]

    book.emitter.add("event", wrong)
    book.emitter.emit("event", 1, 2)
    assert calls == [1]
    assert [type(failure[2]) for failure in book.failures] == [TypeError]


def test_a_forked_child_has_the_listeners_in_a_registry_of_its_own(emitter: Emitter) -> None:
    callee = Callee()
    emitter.add("event", callee.one)
    emitter.add("event", callee.two, once=True)
    emitter.after_fork()
    emitter.emit("event", 1)
    emitter.emit("event", 2)
    assert callee.got == [(1,), (1, None), (2,)]
    emitter.remove("event", callee.one)
    assert not emitter.has("event")


def test_threads_may_add_emit_and_forget_at_the_same_time(book: Book) -> None:
    heard: list[int] = []
    stop = threading.Event()
    interval = sys.getswitchinterval()

    def come_and_go(number: int) -> None:
        while not stop.is_set():
            book.emitter.add(f"event {number}", heard.append)
            book.emitter.remove(f"event {number}")

    threads = [threading.Thread(target=come_and_go, args=(number,)) for number in range(4)]
    sys.setswitchinterval(1e-5)  # so that the threads take turns often, and soon
    for thread in threads:
        thread.start()
    try:
        for number in range(500):
            book.emitter.add("mine", heard.append, once=True)
            book.emitter.emit("mine", number)
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        for thread in threads:
            thread.join()
    assert heard == list(range(500))
    assert book.failures == []
    assert book.emitter.events() == set()


# on, once and off, as jobs and queues have them
