"""The `ctx` of a three-argument handler: pause, resume and shutdown of the worker it runs in, as in Kue."""

from __future__ import annotations

from datetime import timedelta

from kue.common.clock import seconds
from kue.worker.pool import Pool
from kue.worker.slots import Worker


class Context:
    """Handed to the handler; may be kept and used later, from any thread."""

    def __init__(self, pool: Pool, worker: Worker) -> None:
        self._pool = pool
        self._worker = worker

    def pause(self, timeout: int | float | timedelta | None = 5000) -> None:
        """Take no more jobs of this type in this process; what still runs after `timeout` ms fails with `Shutdown`."""
        self._pool.pause(self._worker.type, seconds("timeout", timeout))

    def resume(self) -> None:
        """Take jobs of this type again."""
        self._pool.resume(self._worker.type)

    def shutdown(self) -> None:
        """End this worker (one slot) once its job is done."""
        self._pool.retire(self._worker)
