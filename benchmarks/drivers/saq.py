"""saq, whose worker is one event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from saq import Queue, Worker

from benchmarks.drivers.driver import Adapter, serve

IN_FLIGHT = 100


class Saq(Adapter):
    packages = ("saq", "redis", "hiredis")

    async def open(self) -> None:
        self.queue: Any = Queue.from_url(self.url, name="bench", max_concurrent_ops=IN_FLIGHT)
        await self.queue.connect()
        self.worker: Any = None

    async def save_each(self, numbers: range) -> None:
        for number in numbers:
            await self.queue.enqueue("job", data=self.data(number))

    async def save_bulk(self, numbers: range) -> None:
        for start in range(0, len(numbers), IN_FLIGHT):
            part = numbers[start : start + IN_FLIGHT]
            await asyncio.gather(*(self.queue.enqueue("job", data=self.data(number)) for number in part))

    async def work(self, slots: int) -> None:
        async def job(context: Any, *, data: Any) -> None:
            self.tally.add(data["n"])

        self.worker = Worker(self.queue, [("job", job)], concurrency=slots)
        self._running = asyncio.create_task(self.worker.start())

    async def round_trip(self, number: int) -> None:
        await self.queue.apply("job", timeout=60, data=self.data(number))

    async def stop(self) -> None:
        if self.worker is not None:
            await self.worker.stop()


if __name__ == "__main__":
    serve(Saq)
