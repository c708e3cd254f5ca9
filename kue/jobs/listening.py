"""The listeners of a job, and the watch that brings them the events of the job."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from kue.common.describe import describe_error, short_repr
from kue.common.emitter import Emitter, Listener
from kue.errors import ListenerError
from kue.events.names import JobEvents
from kue.events.watcher import Watcher
from kue.jobs.watcher import JobWatcher
from kue.runtime import Runtime


class Listening(JobEvents):
    """A part of `Job`. The job is watched once it is saved and has a listener."""

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
        if self._emitter is not None and self.id is not None:
            self._watcher = JobWatcher(self._emitter, self.runtime.hub.dispatcher, self.created_at)
            watch(self.id, self._watcher)

    def _listeners(self) -> Emitter:
        if self._emitter is None or self._emitter.finished:
            self._emitter, self._watcher = Emitter(self._listener_raised), None
        return self._emitter

    def _listened(self, event: str) -> None:
        if self.id is not None and self.listens and self._watcher is None:
            self.start_watching(self.runtime.hub.watch)

    def _listener_raised(self, event: str, listener: Listener, problem: BaseException) -> None:
        failure = ListenerError(f"a listener of {short_repr(event)} on job {self.id} raised {describe_error(problem)}")
        failure.__cause__ = problem
        self.runtime.error_reporter.report(failure)
