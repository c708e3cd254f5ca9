"""Queues that end with their test, and whose background trouble must be what the test expects."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import kue
import kue_send
from tests.conftest import Backend, absent
from tests.integration.middleware import Gate
from tests.servers import MissingPackage, RedisServer

MakeQueue = Callable[..., Any]


@pytest.fixture
def errors() -> Iterator[list[BaseException]]:
    """Every `error` event of the queues of this test, in order; what a test expects it takes out of here."""
    seen: list[BaseException] = []
    yield seen
    assert seen == [], "error events that the test did not expect"


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """A Redis of this test alone, to be stopped and restarted. Ask for it before `make_queue`: it ends after that."""
    try:
        server = RedisServer(persist=True)
    except MissingPackage as missing:
        absent(str(missing))
    with server:
        yield server


@pytest.fixture
def make_queue(request: pytest.FixtureRequest, no_leaks: None, errors: list[BaseException]) -> Iterator[MakeQueue]:
    """Makes a queue, at the shared Redis unless told where: a backend, or what `redis=` takes. `send`: of kue_send."""
    with ExitStack() as stack:

        def make(where: Any = None, *, send: bool = False, **options: Any) -> Any:
            if isinstance(where, Backend):
                options = {"redis": where.redis, "prefix": where.prefix} | options
            else:
                options["redis"] = where or request.getfixturevalue("redis_url")
            queue = (kue_send.Queue if send else kue.Queue)(**options)
            stack.callback(lambda: queue.is_shut_down or queue.shutdown(0))
            return queue.on("error", errors.append)

        yield make


@pytest.fixture
def early_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that is found failed is looked up again soon, to see whether it stays failed."""
    monkeypatch.setattr("kue.events.resync.CHECK_AGAIN_SECONDS", 0.05)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def queue(make_queue: MakeQueue) -> Any:
    """A queue at the shared Redis."""
    return make_queue()


@pytest.fixture
def everywhere(make_queue: MakeQueue, backend: Backend) -> Any:
    """A queue on each kind of server."""
    return make_queue(backend)


@pytest.fixture
def frequent_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process looks into its mail often."""
    monkeypatch.setattr("kue.worker.mail._EVERY_SECONDS", 0.02)
    monkeypatch.setattr("kue.worker.mail._EVERY_SECONDS_WITHOUT_RUNS", 0.1)
