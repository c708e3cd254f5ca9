"""`on`, `once` and `off` of anything that has listeners: they chain and decorate."""

from typing import Any

import pytest

from kue.common.emitter import Emitter
from kue.common.listenable import Listenable
from kue.errors import InvalidHandler, InvalidOption
from tests.unit.test_emitter import Callee, coroutine


class Thing(Listenable):
    def __init__(self) -> None:
        self.emitter = Emitter(lambda *failure: None)
        self.told: list[str] = []

    def _listeners(self) -> Emitter:
        return self.emitter

    def _listened(self, event: str) -> None:
        self.told.append(event)


def test_on_once_and_off_chain() -> None:
    thing, callee = Thing(), Callee()
    assert thing.on("a", callee.one).once("b", callee.two).off("a", callee.one).off("a") is thing
    assert thing.emitter.events() == {"b"}
    assert thing.told == ["a", "b"]


def test_on_and_once_without_a_function_are_decorators() -> None:
    thing, got = Thing(), []  # type: ignore[var-annotated]

    @thing.on("a")
    def always(n: int) -> None:
        got.append(n)

    @thing.once("b")
    def first(n: int) -> None:
        got.append(-n)

    assert (always.__name__, first.__name__) == ("always", "first")
    for event, number in (("a", 1), ("b", 2), ("a", 3), ("b", 4)):
        thing.emit(event, number)
    assert got == [1, -2, 3]


@pytest.mark.parametrize("event", ["", None, 5, b"complete", print])
@pytest.mark.parametrize("method", ["on", "once"])
def test_an_event_name_that_is_no_text_is_refused(method: str, event: Any) -> None:
    thing = Thing()
    with pytest.raises(InvalidOption) as refused:
        getattr(thing, method)(event, print)
    assert str(refused.value) == f"event must be a non-empty string, not {event!r}"
    with pytest.raises(InvalidOption):
        getattr(thing, method)(event)
    assert thing.told == []


def test_a_listener_that_is_refused_is_not_registered() -> None:
    thing = Thing()
    with pytest.raises(InvalidHandler):
        thing.on("a", coroutine)
    assert thing.told == []
