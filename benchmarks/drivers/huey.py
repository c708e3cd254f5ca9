"""huey, with the threads of its consumer in one process. It takes jobs without acknowledging them."""

from __future__ import annotations

from typing import Any

import redis
from huey import RedisHuey

from benchmarks.drivers.driver import Adapter, serve


class Huey(Adapter):
    packages = ("huey", "redis", "hiredis")

    def __init__(self, url: str, payload: int) -> None:
        super().__init__(url, payload)
        pool = redis.ConnectionPool.from_url(url)
        self.huey = RedisHuey("bench", connection_pool=pool, notify_result=True)
        self.job: Any = self.huey.task(name="job")(self._job)
        self.answer: Any = self.huey.task(name="answer")(self._answer)
        self.consumer: Any = None

    def _job(self, data: Any) -> None:
        self.tally.add(data["n"])

    def _answer(self, data: Any) -> bool:
        self.tally.add(data["n"])
        return True

    def save_each(self, numbers: range) -> None:
        for number in numbers:
            self.job(self.data(number))

    def work(self, slots: int) -> None:
        self.consumer = self.huey.create_consumer(workers=slots, worker_type="thread", periodic=False)
        self.consumer.start()

    def round_trip(self, number: int) -> None:
        self.answer(self.data(number)).get(blocking=True, timeout=60)

    def stop(self) -> None:
        if self.consumer is not None:
            self.consumer.stop(graceful=True)


if __name__ == "__main__":
    serve(Huey)
