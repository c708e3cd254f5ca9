"""A connection that neither ends nor lets anything through: each kind of connection is noticed by itself."""

import pytest

from tests.crash.conftest import MakeQueue, Watched
from tests.crash.proxy import Proxy
from tests.helpers import wait_until


def test_a_half_open_waiting_connection_is_noticed_though_the_lease_is_renewed_over_another(
    proxy: Proxy, near: Watched, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.worker.io.idle._GRACE_SECONDS", 0.3)
    far = make_queue(proxy.url, lease=60_000)  # no renewal fails meanwhile, and none of its jobs is lost
    far.process("email", lambda job: "done")
    first = near.create("email").save()
    wait_until(lambda: near.complete() == [first.id])
    stranded = wait_until(lambda: proxy.strand(b"BLPOP"))
    assert stranded == 1
    second = near.create("email").save()  # its token goes into the stranded connection
    wait_until(lambda: near.complete() == [first.id, second.id], 20)
    wait_until(lambda: far.outages == ["lost", "back"])
    assert "no answer to a blocking pop" in str(far.errors[0])
