"""One subscription, with a connection, timers and a clock of the test: its order, and its pings while it is silent."""

import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kue.common.timer_queue import TimerQueue
from kue.common.wakeup import Wakeup
from kue.connection.connection import Command
from kue.connection.reply_reader import NOT_YET
from kue.events import subscription
from kue.events.subscription import _PING_AFTER_SECONDS, Subscription
from kue.store.commands import Commands
from kue.store.keys import Keys


class Line:
    """A connection: what has arrived, and what was sent."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.arrived: deque[Any] = deque()
        self.sent: list[Command] = []

    def send(self, commands: list[Command]) -> None:
        self.sent += commands

    def read_if_complete(self) -> Any:
        return self.arrived.popleft() if self.arrived else NOT_YET


class Scene:
    """`rounds` are made one after another, each before the subscription looks for messages; then it ends."""

    def __init__(self, sock: socket.socket, wakeup: Wakeup) -> None:
        self.now = 1000.0
        self.line: Any = Line(sock)
        self.wakeup = wakeup
        self.noted: list[bytes] = []

    def monotonic(self) -> float:
        return self.now

    def listen(self, *rounds: Callable[[], object]) -> None:
        """Raises what the subscription raises."""
        left = deque(rounds)

        def stopping() -> bool:
            return not left

        def caught_up() -> None:
            self.noted.append(b"caught up")
            left.popleft()()
            self.wakeup.wake()

        self.wakeup.wake()
        Subscription(
            self.line,
            Commands(Keys("q")),
            TimerQueue(),
            self.wakeup,
            deliver=self.noted.append,
            caught_up=caught_up,
            stopping=stopping,
        ).listen()


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(subscription, "_LAST_REPLY_SECONDS", 0.0)
    ours, theirs = socket.socketpair()
    wakeup = Wakeup()
    with ours, theirs:
        scene = Scene(ours, wakeup)
        monkeypatch.setattr(subscription, "time", scene)
        yield scene
    wakeup.close()


def message(text: bytes) -> list[bytes]:
    return [b"message", b"q:events", text]


def test_messages_that_have_arrived_are_delivered_before_what_waits_for_them(scene: Scene) -> None:
    scene.line.arrived.extend([message(b"first"), message(b"second")])
    scene.listen(lambda: scene.line.arrived.append(message(b"third")), lambda: None)
    assert scene.noted == [b"first", b"second", b"caught up", b"third", b"caught up"]


def test_a_silent_subscription_is_pinged_again_and_again_and_stays(scene: Scene) -> None:
    def silence() -> None:
        scene.now += _PING_AFTER_SECONDS

    def answer() -> None:
        assert len(scene.line.sent) == len(pings) + 1
        pings.append(scene.line.sent[-1])
        scene.line.arrived.append([b"pong", b""])

    pings: list[Command] = []
    scene.listen(*[silence, answer, lambda: None] * 5)
    assert pings == [Commands(Keys("q")).ping()] * 5


def test_a_silent_subscription_whose_ping_is_not_answered_ends(scene: Scene) -> None:
    def silence() -> None:
        scene.now += _PING_AFTER_SECONDS

    with pytest.raises(TimeoutError, match="no answer for 30 s"):
        scene.listen(*[silence] * 5)
    assert scene.line.sent == [Commands(Keys("q")).ping()]
