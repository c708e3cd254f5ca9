"""What the jobs of one queue share, so that a job need not know the queue."""

from __future__ import annotations

from typing import Protocol

from kue.common.emitter import Emitter
from kue.common.trouble import Trouble
from kue.events.hub import Hub
from kue.jobs.test_mode import TestMode
from kue.options import QueueOptions
from kue.store.store import Store


class Home:
    """Where a job lives: its store, the hub that hears its events, where trouble is told, and the queue's options."""

    def __init__(self, store: Store, emitter: Emitter, trouble: Trouble, options: QueueOptions) -> None:
        self.store = store
        self.trouble = trouble
        self.options = options
        self.test_mode = TestMode()
        self.hub = Hub(store, emitter, trouble)

    def after_fork(self) -> None:
        """In a forked child: no connection and no thread of the parent is used again."""
        self.store.connections.reset_after_fork()
        self.trouble.after_fork()
        self.hub.emitter.after_fork()
        inherited, self.hub = self.hub, Hub(self.store, self.hub.emitter, self.trouble)
        inherited.after_fork()


class HasHome(Protocol):
    """A queue, as far as jobs are concerned."""

    @property
    def home(self) -> Home: ...
