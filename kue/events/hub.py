"""Everything a queue needs to hear events: subscription, routing, second looks, and the listeners' thread.

Nothing is started before somebody listens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from kue.common.emitter import Emitter
from kue.common.error_reporter import ErrorReporter
from kue.common.timer_queue import Timer
from kue.events.dispatcher import Dispatcher
from kue.events.resync import Resync
from kue.events.router import Router
from kue.events.subscriber import Subscriber
from kue.events.watcher import Outcome, Watcher
from kue.store.store import Store


class Hub:
    """The hearing side of one queue."""

    def __init__(self, store: Store, emitter: Emitter, error_reporter: ErrorReporter) -> None:
        self.emitter = emitter
        self.dispatcher = Dispatcher(name="kue-listeners")
        self._store = store
        self._router = Router(emitter.has, self._emit_later)
        self._resync = Resync(store, self._router, lambda: self._subscriber, error_reporter)
        self._subscriber = Subscriber(
            store.connections,
            store.commands,
            error_reporter,
            self._router.on_message,
            on_return=self._resync.ask_all,
            on_end=lambda: self._give_up("unheard"),
        )

    def _emit_later(self, event: str, *args: Any) -> None:
        self.dispatcher.post(self.emitter.emit, event, *args)

    def start(self) -> None:
        """Begin to subscribe, without waiting for it."""
        self._subscriber.start()

    def listen(self) -> None:
        """Have the subscription stand. Raises `ConnectionFailed`."""
        self._subscriber.ensure()

    def watch(self, id: int, watcher: Watcher) -> None:
        """Hear the events of a saved job; where it has ended already, its outcome is looked up."""
        self._subscriber.ensure()
        self._router.watch(id, watcher)
        self._subscriber.call_later(0, lambda: self._resync.ask([id]))
        if watcher.must_settle:
            self._resync.keep_asking()

    def watch_soon(self, id: int, watcher: Watcher) -> None:
        """Hear the events of a job as soon as the subscription stands, without waiting for it here."""
        self._router.watch(id, watcher)
        self._subscriber.start()

    @contextlib.contextmanager
    def saving(self) -> Iterator[Callable[[int, Watcher], None]]:
        """Around a save: the subscription stands before it, and what is watched inside misses nothing since."""
        self._subscriber.ensure()
        must_settle = False

        def watch(id: int, watcher: Watcher) -> None:
            nonlocal must_settle
            self._router.watch(id, watcher)
            must_settle = must_settle or watcher.must_settle

        with self._router.saving():
            yield watch
        if self._router.has_replay:
            self._subscriber.call_later(0, self._router.replay)
        if must_settle:
            self._resync.keep_asking()

    def unwatch(self, id: int, watcher: Watcher) -> bool:
        """Stop hearing; False where the watch was over already."""
        return self._router.unwatch(id, watcher)

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        """Make a call on the subscriber's thread; only once something is watched."""
        return self._subscriber.call_later(delay, call)

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on the subscriber's thread, which waits for nobody."""
        return self._subscriber.is_current

    def after_fork(self) -> None:
        """In a forked child: what this hub of the parent's watched is told there only. Another takes its place here."""
        self._router.after_fork()
        self._give_up("forked")

    def _give_up(self, state: str) -> None:
        """Nothing will be heard any more: who must learn an outcome learns that there will be none."""
        for id in self._router.watched(must_settle=True):
            for watcher in self._router.watchers(id):
                if watcher.must_settle and self._router.unwatch(id, watcher):
                    watcher.on_outcome(Outcome(state))

    def stop(self) -> None:
        """End both threads; listeners that are under way finish first."""
        self._subscriber.stop()
        self.dispatcher.stop()
