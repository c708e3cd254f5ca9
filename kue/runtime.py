"""What the parts of one queue share: store, hub, error reporter, options, fleet. So a job need not know its queue."""

from __future__ import annotations

from typing import Any, Protocol

from kue.common.emitter import Emitter
from kue.common.error_reporter import ErrorReporter
from kue.events.hub import Hub
from kue.fleet import Fleet
from kue.options.queue import QueueOptions
from kue.store.store import Store
from kue.store.worker_id import new_process
from kue.test_mode import TestMode


class Runtime:
    """What a job needs of its queue: the store, the hub for its events, the error reporter, options and test mode.

    `process` is the name under which this process holds jobs. `declared_schedules` has, by name, what this process
    said of its recurring jobs.
    """

    def __init__(self, store: Store, emitter: Emitter, error_reporter: ErrorReporter, options: QueueOptions) -> None:
        self.store = store
        self.error_reporter = error_reporter
        self.options = options
        self.process = new_process()
        self.fleet = Fleet(error_reporter)
        self.test_mode: TestMode[Any] = TestMode()
        self.hub = Hub(store, emitter, error_reporter)
        self.declared_schedules: dict[str, object] = {}

    def after_fork(self) -> None:
        """In a forked child: replace the connections and threads that belong to the parent."""
        self.store.connections.reset_after_fork()
        self.error_reporter.after_fork()
        self.process = new_process()
        self.fleet = Fleet(self.error_reporter)
        self.hub.emitter.after_fork()
        inherited, self.hub = self.hub, Hub(self.store, self.hub.emitter, self.error_reporter)
        inherited.after_fork()


class HasRuntime(Protocol):
    """The part of a queue that jobs use."""

    @property
    def runtime(self) -> Runtime: ...
