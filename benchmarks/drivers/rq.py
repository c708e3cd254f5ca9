"""rq: a worker process for each slot, which forks a process for each job. The client waits for results on a stream."""

from __future__ import annotations

import logging
import sys
from typing import Any

from redis import Redis
from rq import Queue, Worker

from benchmarks.drivers.driver import Adapter, serve
from benchmarks.drivers.tally import SharedTally

BATCH_SIZE = 100  # jobs per call of enqueue_many
_tally = SharedTally()


def job(data: Any) -> bool:
    """The handler, which rq finds by its name."""
    _tally.add(data["n"])
    return True


class Rq(Adapter):
    packages = ("rq", "redis", "hiredis")

    def __init__(self, url: str, payload: int) -> None:
        super().__init__(url, payload)
        self.tally = _tally
        logging.getLogger("rq").setLevel(logging.ERROR)
        self.queue = Queue("bench", connection=Redis.from_url(url))

    def save_each(self, numbers: range) -> None:
        for number in numbers:
            self.queue.enqueue(JOB, self.data(number))

    def save_bulk(self, numbers: range) -> None:
        for start in range(0, len(numbers), BATCH_SIZE):
            part = numbers[start : start + BATCH_SIZE]
            self.queue.enqueue_many([Queue.prepare_data(JOB, (self.data(number),)) for number in part])

    def work(self, slots: int) -> None:
        for _ in range(slots):
            self.fork(self._run)

    def _run(self) -> None:
        Worker(["bench"], connection=Redis.from_url(self.url)).work(logging_level="ERROR")

    def round_trip(self, number: int) -> None:
        self.queue.enqueue(JOB, self.data(number)).latest_result(timeout=60)


JOB = "benchmarks.drivers.rq.job"

if __name__ == "__main__":
    # rq finds the handler by the module's name. Without this it would import the module again, with another tally.
    sys.modules["benchmarks.drivers.rq"] = sys.modules["__main__"]
    serve(Rq)
