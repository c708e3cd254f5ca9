"""BullMQ for Python. Its QueueEvents report the results."""

from __future__ import annotations

import asyncio
from typing import Any

from bullmq import Queue, Worker
from bullmq.queue_events import QueueEvents

from benchmarks.drivers.driver import Adapter, serve

BATCH_SIZE = 100  # jobs per call of addBulk


class BullMQ(Adapter):
    packages = ("bullmq", "redis", "hiredis")

    async def open(self) -> None:
        self.options: Any = {"connection": self.url}
        self.queue = Queue("bench", self.options)
        self.events: QueueEvents | None = None
        self.worker: Worker | None = None

    async def save_each(self, numbers: range) -> None:
        for number in numbers:
            await self.queue.add("job", self.data(number))

    async def save_bulk(self, numbers: range) -> None:
        for start in range(0, len(numbers), BATCH_SIZE):
            part = numbers[start : start + BATCH_SIZE]
            await self.queue.addBulk([{"name": "job", "data": self.data(number), "opts": {}} for number in part])

    async def work(self, slots: int) -> None:
        async def handler(job: Any, token: str) -> None:
            self.tally.add(job.data["n"])

        self.worker = Worker("bench", handler, {**self.options, "concurrency": slots})

    async def round_trip(self, number: int) -> None:
        if self.events is None:
            self.events = QueueEvents("bench", self.options)
            await asyncio.sleep(0.5)  # QueueEvents does not report when it has begun to listen
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # BullMQ lets the client choose the id, so the listener can be added before the job.
        event = f"completed:job{number}"

        def on_completed(*_: Any) -> None:
            if not done.done():
                done.set_result(None)

        self.events.on(event, on_completed)
        await self.queue.add("job", self.data(number), {"jobId": f"job{number}"})
        await asyncio.wait_for(done, 60)
        self.events.off(event, on_completed)

    async def stop(self) -> None:
        if self.worker is not None:
            await self.worker.close()
        if self.events is not None:
            await self.events.close()


if __name__ == "__main__":
    serve(BullMQ)
