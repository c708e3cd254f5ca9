"""What was published just before the end of a subscription is received, though the network is slow."""

import threading

import pytest

from kue.events.subscription import _LAST_PING
from tests.crash.conftest import Watched
from tests.crash.proxy import Proxy
from tests.helpers import wait_until
from tests.servers import RedisServer


def test_what_was_published_just_before_a_stop_is_received(
    server: RedisServer, proxy: Proxy, far: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.events.subscription._LAST_REPLY_SECONDS", 20.0)
    heard: list[int] = []
    far.on("job mine", heard.append)
    subscriber = far.runtime.hub._subscriber
    wait_until(lambda: subscriber.subscribed_since is not None)
    proxy.stall_replies()
    with server.client() as client:
        for id in range(1, 4):
            assert client.publish("q:events", b'{"id":%d,"event":"mine","args":["mine"]}' % id) == 1
    end = threading.Thread(target=far.shutdown, args=(20_000,))
    end.start()
    wait_until(lambda: any(connection.has_seen(_LAST_PING) for connection in proxy._all()))
    proxy.resume()
    end.join(20)
    assert heard == [1, 2, 3]
