"""Observers for tests, on a server of the test."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from kue.common.clock import now_ms
from kue.common.error_reporter import ErrorReporter
from kue.connection.address import resolve
from kue.observer.observer import Observer
from kue.store.store import Store
from tests.helpers import wait_until


def make_observer(url: str, problems: list[BaseException] | None = None) -> Observer:
    """One that was not started. What it reports is added to the list."""
    report = (problems if problems is not None else []).append
    return Observer(Store.at(resolve(url).with_timeouts(900, 900), "q", 2), ErrorReporter(report))


@contextmanager
def observing(url: str, problems: list[BaseException] | None = None) -> Iterator[Observer]:
    """One that counts."""
    observer = make_observer(url, problems)
    observer.start()
    try:
        wait_until(lambda: observer.is_subscribed)
        yield observer
    finally:
        observer.stop()


class NodeWorker:
    """Leaves in Redis, and publishes, what a Node worker does for a job that Node has saved."""

    def __init__(self, client: "redis.Redis", type: str = "email") -> None:
        self._client = client
        self._type = type

    def run(self, *ids: int) -> None:
        """Jobs that were saved, run and completed, each in 5 ms."""
        pipeline = self._client.pipeline(transaction=False)
        now = now_ms()
        times = {"created_at": now - 20, "promote_at": now - 20, "started_at": now - 5, "duration": 5}
        for id in ids:
            held: dict[Any, Any] = {
                "type": self._type,
                "workerId": f"kue:web-1:77:{self._type}:1",
                "state": "complete",
                **times,
            }
            pipeline.hset(f"q:job:{id}", mapping=held)
            for event, args in (("enqueue", (self._type,)), ("start", (self._type, None)), ("complete", (None, None))):
                message = {"id": id, "event": event, "args": [event, *args]}
                pipeline.publish("q:events", json.dumps(message, separators=(",", ":")))
        pipeline.execute()


def completed(client: "redis.Redis", type: str = "email") -> int:
    """How many completed jobs of a type were added to the numbers of the last two hours."""
    keys = list(client.scan_iter(f"q:py:stats:h:*:{type}"))
    return sum(int(number or 0) for key in keys for number in client.hmget(key, ["completed"]))
