"""The `ctx` of a three-argument handler: it pauses, resumes and ends the worker that runs the handler, as in Kue."""

from __future__ import annotations

from datetime import timedelta

from kue.common.clock import seconds
from kue.worker.pool import Pool
from kue.worker.run import Run
from kue.worker.slot import Worker


class Context:
    """A handler receives one for each run. It may be kept, and used later from any thread."""

    def __init__(self, pool: Pool, run: Run) -> None:
        self._pool = pool
        self._worker: Worker = run.slot
        self._type = run.type

    def pause(self, timeout: int | float | timedelta | None = 5000) -> None:
        """Start no more jobs of this type in this process, until `resume`. In all processes `queue.pause` does that.

        Jobs that were taken already, and whose handlers were not called, go back to their queue.
        Jobs that still run after `timeout` ms (a number or a timedelta) fail with `Shutdown`; with None they never do.
        Raises `InvalidOption` for another timeout.
        """
        self._pool.pause(self._type, seconds("timeout", timeout))

    def resume(self) -> None:
        """Take jobs of this type again."""
        self._pool.resume(self._type)

    def shutdown(self) -> None:
        """End this worker (one slot) once its job is done. It starts no other one."""
        self._pool.retire(self._worker)
