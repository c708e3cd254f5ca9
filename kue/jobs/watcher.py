"""Passes the events of a job from the subscriber's thread to the job's listeners on their own thread."""

from __future__ import annotations

from typing import Any

from kue.common.emitter import Emitter
from kue.events.dispatcher import Dispatcher
from kue.events.watcher import END_EVENTS, Outcome
from kue.store.identity import read_created_at


class JobWatcher:
    """Watches a job that has listeners, until the job has ended. Then the hub can forget the job."""

    must_settle = False
    settled_by = END_EVENTS

    def __init__(self, emitter: Emitter, dispatcher: Dispatcher, created_at: object) -> None:
        self.created_at = read_created_at(created_at)
        self._emitter = emitter
        self._dispatcher = dispatcher

    def wants(self, event: str) -> bool:
        return True  # a listener that is still to run may add another one, so any event may be needed

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        has_ended = event in END_EVENTS
        self._dispatcher.post(self._emitter.finish if has_ended else self._emitter.emit, event, *args)
        return has_ended

    def on_outcome(self, outcome: Outcome) -> None:
        if outcome.state == "complete":
            self._dispatcher.post(self._emitter.finish, "complete", outcome.result)
        elif outcome.state == "failed":
            self._dispatcher.post(self._emitter.finish, "failed", outcome.message)
        else:
            self._dispatcher.post(self._emitter.finish)
