"""What handlers report while Redis is away: they do not wait for it, and too many messages are dropped."""

import threading
import time
from collections.abc import Callable

import pytest

import kue
from kue_send.job import Job
from tests.crash.conftest import Watched
from tests.crash.proxy import Proxy
from tests.crash.test_outages import killed
from tests.helpers import wait_until
from tests.servers import RedisServer

MakeQueue = Callable[..., Watched]


def test_a_handler_does_not_wait_for_its_reports_while_redis_is_away(
    server: RedisServer, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url, lease=60_000)
    began, go = threading.Event(), threading.Event()
    waited: list[float] = []

    @queue.process("email")
    def work(job: Job) -> None:
        began.set()
        assert go.wait(20)
        start = time.monotonic()
        with pytest.raises(kue.ConnectionFailed):
            job.log("a line").update()
        waited.append(time.monotonic() - start)

    job = queue.create("email").save()
    assert began.wait(10)
    with killed(server):
        wait_until(lambda: queue.outages == ["lost"])
        go.set()
        wait_until(lambda: waited, 20)
    assert waited[0] < 5
    wait_until(lambda: queue.complete() == [job.id])
    assert queue.job_class.get_log(job.id, queue=queue) == ["a line"]


def test_messages_that_were_dropped_in_an_outage_are_reported_once(
    proxy: Proxy, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.worker.io.outbox.MAX_MESSAGES", 5)
    queue = make_queue(proxy.url, lease=60_000)
    began, talk, enough, end = (threading.Event() for _ in range(4))

    @queue.process("email")
    def chatter(job: Job) -> None:
        began.set()
        talk.wait(20)
        while not enough.is_set():
            job.log("a line")
            enough.wait(0.001)
        end.wait(20)

    assert queue._pool is not None
    outbox = queue._pool.outbox
    job = queue.create("email").save()
    assert began.wait(10)
    proxy.refuse()
    proxy.cut()
    wait_until(lambda: queue.outages == ["lost"])
    talk.set()
    wait_until(lambda: outbox.dropped)
    enough.set()
    proxy.admit()
    wait_until(lambda: queue.outages == ["lost", "back"])
    proxy.cut()
    wait_until(lambda: queue.outages == ["lost", "back"] * 2)
    end.set()
    wait_until(lambda: queue.complete() == [job.id])
    queue.shutdown(5000)
    reports = [str(problem) for problem in queue.errors if "were dropped" in str(problem)]
    assert len(reports) == 1
    assert reports[0].endswith("messages of running jobs were dropped: too many came during the outage")
