"""rq: a worker process for each slot, which forks once more for each job. Results are waited for on their stream."""

from __future__ import annotations

import logging
import sys
from typing import Any

from redis import Redis
from rq import Queue, Worker

from benchmarks.drivers.driver import Adapter, serve
from benchmarks.drivers.tally import SharedTally

BULK = 100  # to a call of enqueue_many
_tally = SharedTally()


def job(data: Any) -> bool:
    """The job; rq finds it by its name."""
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
        for start in range(0, len(numbers), BULK):
            part = numbers[start : start + BULK]
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
    # under its own name too, so that the jobs, which rq looks up by name, find this tally
    sys.modules["benchmarks.drivers.rq"] = sys.modules["__main__"]
    serve(Rq)
