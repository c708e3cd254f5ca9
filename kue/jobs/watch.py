"""Brings a job's events from the subscriber's thread to the job's listeners."""

from __future__ import annotations

from typing import Any

from kue.common.emitter import Emitter
from kue.events.dispatcher import Dispatcher
from kue.events.watch import ENDS, Outcome, message_of


class JobWatch:
    """The watch of a job that has listeners; over when the job has ended, so that the job can be forgotten."""

    insistent = False

    def __init__(self, emitter: Emitter, dispatcher: Dispatcher) -> None:
        self._emitter = emitter
        self._dispatcher = dispatcher
        self.over = False

    def heard(self, event: str, args: tuple[Any, ...]) -> bool:
        self._dispatcher.post(self._emitter.emit, event, *args)
        self.over = event in ENDS
        return self.over

    def ended(self, outcome: Outcome) -> None:
        self.over = True
        if outcome.state == "complete":
            self._dispatcher.post(self._emitter.emit, "complete", outcome.result)
        elif outcome.state == "failed":
            self._dispatcher.post(self._emitter.emit, "failed", message_of(outcome.error or ""))
