"""Passes the events of a job from the subscriber's thread to the job's listeners on their own thread."""

from __future__ import annotations

from typing import Any

from kue.common.emitter import Emitter
from kue.events.hub import Hub
from kue.events.watcher import END_EVENTS, Outcome
from kue.store.identity import read_created_at


class JobWatcher:
    """Watches a job that has listeners, until the job has ended or has no listener any more: then the hub forgets it.

    When it ends, it finishes the emitter, which then takes no more listeners.
    """

    must_settle = False
    may_have_missed = False
    settled_by: frozenset[str] = END_EVENTS

    def __init__(self, emitter: Emitter, hub: Hub, id: int, created_at: object) -> None:
        self.created_at = read_created_at(created_at)
        self._emitter = emitter
        self._hub = hub
        self._id = id

    def wants(self, event: str) -> bool:
        return True  # a listener that is still to run may add another one, so any event may be needed

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        has_ended = event in END_EVENTS
        self._hub.dispatcher.post(self._emitter.finish if has_ended else self._emit, event, *args)
        return has_ended

    def on_outcome(self, outcome: Outcome) -> None:
        post, finish = self._hub.dispatcher.post, self._emitter.finish
        if outcome.state == "complete":
            post(finish, "complete", outcome.result)
        elif outcome.state == "failed":
            post(finish, "failed", outcome.message)
        else:
            post(finish)

    def release_if_unused(self) -> None:
        """Stop watching if there is no listener, once the events that were received before are delivered."""
        self._hub.dispatcher.post(self._release)

    def _emit(self, event: str, *args: Any) -> None:
        self._emitter.emit(event, *args)
        self._release()  # `once` removes its listener, which may have added another one by now

    def _release(self) -> None:
        if self._emitter.finish_if_unused():
            self._hub.unwatch(self._id, self)
