"""The process-wide queue: the first `create_queue` makes it, and each later call returns it until it is shut down."""

from __future__ import annotations

import os
import threading
from typing import Generic, TypeVar, Unpack

from kue.connection.address import RedisAddress
from kue.jobs.job import Job
from kue.options.typed import QueueOptionsDict
from kue.queue.queue import Queue

Q = TypeVar("Q", bound=Queue)


class ProcessWide(Generic[Q]):
    """Holds one queue of a class."""

    def __init__(self, queue_class: type[Q]) -> None:
        self._class = queue_class
        self._queue: Q | None = None
        self._renew_lock()
        os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        """In a forked child: a thread of the parent that held the lock does not exist here to release it."""
        self._lock = threading.RLock()

    def create_queue(self, *, redis: RedisAddress | None = None, **options: Unpack[QueueOptionsDict]) -> Q:
        """The queue of this process: the first call makes it, and later calls return it until it is shut down.

        Takes the options of `Queue`. As in Kue, the options of later calls are ignored. Raises what `Queue` raises.
        """
        with self._lock:
            if self._queue is None or self._queue.is_shut_down:
                self._queue = self._class(redis=redis, **options)
            return self._queue


create_queue = ProcessWide(Queue).create_queue
Job.default_queue = create_queue
