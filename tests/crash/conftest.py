"""Fixtures for crashes: servers and worker processes of one test alone. Every test of this folder is `slow`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import kue
import kue_send
from kue.store import scripts
from tests.conftest import absent
from tests.crash.process import PythonWorker
from tests.crash.proxy import Proxy
from tests.servers import MissingPackage, RedisServer

HERE = Path(__file__).parent
# In milliseconds. Queues of this process must keep their lease while the machine is busy with other tests; worker
# processes are there to lose it.
LEASE = 1000
LEASE_OF_A_PROCESS = 500
# After this every search for the jobs of dead workers is allowed: a third of a lease lies between two of them.
LONGER_THAN_A_LEASE_SECONDS = 1.4 * LEASE / 1000


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closed, last things first, when the test is over."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start_server(stack: ExitStack) -> Callable[..., RedisServer]:
    """Starts a server that ends with the test, called as RedisServer is; `kind` is another class of server."""

    def start(*, kind: type[RedisServer] = RedisServer, **options: Any) -> RedisServer:
        try:
            return stack.enter_context(kind(**options))
        except MissingPackage as missing:
            absent(str(missing))

    return start


@pytest.fixture
def server(start_server: Callable[..., RedisServer]) -> RedisServer:
    """A server that keeps every write it acknowledged."""
    return start_server(persist=True)


@pytest.fixture
def proxy(stack: ExitStack, server: RedisServer) -> Proxy:
    """A network to `server` that fails on demand."""
    return stack.enter_context(Proxy(server.port))


@pytest.fixture
def start_worker(stack: ExitStack) -> Callable[..., PythonWorker]:
    """Starts a worker process with a short lease, called as PythonWorker is."""
    return lambda url, types, *args, **options: stack.enter_context(
        PythonWorker(url, types, *args, **{"lease": LEASE_OF_A_PROCESS} | options)
    )


@pytest.fixture
def make_queue(stack: ExitStack) -> Callable[..., "Watched"]:
    """Makes a queue with a short lease in this process, shut down with the test."""

    def make(url: str, **options: Any) -> Watched:
        queue = Watched(redis=url, **{"lease": LEASE} | options)
        stack.callback(queue.end)
        return queue

    return make


def call_of(script: str) -> bytes:
    """What a request to run this script has in it, and none that only asks whether Redis knows the script."""
    return b"EVALSHA\r\n$40\r\n" + scripts.sha(script).encode()


class Watched(kue_send.Queue):
    """A queue that remembers its `error` events."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.errors: list[BaseException] = []
        self.on("error", self.errors.append)

    @property
    def outages(self) -> list[str]:
        """How outages were reported: "lost" and "back", in order."""
        names = {kue.errors.ConnectionRestored: "back", kue.errors.ConnectionFailed: "lost"}
        names |= {kue.errors.RedisRefused: "lost"}
        return [names[type(problem)] for problem in list(self.errors) if type(problem) in names]

    def end(self) -> None:
        if not self.is_shut_down:
            self.shutdown(0)


MakeQueue = Callable[..., Watched]


@pytest.fixture
def far(proxy: Proxy, make_queue: MakeQueue) -> Watched:
    """A queue behind the broken network."""
    return make_queue(proxy.url)


@pytest.fixture
def near(server: RedisServer, make_queue: MakeQueue) -> Watched:
    """A queue for the test's own use."""
    return make_queue(server.url)
