"""What a signal handler raises while data is encoded is no fault of the data, and is raised as it is."""

import functools
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kue.common.describe import short_repr
from kue.errors import InvalidJobData
from kue.store import effects
from kue.store.codec import encode

SIGNAL = signal.SIGUSR1


class SoftTimeout(Exception):
    """As a library for time limits raises it."""


class ValueTimeout(ValueError):
    """Of a class that encoding raises itself."""


class Limit:
    """Handlers in all the forms that Python calls."""

    def __init__(self, kind: type[Exception]) -> None:
        self.kind = kind

    def method(self, number: int, frame: Any) -> None:
        raise self.kind

    def __call__(self, *args: Any) -> None:
        self._ends()

    def _ends(self) -> None:
        raise self.kind


def with_more(kind: type[Exception], number: int, frame: Any) -> None:
    raise kind


FORMS: dict[str, Callable[[type[Exception]], Any]] = {
    "function": lambda kind: lambda number, frame: with_more(kind, number, frame),
    "arguments in one": lambda kind: lambda *args: with_more(kind, 0, None),
    "method": lambda kind: Limit(kind).method,
    "object": Limit,
    "partial": lambda kind: functools.partial(with_more, kind),
}


def interrupt(*args: Any) -> Any:
    signal.raise_signal(SIGNAL)


class InterruptedItems(dict[str, Any]):
    """While our own code, or that of the json module, runs."""

    items: Any = staticmethod(functools.partial(signal.raise_signal, SIGNAL))


class InterruptedInside(dict[str, Any]):
    def items(self) -> Any:
        interrupt()


class InterruptedRepr:
    def __repr__(self) -> str:
        return str(interrupt())


PLACES: dict[str, Callable[[], Any]] = {
    "writing": lambda: encode({"a": InterruptedItems(b=1)}, "data"),
    "a method of the data": lambda: encode({"a": InterruptedInside(b=1)}, "data"),
    "replacing": lambda: encode({"a": InterruptedItems(b=1)}, "data", repr),
    "json_default": lambda: encode({"a": 1j}, "data", interrupt),
    "showing a fault": lambda: encode({"a": InterruptedRepr()}, "data"),
    "progress": lambda: effects.progress(1, 1, 2, {"a": InterruptedItems(b=1)}, 0, None),
    "an event": lambda: effects.send(1, "half", {"a": InterruptedItems(b=1)}, None, keep=False),
    "a log line": lambda: effects.log("%s", (InterruptedRepr(),), 0),
    "a log value": lambda: effects.log(InterruptedRepr(), (), 0),
    "showing": lambda: short_repr(InterruptedRepr()),
}


@pytest.fixture
def handle() -> Iterator[Callable[[Any], None]]:
    before = signal.getsignal(SIGNAL)
    yield lambda handler: signal.signal(SIGNAL, handler) and None
    signal.signal(SIGNAL, before)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [SoftTimeout, ValueTimeout])
def test_the_exception_of_a_signal_handler_passes_unchanged(
    handle: Callable[[Any], None], place: str, form: str, kind: type[Exception]
) -> None:
    handle(FORMS[form](kind))
    with pytest.raises(kind) as raised:
        PLACES[place]()
    assert type(raised.value) is kind


def test_a_signal_handler_that_raises_nothing_changes_nothing(handle: Callable[[Any], None]) -> None:
    handle(lambda number, frame: None)
    assert encode({"a": 1j}, "data", lambda value: interrupt() or "one") == b'{"a":"one"}'


class Broken(dict[str, Any]):
    def items(self) -> Any:
        raise LookupError("no such row")


class ChangedMeanwhile(dict[str, Any]):
    """As if another thread added a key."""

    def items(self) -> Any:
        for key in self:
            yield key, dict.setdefault(self, key * 2, 1)


FAULTS: dict[str, tuple[Callable[[], Any], str]] = {
    "a broken dict": (lambda: encode(Broken(a=1), "data"), "data: cannot be read (LookupError: no such row)"),
    "progress": (
        lambda: effects.progress(1, 1, 2, Broken(a=1), 0, None),
        "progress data: cannot be read (LookupError: no such row)",
    ),
    "a dict that changes": (
        lambda: encode(ChangedMeanwhile(a=1), "data", repr),
        "data: cannot be read (RuntimeError: dictionary changed size during iteration)",
    ),
    "json_default": (
        lambda: encode({"a": [1j]}, "data", {}.__getitem__),
        "data.a[0]: is a complex that json_default refused (1j)",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_the_data_itself_raises_is_a_fault_that_names_its_place(fault: str) -> None:
    call, message = FAULTS[fault]
    with pytest.raises(InvalidJobData) as refused:
        call()
    assert str(refused.value) == message


def test_the_data_may_fail_inside_a_signal_handler_that_saves(handle: Callable[[Any], None]) -> None:
    """Its own call, whose frame is that of the handler, raises as any other."""
    found: list[str] = []

    def save(number: int, frame: Any) -> None:
        with pytest.raises(InvalidJobData) as refused:
            encode(Broken(a=1), "data")
        found.append(str(refused.value))

    handle(save)
    interrupt()
    assert found == ["data: cannot be read (LookupError: no such row)"]
