"""dramatiq, with its Redis broker, and the threads of its worker in one process."""

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from benchmarks.drivers.driver import Adapter, serve


class Dramatiq(Adapter):
    packages = ("dramatiq", "redis", "hiredis")

    def __init__(self, url: str, payload: int) -> None:
        super().__init__(url, payload)
        self.broker = RedisBroker(url=url)
        self.broker.add_middleware(Results(backend=RedisBackend(url=url)))
        dramatiq.set_broker(self.broker)
        self.job: Any = dramatiq.actor(lambda data: self.tally.add(data["n"]), actor_name="job")
        self.answer: Any = dramatiq.actor(self._answer, actor_name="answer", store_results=True)
        self.worker: Any = None

    def _answer(self, data: Any) -> bool:
        self.tally.add(data["n"])
        return True

    def save_each(self, numbers: range) -> None:
        for number in numbers:
            self.job.send(self.data(number))

    def work(self, slots: int) -> None:
        self.worker = dramatiq.Worker(self.broker, worker_threads=slots)
        self.worker.start()

    def round_trip(self, number: int) -> None:
        self.answer.send(self.data(number)).get_result(block=True, timeout=60_000)

    def stop(self) -> None:
        if self.worker is not None:
            self.worker.stop()


if __name__ == "__main__":
    serve(Dramatiq)
