"""Brings a job's events from the subscriber's thread to the job's listeners."""

from __future__ import annotations

from typing import Any

from kue.common.emitter import Emitter
from kue.events.dispatcher import Dispatcher
from kue.events.watcher import ENDS, Outcome


class JobWatcher:
    """The watch of a job that has listeners; over when the job has ended, so that the job can be forgotten."""

    must_settle = False

    def __init__(self, emitter: Emitter, dispatcher: Dispatcher) -> None:
        self._emitter = emitter
        self._dispatcher = dispatcher

    def wants(self, event: str) -> bool:
        return True  # who listens is known when the listeners' thread comes to it: one may bring another

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        over = event in ENDS
        self._dispatcher.post(self._emitter.finish if over else self._emitter.emit, event, *args)
        return over

    def on_outcome(self, outcome: Outcome) -> None:
        if outcome.state == "complete":
            self._dispatcher.post(self._emitter.finish, "complete", outcome.result)
        elif outcome.state == "failed":
            self._dispatcher.post(self._emitter.finish, "failed", outcome.message)
        else:
            self._dispatcher.post(self._emitter.finish)
