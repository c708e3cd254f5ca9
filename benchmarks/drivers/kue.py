"""This project."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import kue_send
from benchmarks.drivers.driver import Adapter, serve


class Kue(Adapter):
    packages = ("kue", "redis", "hiredis")

    def __init__(self, url: str, payload: int) -> None:
        super().__init__(url, payload)
        self.queue = kue_send.Queue(redis=url)

    def save_each(self, numbers: range) -> None:
        create = self.queue.create
        for number in numbers:
            create("bench", self.data(number)).save()

    def save_bulk(self, numbers: range, types: int = 1, delay: int | None = None) -> None:
        create, options = self.queue.create, {} if delay is None else {"delay": delay}
        batch_size = 10_000  # so that a million jobs are not in memory at the same time
        for start in range(numbers.start, numbers.stop, batch_size):
            part = numbers[start - numbers.start : start - numbers.start + batch_size]
            self.queue.save_all(create(_type(number, types), self.data(number), **options) for number in part)

    def work(self, slots: int, types: int = 1, sleep: float = 0, coroutine: bool = False) -> None:
        tally = self.tally

        def empty(job: Any) -> None:
            tally.add(job.data["n"])

        def sleeping(job: Any) -> None:
            tally.enter()
            time.sleep(sleep)
            tally.leave(job.data["n"])

        async def awaiting(job: Any) -> None:
            tally.enter()
            await asyncio.sleep(sleep)
            tally.leave(job.data["n"])

        handler = awaiting if coroutine else sleeping if sleep else empty
        self.queue.process([_type(number, types) for number in range(types)], slots, handler)

    def round_trip(self, number: int) -> None:
        self.queue.create("bench", self.data(number)).promise().result(60)

    def begin(self, number: int, on_result: Callable[[], None]) -> None:
        job: Any = self.queue.create("bench", self.data(number))
        job.promise().add_done_callback(lambda _: on_result())

    def search(self, text: str) -> int:
        return len(self.queue.search(text))

    def stop(self) -> None:
        self.queue.shutdown(10_000)


def _type(number: int, types: int) -> str:
    return "bench" if types == 1 else f"bench{number % types}"


if __name__ == "__main__":
    serve(Kue)
