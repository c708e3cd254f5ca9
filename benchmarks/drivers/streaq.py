"""streaq, whose worker is one event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from streaq import Worker

from benchmarks.drivers.driver import Adapter, serve

BATCH_SIZE = 100  # jobs per call of enqueue_many


class Streaq(Adapter):
    packages = ("streaq", "coredis")

    async def open(self) -> None:
        self.client, self.job = self._make_worker(1)
        self._opened = await self.client.__aenter__()

    def _make_worker(self, slots: int) -> tuple[Any, Any]:
        worker: Any = Worker(redis_url=self.url, concurrency=slots, queue_name="bench", handle_signals=False)

        async def job(data: Any) -> None:
            self.tally.add(data["n"])

        return worker, worker.task(job)

    async def save_each(self, numbers: range) -> None:
        for number in numbers:
            await self.job.enqueue(self.data(number))

    async def save_bulk(self, numbers: range) -> None:
        for start in range(0, len(numbers), BATCH_SIZE):
            part = numbers[start : start + BATCH_SIZE]
            await self.client.enqueue_many([self.job.enqueue(self.data(number)) for number in part])

    async def work(self, slots: int) -> None:
        worker, _ = self._make_worker(slots)
        self._running = asyncio.create_task(worker.run_async())

    async def round_trip(self, number: int) -> None:
        task = await self.job.enqueue(self.data(number))
        await task.result(60)


if __name__ == "__main__":
    serve(Streaq)
