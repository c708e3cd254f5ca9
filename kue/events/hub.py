"""Connects the parts that receive the events of one queue, and starts them when they are first needed.

- keeps the subscription to the channel
- routes messages to the watchers of a job and to the queue's listeners
- keeps from watchers what is about another job of the same number
- looks up the outcome of watched jobs if an event may have been missed, or if they have vanished
- reads jobs anew for watchers that show how they ended
- runs listeners on a thread of their own
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from kue.common.clock import TimeBudget
from kue.common.emitter import Emitter
from kue.common.error_reporter import ErrorReporter
from kue.common.timer_queue import Timer
from kue.errors import KueError
from kue.events.dispatcher import Dispatcher
from kue.events.rereading import Reader, Rereading
from kue.events.resync import Resync
from kue.events.router import Router
from kue.events.screening import Screening
from kue.events.subscriber import Subscriber
from kue.events.vanished import VanishedJobs
from kue.events.watcher import Outcome, Watcher
from kue.store.identity import is_other, read_created_at
from kue.store.messages import Message
from kue.store.store import Store

_STOP_SECONDS = 5.0  # at most for each thread


class Hub:
    """For any thread. One hub serves one queue."""

    def __init__(self, store: Store, emitter: Emitter, error_reporter: ErrorReporter) -> None:
        self.emitter = emitter
        self.dispatcher = Dispatcher(name="kue-listeners")
        self._store = store
        self._error_reporter = error_reporter
        self._router = Router(emitter.has, self._emit_later, self._emit_whole_later)
        self._resync = Resync(store, self._router, lambda: self._subscriber, error_reporter)
        self._rereading = Rereading(store, lambda: self._subscriber)
        self._vanished = VanishedJobs(store, self._router, self._resync, lambda: self._subscriber, error_reporter)
        self._subscriber = Subscriber(
            store.connections,
            store.commands,
            error_reporter,
            self._router.on_message,
            on_return=self._resync.ask_all,
            on_end=self._end,
        )
        self._router.screen = self._screening = Screening(
            store, self._router, self._resync, self._subscriber, error_reporter
        )

    def _emit_later(self, event: str, *args: Any) -> None:
        self.dispatcher.post(self.emitter.emit, event, *args)

    def _emit_whole_later(self, event: str, message: Message) -> None:
        self.dispatcher.post(self._emit_whole, event, message)

    def _emit_whole(self, event: str, message: Message) -> None:
        """On the listeners' thread, which may wait: read what a message leaves out, then call the queue's listeners."""
        field, raw = message.missing_field or "", None
        try:
            [row] = self._store.named_fields({message.id: ("created_at", field)})
            if not is_other(read_created_at(row["created_at"]), message.created_at):
                raw = row[field]
        except KueError as problem:
            self._error_reporter.report(problem)
        self.emitter.emit(event, message.id, *message.completed(raw).args)

    def start(self) -> None:
        """Start to subscribe, without waiting for the subscription."""
        self._subscriber.start()

    def listen(self) -> None:
        """Wait until the subscription is set up. Raises `ConnectionFailed`, `RedisRefused` or `ShutdownInProgress`."""
        self._subscriber.ensure()

    def watch(self, id: int, watcher: Watcher) -> None:
        """Pass the events of a saved job to a watcher. If it has ended already, the watcher gets its outcome."""
        self._subscriber.ensure()
        self._router.watch(id, watcher)
        self._subscriber.call_later(0, lambda: self._resync.ask([id]))
        self._keep_asking(watcher.must_settle)

    def watch_soon(self, id: int, watcher: Watcher) -> None:
        """Pass the events of a job to a watcher as soon as the subscription is set up. Does not wait for that."""
        self._router.watch(id, watcher)
        self._subscriber.start()

    def collect(self, event: str) -> set[int]:
        """Note the ids of all jobs that an event is received of, until `stop_collecting`. First call `listen`."""
        return self._router.collect(event)

    def stop_collecting(self, event: str) -> None:
        """Note no more ids for an event."""
        self._router.stop_collecting(event)

    @property
    def listening_since(self) -> float | None:
        """When the present subscription was set up, in seconds of the monotonic clock; None if there is none."""
        return self._subscriber.subscribed_since

    @contextlib.contextmanager
    def saving(self, may_exist: bool = False) -> Iterator[Callable[[int, Watcher], None]]:
        """A block around a save. The subscription is set up first, and jobs watched inside it miss no event.

        With `may_exist` that holds for jobs that are there already, which a save of a unique key may find.
        """
        self._subscriber.ensure()
        watched = must_settle = False

        def watch(id: int, watcher: Watcher) -> None:
            nonlocal watched, must_settle
            self._router.watch(id, watcher)
            watched, must_settle = True, must_settle or watcher.must_settle

        with self._router.saving(may_exist):
            yield watch
        if self._router.has_replay:
            self._subscriber.call_later(0, self._router.replay)
        if watched:
            self._keep_asking(must_settle)

    def _keep_asking(self, must_settle: bool) -> None:
        self._vanished.keep_looking()
        if must_settle:
            self._resync.keep_asking()

    def unwatch(self, id: int, watcher: Watcher) -> bool:
        """Remove a watcher; False if it was removed before."""
        return self._router.unwatch(id, watcher)

    def reread(self, id: int, reader: Reader) -> None:
        """Read a job anew. Only for the subscriber's thread, which goes on meanwhile: the reader is called later."""
        self._rereading.ask(id, reader)

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        """Make a call on the subscriber's thread in `delay` seconds. Something must have been watched before."""
        return self._subscriber.call_later(delay, call)

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on the subscriber's thread, which must not block."""
        return self._subscriber.is_current

    def after_fork(self) -> None:
        """In a forked child: only the parent receives what this hub watched. A new hub takes its place in the child."""
        self._router.after_fork()
        self._end_watchers("forked")
        self._rereading.after_fork()

    def _end(self) -> None:
        self._screening.finish()
        self._end_watchers("unheard")
        self._rereading.finish()

    def _end_watchers(self, state: str) -> None:
        """No event will be received any more: report that to the watchers that wait for an outcome."""
        for id in self._router.watched(must_settle=True):
            for watcher in self._router.watchers(id):
                if watcher.must_settle and self._router.unwatch(id, watcher):
                    watcher.on_outcome(Outcome(state))

    def stop(self, budget: TimeBudget) -> None:
        """End the threads. Listeners that are running finish first, if they do so in time."""
        budget.spend(lambda left: self._subscriber.stop(min(left, _STOP_SECONDS)))
        budget.spend(lambda left: self.dispatcher.stop(min(left, _STOP_SECONDS)))

    @property
    def left_running(self) -> list[str]:
        """After `stop`: what did not end."""
        left = ["a done-callback of a promise"] if self._subscriber.is_alive else []
        if self.dispatcher.is_alive:
            waiting = self.dispatcher.waiting
            left.append(f"a listener (for which {waiting} others wait)" if waiting else "a listener")
        return left
