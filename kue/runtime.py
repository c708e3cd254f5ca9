"""What the parts of one queue share: store, hub, error reporter, options, fleet, counters. So a job knows no queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from kue.common.emitter import Emitter
from kue.common.error_reporter import ErrorReporter
from kue.events.hub import Hub
from kue.fleet import Fleet
from kue.options.queue import QueueOptions
from kue.stats.counters import Counters
from kue.store.indexed_job import ToSave
from kue.store.saving import Saved
from kue.store.store import Store
from kue.store.worker_id import new_process
from kue.test_mode import TestMode


class Companion(Protocol):
    """Something with a thread that ends with the queue."""

    def stop(self, timeout: float) -> None:
        """End, and wait at most `timeout` seconds for that. It may be called more than once."""


class Runtime:
    """What a job needs of its queue: the store, the hub for its events, the error reporter, options and test mode.

    `process` is the name under which this process holds jobs. `declared_schedules` has, by name, what this process
    said of its recurring jobs. `middleware` has the generator functions around each handler, the outermost first.
    `companions` have threads that end with the queue.
    """

    def __init__(self, store: Store, emitter: Emitter, error_reporter: ErrorReporter, options: QueueOptions) -> None:
        self.store = store
        self.error_reporter = error_reporter
        self.options = options
        self.process = new_process()
        self.fleet = Fleet(error_reporter)
        self.counters = Counters(store, error_reporter, options.stats)
        store.rider = self.counters
        self.test_mode: TestMode[Any] = TestMode()
        self.hub = Hub(store, emitter, error_reporter)
        self.declared_schedules: dict[str, object] = {}
        self.middleware: list[Callable[..., Any]] = []
        self.companions: list[Companion] = []

    def save(self, type: str, job: ToSave) -> Saved:
        """Save a new job, and count it. Raises as `Store.save` does."""
        created = self.counters.of(type).created
        if job.__class__ is not tuple:  # a unique or an indexed job
            saved = self.store.save(job)
            if saved.__class__ is int:  # no other job stands for its unique key
                created.append(1)
            return saved
        created.append(1)  # before it is sent, since the counters may ride with it
        try:
            return self.store.save(job)
        except BaseException:
            created.append(-1)
            raise

    def after_fork(self) -> None:
        """In a forked child: replace the connections and threads that belong to the parent."""
        self.store.connections.reset_after_fork()
        self.companions = []
        self.error_reporter.after_fork()
        self.process = new_process()
        self.fleet = Fleet(self.error_reporter)
        self.counters.after_fork()
        self.store.rider = self.counters
        self.hub.emitter.after_fork()
        inherited, self.hub = self.hub, Hub(self.store, self.hub.emitter, self.error_reporter)
        inherited.after_fork()


class HasRuntime(Protocol):
    """The part of a queue that jobs use."""

    @property
    def runtime(self) -> Runtime: ...
