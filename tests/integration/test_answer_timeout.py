"""The options `connect_timeout` and `answer_timeout`: how long a call waits for a Redis that says nothing."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import kue
from kue.connection.address import resolve
from tests.integration.conftest import MakeQueue


@pytest.fixture
def mute() -> Iterator[str]:
    """The URL of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("given", [200, timedelta(milliseconds=200)], ids=["ms", "timedelta"])
def test_a_save_waits_for_an_answer_as_long_as_the_option_says(mute: str, make_queue: MakeQueue, given: Any) -> None:
    with pytest.raises(kue.ConnectionFailed, match="Timeout"):
        make_queue(mute, answer_timeout=given).create("email").save()


def test_the_options_count_before_the_settings_of_the_address() -> None:
    address = resolve("redis://box?socket_timeout=7&socket_connect_timeout=8")
    settings = [
        address.with_timeouts(*given).client().connection_pool.connection_kwargs
        for given in ((None, None), (500, None), (None, 2000))
    ]
    assert [(one["socket_connect_timeout"], one["socket_timeout"]) for one in settings] == [(8, 7), (0.5, 7), (8, 2)]


def test_a_queue_hands_its_options_to_each_connection(redis_url: str, make_queue: MakeQueue) -> None:
    queue = make_queue(redis_url, connect_timeout=500, answer_timeout=timedelta(seconds=2))
    settings = queue.client.connection_pool.connection_kwargs
    assert (settings["socket_connect_timeout"], settings["socket_timeout"]) == (0.5, 2.0)
    assert queue.runtime.store.connections.address.timeout == 2.0


@pytest.mark.parametrize("name", ["connect_timeout", "answer_timeout"])
@pytest.mark.parametrize("wrong", [0, -1, "1s", True], ids=repr)
def test_a_timeout_that_is_no_duration_is_refused(name: str, wrong: Any) -> None:
    with pytest.raises(kue.InvalidOption, match=name):
        kue.Queue(**{name: wrong})
