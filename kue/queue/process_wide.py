"""The process-wide queue: the first `create_queue` makes it, and each later call returns it until it is shut down."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, Unpack

from kue.common.describe import short_repr
from kue.connection.address import RedisAddress
from kue.errors import InvalidOption, ShutdownInProgress
from kue.jobs.job import Job
from kue.options.queue import QueueOptions
from kue.options.typed import QueueOptionsDict
from kue.queue.queue import Queue, is_at, queues
from kue.worker.current import current_job
from kue.worker.exit import before_end_of_child

Q = TypeVar("Q", bound=Queue)
_FLUSH_SECONDS = 1.0
_OTHER = (
    "the queue of this process has {}, and create_queue was given {}: "
    "shut the queue down first, or make another one with kue.Queue(...)"
)


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

        Takes the options of `Queue`. A handler that still runs while its queue is shut down gets that queue. Raises
        what `Queue` raises, and `InvalidOption` if a later call gives an option another value than the queue has.
        """
        with self._lock:
            if self._queue is None or (self._queue.is_shut_down and not _runs_caller(self._queue)):
                self._queue = self._class(redis=redis, **options)
            else:
                _check_same_options(self._queue, redis, options)
            return self._queue

    def queue_for_lookups(self) -> Q:
        """The queue of this process for a lookup that names none: made if there never was a queue.

        If it was shut down, it is still this one, which raises `ShutdownInProgress` once its connections are closed. A
        new one might be at another Redis, and find another job with the same id. Raises `InvalidOption` if there are
        only queues that `create_queue` did not make, and `ShutdownInProgress` if these were shut down.
        """
        with self._lock:
            existing = self._queue
        if existing is not None:
            return existing
        if any(not one.is_shut_down for one in queues.running):
            raise InvalidOption(
                "queue must be given, since this process has queues, but none of create_queue(): "
                "Job.get(id, queue=queue), or queue.get(id)"
            )
        if queues.was_any_made:
            raise ShutdownInProgress("no queue of this process is open any more; make one with kue.create_queue()")
        return self.create_queue()


def _runs_caller(queue: Queue) -> bool:
    """Whether a handler of the queue makes this call. A shutdown waits for it, and it may still need its queue."""
    job = current_job()
    return job is not None and job.runtime is queue.runtime


def _check_same_options(queue: Queue, redis: RedisAddress | None, options: Mapping[str, Any]) -> None:
    asked = QueueOptions.read(queue.job_class.option_module, **options)
    for name, value in options.items():
        if not queue.has_or_had(name, getattr(asked, name)):
            has = getattr(queue.options, name)
            raise InvalidOption(_OTHER.format(f"the {name} {short_repr(has)}", f"{name}={short_repr(value)}"))
    if redis is not None and not is_at(queue, redis):
        raise InvalidOption(_OTHER.format(f"its jobs at {queue.runtime.store.connections.address}", "another redis"))


_process_wide = ProcessWide(Queue)
create_queue = _process_wide.create_queue
Job.default_queue = _process_wide.queue_for_lookups


def _flush_at_exit() -> None:
    """What a process without workers has counted in its last second is added as it ends."""
    for queue in queues.running:
        queue.runtime.counters.flush_within(_FLUSH_SECONDS)


atexit.register(_flush_at_exit)
before_end_of_child(_flush_at_exit)
