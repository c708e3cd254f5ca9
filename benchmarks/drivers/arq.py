"""arq, whose worker is one event loop. It polls, more often here than the default of 0.5 s, which hides all else."""

from __future__ import annotations

import asyncio
from typing import Any

from arq import Worker, create_pool
from arq.connections import RedisSettings
from arq.worker import func

from benchmarks.drivers.driver import Adapter, serve

POLL_SECONDS = 0.005


class Arq(Adapter):
    packages = ("arq", "redis", "hiredis")

    async def open(self) -> None:
        self.settings = RedisSettings.from_dsn(self.url)
        self.pool: Any = await create_pool(self.settings)
        self.worker: Any = None

    async def save_each(self, numbers: range) -> None:
        for number in numbers:
            await self.pool.enqueue_job("job", self.data(number))

    async def work(self, slots: int) -> None:
        async def job(context: Any, data: Any) -> None:
            self.tally.add(data["n"])

        functions = [func(job, name="job")]
        options: Any = {"max_jobs": slots, "poll_delay": POLL_SECONDS, "handle_signals": False}
        self.worker = Worker(functions, redis_settings=self.settings, **options)
        self._running = asyncio.create_task(self.worker.async_run())

    async def round_trip(self, number: int) -> None:
        job = await self.pool.enqueue_job("job", self.data(number))
        await job.result(timeout=60, poll_delay=POLL_SECONDS)

    async def stop(self) -> None:
        if self.worker is not None:
            await self.worker.close()


if __name__ == "__main__":
    serve(Arq)
