"""Celery, with Redis as broker and result backend, and a pool of threads in one process."""

from __future__ import annotations

import threading
from typing import Any

from celery import Celery

from benchmarks.drivers.driver import Adapter, serve


class CeleryAdapter(Adapter):
    packages = ("celery", "kombu", "redis", "hiredis")

    def __init__(self, url: str, payload: int) -> None:
        super().__init__(url, payload)
        self.app: Any = Celery("bench", broker=url, backend=url)
        self.app.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)

        def job(data: Any) -> None:
            self.tally.add(data["n"])

        self.job = self.app.task(name="job", ignore_result=True)(job)
        self.answer = self.app.task(name="answer")(job)
        self.worker: Any = None

    def save_each(self, numbers: range) -> None:
        for number in numbers:
            self.job.delay(self.data(number))

    def work(self, slots: int) -> None:
        self.worker = self.app.Worker(pool="threads", concurrency=slots, loglevel="ERROR", without_mingle=True)
        threading.Thread(target=self.worker.start, daemon=True).start()

    def round_trip(self, number: int) -> None:
        self.answer.delay(self.data(number)).get(timeout=60)


if __name__ == "__main__":
    serve(CeleryAdapter)
