"""What a queue does for workers: registers handlers, starts the periodic duties, reports the health of the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Self, TypeVar, overload

from kue.common.clock import milliseconds
from kue.common.describe import short_repr
from kue.errors import InvalidOption, KueError, ShutdownInProgress
from kue.jobs.job import Job
from kue.maintenance.duties import stuck_job_duties, working_duties
from kue.maintenance.recurring import Recurring
from kue.maintenance.ticker import Duty, Ticker
from kue.options.values import read_flag, read_type, read_whole
from kue.runtime import Runtime
from kue.worker.backoff_function import BackoffFunction, GivenBackoff
from kue.worker.context import Context
from kue.worker.execution.generators import check_middleware
from kue.worker.handler import CountedFunction, Function, Handler
from kue.worker.intake import intake
from kue.worker.pool import Pool
from kue.worker.slot import Worker

_F = TypeVar("_F", bound=Function)
_G = TypeVar("_G", bound=Callable[[Any], Iterator[Any]])
_Types = str | Sequence[str]
_MAX_STALLED_SECONDS = 30


class Working:
    """A part of `Queue`."""

    job_class: ClassVar[type[Job]]
    runtime: Runtime
    _lock: threading.RLock
    _shutting_down = False
    _pool: Pool | None = None
    _ticker: Ticker | None = None
    _recurring: Recurring | None = None

    @overload
    def process(
        self, type: _Types, slots: int = 1, *, shared: bool = False, backoff: GivenBackoff | None = None
    ) -> Callable[[_F], _F]: ...
    @overload
    def process(
        self,
        type: _Types,
        handler: CountedFunction,
        /,
        *,
        shared: bool = False,
        backoff: GivenBackoff | None = None,
    ) -> CountedFunction: ...
    @overload
    def process(  # type: ignore[overload-cannot-match]
        self, type: _Types, handler: _F, /, *, shared: bool = False, backoff: GivenBackoff | None = None
    ) -> _F: ...
    @overload
    def process(
        self,
        type: _Types,
        slots: int,
        handler: CountedFunction,
        *,
        shared: bool = False,
        backoff: GivenBackoff | None = None,
    ) -> CountedFunction: ...
    @overload
    def process(  # type: ignore[overload-cannot-match]
        self, type: _Types, slots: int, handler: _F, *, shared: bool = False, backoff: GivenBackoff | None = None
    ) -> _F: ...
    def process(
        self, type: Any, slots: Any = 1, handler: Any = None, *, shared: bool = False, backoff: Any = None
    ) -> Any:
        """Run the jobs of a type, or of each of several types, with `slots` slots for each type.

        With `shared` the types share these slots: so many of their jobs run at once, and the types take turns.

        The handler takes `(job)`, `(job, done)` or `(job, ctx, done)`, by these names, and is a plain or a coroutine
        function. Returns the handler; without a handler it returns a decorator for one.

        `backoff` is a function of `(attempts, delay)`: how many attempts of a job have failed, and its delay in ms. It
        returns how long the job waits for its next attempt, in ms or as a `timedelta`, whatever backoff the job has. It
        counts for the jobs that these slots run, and is not stored. If it raises, an `error` event reports that, and
        the job waits for its own delay.

        Raises `InvalidHandler`, `InvalidOption`, or `ShutdownInProgress` if the queue is shut down.
        """
        if callable(slots) and handler is None:
            slots, handler = 1, slots
        types = [read_type(one) for one in ([type] if isinstance(type, str) else _listed(type))]
        count, shared = read_whole("slots", slots, least=1), read_flag("shared", shared)
        of_process = None if backoff is None else BackoffFunction(backoff)
        if handler is None:

            def decorate(function: _F) -> _F:
                self.process(types, count, function, shared=shared, backoff=backoff)
                return function

            return decorate
        checked = Handler(handler, of_process)
        with self._lock:
            self._refuse_if_shut_down()
            if self._pool is None:
                self._pool = Pool(self.runtime, self.job_class, Context)
                self._add_duties([*working_duties(self.runtime), self._recurring_duty()])
            types = list(dict.fromkeys(types)) if shared else types
            self._pool.add(types, count, checked, shared=shared and len(types) > 1)
        return handler

    def use(self, middleware: _G) -> _G:
        """Have a generator function run around each handler of this process: `queue.use(fn)`, or as a decorator.

        It takes the job and has one `yield`. What stands before it runs before the handler. The `yield` gives the
        result of the handler, or raises what the handler raised. What leaves the generator is the outcome of the run:
        the result, which it cannot change, an exception, or no result if it swallows one. If it raises before its
        `yield`, the handler is not called. The first function that was registered is the outermost.

        If the run ends before its handler (at its ttl, or by a shutdown), or if its job was cancelled and the handler
        raises, the generator is closed once the handler has returned. For coroutine handlers it runs on the event loop.

        It counts for runs that start from now on. Returns the function. Raises `InvalidHandler` if it is no generator
        function, or `ShutdownInProgress` if the queue is shut down.
        """
        check_middleware(middleware)
        with self._lock:
            self._refuse_if_shut_down()
            self.runtime.middleware.append(middleware)
        return middleware

    @property
    def workers(self) -> list[Worker]:
        """The slots of this process, one for each job that it can run at once. Kue calls a slot a worker."""
        return [] if self._pool is None else self._pool.slots.workers

    def watch_stuck_jobs(self, interval: int | float | timedelta = 1000) -> Self:
        """Repair missing tokens and stuck jobs every `interval` ms. A process with handlers does so anyway.

        Returns the queue. Raises `InvalidOption`, or `ShutdownInProgress` if the queue is shut down.
        """
        every = milliseconds("interval", interval, least=1)
        with self._lock:
            self._refuse_if_shut_down()
            self._add_duties(stuck_job_duties(self.runtime, every))
        return self

    def _add_duties(self, duties: Iterable[Duty]) -> None:
        if self._ticker is None:
            self._ticker = Ticker([], self.runtime.error_reporter, self.runtime.store.now)
            self._ticker.start()
        for duty in duties:
            self._ticker.add(duty)

    def _recurring_duty(self) -> Recurring:
        """The duty of this process for recurring jobs, which it has once, as a worker or as one that said `every`."""
        if self._recurring is None:
            self._recurring = Recurring(self.runtime)
        return self._recurring

    def health(self) -> dict[str, Any]:
        """Facts for probes, as a dict.

        `live`: the threads of this process work. `ready`: Redis answers as well, and the queue takes jobs: it is not
        `shutting_down`, nor `quiet`. `quiet`: no queue of this process takes jobs, since `kue worker` received SIGUSR1
        or still imports the module, or since the process is ending.

        Further: `slots`, `active` (runs), `strays` (handlers that run on past the end of their run), with handlers also
        `connected`, `running` and `stalled_seconds` of the I/O thread, and without them `problem` if Redis does not
        answer. `versions` is how many working processes of each version were seen under the prefix, and
        `newer_protocols` are the protocols that this process does not know; a process with handlers looks three times
        in each lease, and others look now. `problems` are texts about what fails in the background again and again.
        """
        fleet = self.runtime.fleet
        facts: dict[str, Any] = {"slots": 0, "active": 0, "strays": 0}
        quiet = not intake.is_open
        live = ready = not self._shutting_down
        if self._pool is not None:
            facts = self._pool.health()
            live = facts["running"] and facts["stalled_seconds"] < _MAX_STALLED_SECONDS
            ready = live and not self._shutting_down and not quiet and facts["connected"]
        elif ready:
            try:
                fleet.seen(*self.runtime.store.versions())
            except KueError as problem:
                ready, facts["problem"] = False, str(problem)
        facts["problems"] = self.runtime.error_reporter.problems
        facts |= {"versions": dict(fleet.versions), "newer_protocols": sorted(fleet.newer_protocols)}
        state = {"live": bool(live), "ready": bool(ready), "shutting_down": self._shutting_down, "quiet": quiet}
        return state | facts

    def _refuse_if_shut_down(self) -> None:
        if self._shutting_down:
            raise ShutdownInProgress("the queue is shut down; make another with kue.create_queue()")


def _listed(types: Any) -> list[Any]:
    if not isinstance(types, (list, tuple, set, frozenset)) or not types:
        raise InvalidOption(f"type must be a non-empty string or a list of them, not {short_repr(types)}")
    return list(types)
