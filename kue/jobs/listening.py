"""The listeners of a job, and the watch that brings them the events of the job.

The watch begins when the job is saved and has a listener. It ends with the job, or with its last listener. A listener
that is added later begins another one.
"""

from __future__ import annotations

import os
import threading
from abc import abstractmethod
from collections.abc import Callable

from kue.common.describe import describe_error, short_repr
from kue.common.emitter import Emitter, Listener
from kue.errors import ListenerError
from kue.events.names import JobEvents
from kue.events.watcher import Watcher
from kue.jobs.watcher import JobWatcher
from kue.runtime import Runtime

_lock = threading.RLock()  # of all jobs, since each has its listeners and its watch changed rarely, and for a moment


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)


class Listening(JobEvents):
    """A part of `Job`. Any thread may call."""

    id: int | None
    created_at: int | float | None
    runtime: Runtime
    _emitter: Emitter | None = None
    _watcher: JobWatcher | None = None

    @property
    @abstractmethod
    def listens(self) -> bool:
        """Whether this object receives the events of its job once the job is saved."""

    def start_watching(self, watch: Callable[[int, Watcher], None]) -> None:
        """Receive the events of the job, now that its id is known; `watch` adds the watcher."""
        with _lock:
            if self._emitter is None or self.id is None or self._watcher is not None:
                return
            watcher = self._watcher = JobWatcher(self._emitter, self.runtime.hub, self.id, self.created_at)
        try:
            watch(self.id, watcher)
        except BaseException:
            if self._watcher is watcher:
                self._watcher = None
            raise

    def _listeners(self) -> Emitter:
        emitter = self._emitter
        if emitter is not None and not emitter.finished:
            return emitter
        with _lock:
            if self._emitter is None or self._emitter.finished:
                self._emitter, self._watcher = Emitter(self._listener_raised), None
            return self._emitter

    def _listened(self, event: str) -> None:
        if self.id is not None and self.listens and self._watcher is None:
            self.start_watching(self.runtime.hub.watch)

    def _unlistened(self) -> None:
        if self._watcher is not None:
            self._watcher.release_if_unused()

    def _listener_raised(self, event: str, listener: Listener, problem: BaseException) -> None:
        failure = ListenerError(f"a listener of {short_repr(event)} on job {self.id} raised {describe_error(problem)}")
        failure.__cause__ = problem
        self.runtime.error_reporter.report(failure)
