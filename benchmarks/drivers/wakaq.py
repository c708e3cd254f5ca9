"""wakaq, with a process for each slot. It takes jobs without acknowledging them, and keeps no results."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from wakaq import WakaQ
from wakaq.worker import Worker

from benchmarks.drivers.driver import Adapter, serve
from benchmarks.drivers.tally import SharedTally


class Waka(Adapter):
    packages = ("wakaq", "redis", "hiredis")

    def __init__(self, url: str, payload: int) -> None:
        super().__init__(url, payload)
        self.tally = SharedTally()
        self.waka, self.job = self._make_queue(0)

    def _make_queue(self, slots: int) -> tuple[WakaQ, Any]:
        address = urlsplit(self.url)
        quiet = {"worker_log_level": logging.ERROR, "worker_log_file": "/dev/null"}
        waka: Any = WakaQ(queues=["bench"], host=address.hostname, port=address.port, concurrency=slots, **quiet)

        def job(data: Any) -> None:
            self.tally.add(data["n"])

        return waka, waka.task(job)

    def save_each(self, numbers: range) -> None:
        for number in numbers:
            self.job.delay(self.data(number))

    def work(self, slots: int) -> None:
        waka, _ = self._make_queue(slots)
        self.fork(Worker(wakaq=waka).start)


if __name__ == "__main__":
    serve(Waka)
