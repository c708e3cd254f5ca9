"""taskiq, on a Redis list, with its receiver in one event loop. The client polls for results every 0.2 s."""

from __future__ import annotations

import asyncio
from typing import Any

from taskiq.api import run_receiver_task
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend

from benchmarks.drivers.driver import Adapter, serve


class Taskiq(Adapter):
    packages = ("taskiq", "taskiq-redis", "redis", "hiredis")

    async def open(self) -> None:
        backend: Any = RedisAsyncResultBackend(self.url)
        self.broker = ListQueueBroker(self.url).with_result_backend(backend)

        async def job(data: Any) -> None:
            self.tally.add(data["n"])

        self.job: Any = self.broker.task(task_name="job")(job)
        await self.broker.startup()

    async def save_each(self, numbers: range) -> None:
        for number in numbers:
            await self.job.kiq(self.data(number))

    async def work(self, slots: int) -> None:
        self._running = asyncio.create_task(run_receiver_task(self.broker, max_async_tasks=slots))

    async def round_trip(self, number: int) -> None:
        task = await self.job.kiq(self.data(number))
        await task.wait_result(timeout=60)

    async def stop(self) -> None:
        if hasattr(self, "_running"):
            self._running.cancel()


if __name__ == "__main__":
    serve(Taskiq)
