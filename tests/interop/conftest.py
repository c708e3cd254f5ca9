"""Fixtures with real Kue in a Node process; every test of this folder carries the marker `node`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

import kue
from kue.common.clock import now_ms
from tests.conftest import absent
from tests.helpers import wait_until
from tests.interop.node import NodeKue, what_is_missing
from tests.interop.tellers import PROMOTION, NodeTeller, PythonTeller, Story, Tell, Teller
from tests.interop.traces import Channel, Traces

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.node)


@pytest.fixture
def node_kue() -> Iterator[Callable[..., NodeKue]]:
    """Starts Node processes with real Kue, called as NodeKue is; they end with the test."""
    missing = what_is_missing()
    if missing:
        absent(missing)
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(NodeKue(*args, **options))


@pytest.fixture
def node(node_kue: Callable[..., NodeKue], redis_url: str) -> NodeKue:
    """Real Kue with prefix `q` on the empty Redis at `redis_url`."""
    return node_kue(redis_url)


@pytest.fixture
def unharmed_node(node_kue: Callable[..., NodeKue], redis_url: str) -> Iterator[Callable[..., NodeKue]]:
    """Starts Node processes, on `redis_url` unless told otherwise. In the end each that the test has not killed must
    still run and hear, and must have written nothing to stderr but its `complaint`."""
    started: list[NodeKue] = []

    def start(url: str = redis_url, **options: object) -> NodeKue:
        started.append(node_kue(url, **options))
        return started[-1]

    yield start
    for node in started:
        if not node.was_killed:
            node.assert_unharmed()


@pytest.fixture
def make_queue(unharmed_node: object, redis_url: str) -> Iterator[Callable[..., kue.Queue]]:
    """Makes queues, on `redis_url` unless told otherwise; they end before Node is looked at."""
    made: list[kue.Queue] = []

    def make(kind: type[kue.Queue] = kue.Queue, **options: object) -> kue.Queue:
        made.append(kind(**{"redis": redis_url, **options}))
        return made[-1]

    yield make
    for queue in made:
        if not queue.is_shut_down:
            queue.shutdown(2000)


@pytest.fixture
def channel(client: "redis.Redis") -> Iterator[Channel]:
    """Everything published with prefix `q` on the Redis at `redis_url`."""
    channel = Channel(client)
    yield channel
    channel.close()


@pytest.fixture
def tell(node_kue: Any, unharmed_node: Any, make_queue: Any, redis_url: str, client: "redis.Redis") -> Tell:
    """Tells a story twice, each time in an empty Redis: what Node left, and what Python left while Node listened."""

    def tell_both(story: Story) -> tuple[Traces, Traces]:
        node: NodeKue = node_kue(redis_url, promotion=PROMOTION)
        by_node = tell_once(story, NodeTeller(node), node.flush)
        node.assert_unharmed()
        node.close()
        client.flushall()

        listener = unharmed_node()
        trouble: list[Exception] = []
        queue = make_queue(promotion=PROMOTION).on("error", trouble.append)
        by_python = tell_once(story, PythonTeller(queue))
        count = len(by_python.raw_messages)
        wait_until(lambda: len(listener.messages()) >= count)
        assert listener.messages()[:count] == by_python.raw_messages
        queue.shutdown(0)
        assert trouble == []
        return by_node, by_python

    def tell_once(story: Story, teller: Teller, flush: Callable[[], None] = lambda: None) -> Traces:
        channel, since = Channel(client), now_ms()
        story(teller, channel)
        flush()
        traces = Traces(client, channel, since)
        channel.close()
        return traces

    return tell_both
