"""Listeners: how many arguments they get, `once` and `off`, and which of them are called."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from kue.common.emitter import Emitter
from kue.errors import InvalidHandler, KueError

Failure = tuple[str, Any, BaseException]


class Book:
    """An emitter and what went wrong with its listeners."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.emitter = Emitter(lambda *failure: self.failures.append(failure))


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def emitter(book: Book) -> Emitter:
    return book.emitter


class Callee:
    """Listeners of every shape; each notes what it got."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    def none(self) -> None:
        self.got.append(())

    def one(self, a: Any) -> None:
        self.got.append((a,))

    def two(self, a: Any, b: Any) -> None:
        self.got.append((a, b))

    def defaults(self, a: Any, b: Any = "B", c: Any = "C") -> None:
        self.got.append((a, b, c))

    def any(self, *args: Any) -> None:
        self.got.append(args)

    def one_and_any(self, a: Any, *rest: Any) -> None:
        self.got.append((a, *rest))

    def keywords(self, a: Any, *, key: Any = "K", **more: Any) -> None:
        self.got.append((a, key, more))

    def positional(self, a: Any, /, b: Any) -> None:
        self.got.append((a, b))

    def __call__(self, a: Any) -> None:
        self.got.append((a,))


@pytest.mark.parametrize(
    ("name", "sent", "got"),
    [
        ("none", (1, 2, 3), ()),
        ("none", (), ()),
        ("one", (1, 2, 3), (1,)),
        ("one", (), (None,)),
        ("two", (1, 2, 3), (1, 2)),
        ("two", (1,), (1, None)),
        ("two", (), (None, None)),
        ("defaults", (), (None, "B", "C")),
        ("defaults", (1, 2), (1, 2, "C")),
        ("defaults", (1, 2, 3, 4), (1, 2, 3)),
        ("any", (1, 2, 3), (1, 2, 3)),
        ("any", (), ()),
        ("one_and_any", (1, 2, 3), (1, 2, 3)),
        ("one_and_any", (), (None,)),
        ("keywords", (1, 2, 3), (1, "K", {})),
        ("positional", (1, 2, 3), (1, 2)),
        ("__call__", (1, 2), (1,)),
    ],
)
def test_a_listener_gets_as_many_arguments_as_it_accepts(
    emitter: Emitter, name: str, sent: tuple[Any, ...], got: tuple[Any, ...]
) -> None:
    callee = Callee()
    emitter.add("event", getattr(callee, name))
    assert emitter.emit("event", *sent) is True
    assert callee.got == [got]


@pytest.mark.parametrize(
    ("make", "sent", "got"),
    [
        (lambda note: lambda: note(()), (1,), ()),
        (lambda note: lambda a, b: note((a, b)), (1,), (1, None)),
        (lambda note: functools.partial(lambda a, b: note((a, b)), "bound"), (1, 2), ("bound", 1)),
        (lambda note: functools.partial(lambda a, b=0: note((a, b)), b=5), (1, 2), (1, 5)),
        (lambda note: type("Made", (), {"__init__": lambda self, a: note((a,))}), (1, 2), (1,)),
    ],
    ids=["lambda", "lambda of two", "partial", "partial by keyword", "class"],
)
def test_any_callable_gets_as_many_arguments_as_it_accepts(
    emitter: Emitter, make: Callable[[Any], Any], sent: tuple[Any, ...], got: tuple[Any, ...]
) -> None:
    notes: list[Any] = []
    emitter.add("event", make(notes.append))
    emitter.emit("event", *sent)
    assert notes == [got]


def test_a_listener_whose_parameters_cannot_be_read_gets_everything(emitter: Emitter) -> None:
    seen: dict[Any, Any] = {}
    emitter.add("event", seen.update)  # a built-in: its text signature says (*args, **kwargs) or nothing
    emitter.emit("event", {"a": 1})
    assert seen == {"a": 1}


async def coroutine(a: Any) -> None:
    raise NotImplementedError


def needs_a_keyword(a: Any, *, key: Any) -> None:
    raise NotImplementedError


@pytest.mark.parametrize("listener", [5, "print", None, [], coroutine, needs_a_keyword])
def test_a_listener_that_cannot_be_called_is_refused_when_it_is_added(emitter: Emitter, listener: Any) -> None:
    with pytest.raises(InvalidHandler) as refused:
        emitter.add("event", listener)
    assert repr(listener) in str(refused.value)
    assert not emitter.has("event")


def test_listeners_are_called_in_the_order_they_came(emitter: Emitter) -> None:
    order: list[int] = []
    for number in range(5):
        emitter.add("event", functools.partial(order.append, number))
    emitter.emit("event")
    assert order == [0, 1, 2, 3, 4]


def test_only_the_listeners_of_the_event_are_called(emitter: Emitter) -> None:
    callee = Callee()
    emitter.add("event", callee.one)
    assert emitter.emit("other", 1) is False
    assert emitter.emit("error", KueError()) is False
    assert callee.got == []
    assert (emitter.has("event"), emitter.has("other")) == (True, False)
    assert emitter.events() == {"event"}


def test_a_listener_added_by_once_is_called_once(emitter: Emitter) -> None:
    callee = Callee()
    emitter.add("event", callee.one, once=True)
    assert [emitter.emit("event", n) for n in (1, 2)] == [True, False]
    assert callee.got == [(1,)]
    assert emitter.events() == set()


def test_a_listener_added_by_once_that_emits_the_event_itself_is_called_once(emitter: Emitter) -> None:
    callee = Callee()

    def again(n: int) -> None:
        callee.one(n)
        emitter.emit("event", n + 1)

    emitter.add("event", again, once=True)
    emitter.emit("event", 1)
    assert callee.got == [(1,)]


@pytest.mark.parametrize("order", [(True, False), (False, True)], ids=["once, on", "on, once"])
def test_a_listener_added_by_once_and_by_on_stays_after_the_first_event(
    emitter: Emitter, order: tuple[bool, bool]
) -> None:
    callee = Callee()
    for once in order:
        emitter.add("event", callee.one, once=once)
    for number in (1, 2, 3):
        emitter.emit("event", number)
    assert callee.got == [(1,), (1,), (2,), (3,)]


def test_a_listener_added_twice_is_called_twice_and_off_forgets_one(emitter: Emitter) -> None:
    callee = Callee()
    for _ in range(2):
        emitter.add("event", callee.one)
    emitter.emit("event", 1)
    emitter.remove("event", callee.one)
    emitter.emit("event", 2)
    emitter.remove("event", callee.one)
    assert emitter.emit("event", 3) is False
    assert callee.got == [(1,), (1,), (2,)]


def test_off_without_a_listener_forgets_all_of_the_event(emitter: Emitter) -> None:
    callee = Callee()
    for event in ("event", "event", "other"):
        emitter.add(event, callee.one)
    emitter.add("event", callee.two, once=True)
    emitter.remove("event")
    assert (emitter.has("event"), emitter.has("other")) == (False, True)
    assert emitter.events() == {"other"}


def test_off_of_an_unknown_listener_is_no_error(emitter: Emitter) -> None:
    emitter.remove("event")
    emitter.remove("event", print)
    emitter.add("event", repr)
    emitter.remove("event", print)
    assert emitter.has("event")


def test_a_listener_may_forget_itself_and_others_while_it_is_called(emitter: Emitter) -> None:
    callee = Callee()

    def leave(n: int) -> None:
        emitter.remove("event")
        callee.one(n)

    emitter.add("event", leave)
    emitter.emit("event", 1)
    assert emitter.emit("event", 2) is False
    assert callee.got == [(1,)]


class NoHash(Callee):
    """As a dataclass: equal to others of its kind, and without a hash."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class BadHash(Callee):
    def __hash__(self) -> int:
        raise RuntimeError("not even this")


@pytest.mark.parametrize("kind", [NoHash, BadHash])
@pytest.mark.parametrize("once", [True, False])
def test_a_listener_need_not_be_hashable(emitter: Emitter, kind: type[Callee], once: bool) -> None:
    first, second = kind(), kind()
    for callee in (first, second, second):
        emitter.add("event", callee, once=once)
    emitter.remove("event", second)
    emitter.emit("event", 1)
    assert (first.got, second.got) == ([(1,)], [(1,)])
    assert emitter.has("event") is not once
    emitter.remove("event", second)
    emitter.emit("event", 2)
    assert (first.got, second.got) == ([(1,)] if once else [(1,), (2,)], [(1,)])
    emitter.remove("event", first)
    assert not emitter.has("event")
