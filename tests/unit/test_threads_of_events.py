"""The threads that events run on: in order, started when first needed, and ended by no exception of a listener."""

import logging
import threading
from collections.abc import Callable, Iterator

import fakeredis
import pytest

from kue.common.error_reporter import ErrorReporter
from kue.connection.address import resolve
from kue.connection.pool import ConnectionPool
from kue.errors import KueError, ShutdownInProgress
from kue.events.dispatcher import Dispatcher
from kue.events.subscriber import Subscriber
from kue.store.commands import Commands
from kue.store.keys import Keys
from tests.helpers import wait_until


def raiser(problem: BaseException) -> Callable[[], None]:
    def call() -> None:
        raise problem

    return call


PROBLEMS = [ValueError("boom"), SystemExit(1), KeyboardInterrupt(), GeneratorExit()]


@pytest.fixture
def dispatcher(no_leaks: None) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(name="kue-listeners")
    yield dispatcher
    dispatcher.stop()


def test_listeners_run_in_order_on_one_thread_of_their_own(dispatcher: Dispatcher) -> None:
    ran: list[tuple[int, str, bool]] = []
    for number in range(100):
        dispatcher.post(lambda n: ran.append((n, threading.current_thread().name, dispatcher.is_current)), number)
    wait_until(lambda: len(ran) == 100)
    assert ran == [(number, "kue-listeners", True) for number in range(100)]
    assert not dispatcher.is_current


def test_the_dispatcher_starts_no_thread_before_the_first_post(dispatcher: Dispatcher) -> None:
    assert "kue-listeners" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("problem", PROBLEMS, ids=repr)
def test_the_next_listener_runs_whatever_one_raises(
    dispatcher: Dispatcher, problem: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    with caplog.at_level(logging.ERROR, "kue"):
        dispatcher.post(raiser(problem))
        dispatcher.post(ran.append, "next")
        wait_until(lambda: ran == ["next"])
    assert [record.getMessage() for record in caplog.records] == ["a call on kue-listeners failed"]


def test_stop_finishes_the_calls_that_were_posted_and_discards_later_ones(dispatcher: Dispatcher) -> None:
    ran: list[int] = []
    gate = threading.Event()
    dispatcher.post(gate.wait, 10)
    for number in range(5):
        dispatcher.post(ran.append, number)
    gate.set()
    dispatcher.stop()
    assert ran == [0, 1, 2, 3, 4]
    dispatcher.post(ran.append, 99)
    dispatcher.stop()
    assert ran == [0, 1, 2, 3, 4]


def test_stop_from_a_listener_does_not_wait_for_itself(dispatcher: Dispatcher) -> None:
    stopped = threading.Event()
    dispatcher.post(lambda: (dispatcher.stop(), stopped.set()))
    assert stopped.wait(5)


class Ear:
    """A subscriber on a fake server."""

    def __init__(self) -> None:
        self.client = fakeredis.FakeRedis(server=fakeredis.FakeServer())
        self.heard: list[bytes] = []
        self.told: list[BaseException] = []
        self.subscriber = Subscriber(
            ConnectionPool(resolve(self.client)),
            Commands(Keys("q")),
            ErrorReporter(self.told.append),
            self.hear,
            lambda: None,
        )

    def hear(self, message: bytes) -> None:
        self.heard.append(message)
        if message.startswith(b"raise "):
            raise PROBLEMS[int(message[6:])]


@pytest.fixture
def ear(no_leaks: None) -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.subscriber.stop()
    ear.client.close()


def test_messages_are_received_in_order_once_the_subscription_stands(ear: Ear) -> None:
    ear.subscriber.ensure()
    for number in range(50):
        assert ear.client.publish("q:events", number) == 1
    ear.client.publish("q:other", "not for us")
    wait_until(lambda: len(ear.heard) >= 50)
    assert ear.heard == [b"%d" % number for number in range(50)]


@pytest.mark.parametrize("number", range(len(PROBLEMS)))
def test_the_next_message_is_received_whatever_the_one_before_raises(ear: Ear, number: int) -> None:
    ear.subscriber.ensure()
    for message in (f"raise {number}", "next"):
        ear.client.publish("q:events", message)
    wait_until(lambda: ear.heard == [f"raise {number}".encode(), b"next"])
    assert ear.told == []


def test_the_subscriber_makes_calls_on_its_own_thread(ear: Ear) -> None:
    ear.subscriber.ensure()
    made: list[bool] = []
    ear.subscriber.call_later(0, lambda: made.append(ear.subscriber.is_current))
    ear.subscriber.call_later(0.01, raiser(SystemExit(1)))
    ear.subscriber.call_later(0.02, lambda: made.append(ear.subscriber.is_current))
    wait_until(lambda: made == [True, True])
    assert not ear.subscriber.is_current


def test_a_stop_during_the_attempt_to_subscribe_is_no_failure(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    subscriber = ear.subscriber

    def post(call: Callable[..., object], *args: object) -> None:
        subscriber._stopping = True
        call(*args)  # which sees that, and gives up before anybody looks

    monkeypatch.setattr(subscriber._second_thread, "post", post)
    with pytest.raises(ShutdownInProgress, match="the queue is shut down"):
        subscriber.ensure(60)
    assert ear.told == []


def test_a_stopped_subscriber_receives_nothing(ear: Ear) -> None:
    ear.subscriber.ensure()
    ear.subscriber.stop()
    with pytest.raises(KueError, match="shut down"):
        ear.subscriber.ensure()
