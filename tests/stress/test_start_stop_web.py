"""As test_start_stop, for the threads of the HTTP server: of the live streams, and of the observer."""

import threading

import pytest
import redis

import kue
import kue.web
from kue.web.live.sources import Followed
from kue.web.live.topics import read_topics
from tests.helpers import wait_until
from tests.observer.observers import make_observer
from tests.stress.test_start_stop import hammer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("in_the_start", [False, True])
def test_the_live_poller_leaves_nothing_behind(redis_url: str, client: "redis.Redis", in_the_start: bool) -> None:
    def cycle() -> None:
        came = threading.Event()
        with kue.Queue(redis=redis_url) as queue:
            site = kue.web.app(queue, auth=kue.web.open_access).site
            follows = {name: Followed(site, topic, True) for name, topic in read_topics("counts,job:1").items()}
            streams = [site.poller.open(follows, came.set) for _ in range(2)]
            assert in_the_start or came.wait(10)
            for stream in (*streams, *streams):
                site.poller.close(stream)
            site.poller.open(follows, came.set)
            for _ in range(2):
                site.poller.stop()
            assert len(site.poller) == 0
            site.store.connections.close()

    hammer(cycle, client)


@pytest.mark.parametrize("in_the_start", [False, True])
def test_the_observer_leaves_nothing_behind(redis_url: str, client: "redis.Redis", in_the_start: bool) -> None:
    def cycle() -> None:
        observer = make_observer(redis_url)
        for _ in range(2):
            observer.start()
        assert in_the_start or wait_until(lambda: observer.is_subscribed, 20)
        for _ in range(2):
            observer.stop()

    hammer(cycle, client, times=10)
    assert client.exists("q:py:observe:lock") == 0
