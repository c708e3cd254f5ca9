"""The queue: creates jobs, runs workers, tells events and counts. It wires the rooms together."""

from __future__ import annotations

import inspect
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Self, TypeVar, overload

import redis as redis_py

from kue.common.clock import TimeBudget, milliseconds, seconds
from kue.common.describe import describe_error, short_repr
from kue.common.emitter import Emitter, Listener
from kue.common.error_reporter import ErrorReporter
from kue.common.listenable import Listenable
from kue.connection.address import embedded_directory, resolve
from kue.connection.embedded import EmbeddedServer
from kue.errors import InvalidOption, KueError, ListenerError, ShutdownInProgress, UnknownOption
from kue.jobs.job import Job
from kue.jobs.saving import save_all
from kue.maintenance.duties import stuck_job_duties, working_duties
from kue.maintenance.ticker import Duty, Ticker
from kue.options import QueueOptions, read_queue_options, read_type, whole
from kue.queue.counts import Counts
from kue.runtime import Runtime
from kue.store.store import Store
from kue.test_mode import TestMode
from kue.worker.handler import Function, Handler
from kue.worker.pool import Pool
from kue.worker.slots import Worker

_F = TypeVar("_F", bound=Function)
_J = TypeVar("_J", bound=Job)
_LAST_WORDS = 10.0  # seconds for Redis to answer what a shutdown asks of it
_living: weakref.WeakSet[Queue] = weakref.WeakSet()


class Queue(Counts, Listenable):
    """A queue in Redis, and the workers of this process for it.

    Options: `redis` (a URL, Kue's dict, a redis-py client; None: KUE_REDIS_URL, else redis://127.0.0.1:6379), `prefix`
    ("q"), `name`, `promotion` ({"interval": ms, "limit": jobs, "lock_ttl": ms}), `disable_search`, `job_events`,
    `job_flags` ({type: {option: value}}), `lease` (ms), `stuck_after` (ms), `json_default`. Raises `InvalidOption`.
    """

    job_class: ClassVar[type[Job]] = Job

    def __init__(self, *, redis: Any = None, **options: Any) -> None:
        self.options: QueueOptions = read_queue_options(**_known(options))
        self._server: EmbeddedServer | None = None
        self._lock = threading.RLock()
        self._emitter = Emitter(self._listener_raised)
        self._client: redis_py.Redis | None = None
        self._shutting_down = False
        directory = embedded_directory(redis)
        if directory is not None:
            self._server = EmbeddedServer(directory or None)
            self._server.start()
        self._address = resolve(redis if self._server is None else self._server.url)
        self._pool: Pool | None = None
        self._ticker: Ticker | None = None
        self._error_reporter = ErrorReporter(self._emit_error)
        store = Store.at(self._address, self.options.prefix)
        self._runtime = Runtime(store, self._emitter, self._error_reporter, self.options)
        _living.add(self)

    @property
    def runtime(self) -> Runtime:
        """What the jobs of this queue share."""
        return self._runtime

    @property
    def name(self) -> str:
        return self.options.name

    @property
    def client(self) -> redis_py.Redis:
        """A redis-py client for the same server (replies as bytes), for the application's own use."""
        with self._lock:
            if self._client is None:
                self._client = self._address.client()
            return self._client

    # jobs

    def create(self, type: str, data: Any = None, **options: Any) -> Job:
        """A new job, not yet saved. Raises `InvalidOption`, `UnknownOption`."""
        return self.job_class.create(self._runtime, type, data, options)

    create_job = create

    def save_all(self, jobs: Iterable[_J]) -> list[_J]:
        """Save many new jobs, some hundred to a round trip; ids in order.

        Raises `InvalidJobData` before anything is written, and `SaveInterrupted`, whose `saved` holds what was saved.
        """
        return save_all(self._runtime, jobs)

    @property
    def test_mode(self) -> TestMode[Job]:
        """Collects jobs instead of saving them: `enter`, `exit`, `clear`, `jobs`."""
        return self._runtime.test_mode

    # workers

    @overload
    def process(self, type: str | Sequence[str], slots: int = 1) -> Callable[[_F], _F]: ...
    @overload
    def process(self, type: str | Sequence[str], handler: _F, /) -> _F: ...
    @overload
    def process(self, type: str | Sequence[str], slots: int, handler: _F) -> _F: ...
    def process(self, type: Any, slots: Any = 1, handler: Any = None) -> Any:
        """Run jobs of a type, or of each of several, with so many slots for each type.

        The handler is `(job)`, `(job, done)` or `(job, ctx, done)`, a plain or a coroutine function; without one this
        decorates. Raises `InvalidHandler`, `InvalidOption`, `ShutdownInProgress`.
        """
        if callable(slots):
            slots, handler = 1, slots
        types = [read_type(one) for one in ([type] if isinstance(type, str) else _listed(type))]
        count = whole("slots", slots, least=1)
        if handler is None:

            def decorate(function: _F) -> _F:
                self.process(types, count, function)
                return function

            return decorate
        checked = Handler(handler)
        with self._lock:
            self._refuse_when_shut_down()
            if self._pool is None:
                self._pool = Pool(self._runtime, self.job_class)
                self._tick(working_duties(self._runtime))
            self._pool.add(types, count, checked)
        return handler

    @property
    def workers(self) -> list[Worker]:
        """The slots of this process, one for each job it can run at once."""
        return [] if self._pool is None else self._pool.workers

    def watch_stuck_jobs(self, interval: int | float | timedelta = 1000) -> Self:
        """Put back missing tokens and stuck jobs every `interval` (ms). A process that works does so anyway."""
        every = milliseconds("interval", interval, least=1)
        with self._lock:
            self._refuse_when_shut_down()
            self._tick(stuck_job_duties(self._runtime, every))
        return self

    def _tick(self, duties: Iterable[Duty]) -> None:
        if self._ticker is None:
            self._ticker = Ticker([], self._error_reporter, self._runtime.store.clock)
            self._ticker.start()
        for duty in duties:
            self._ticker.add(duty)

    def health(self) -> dict[str, Any]:
        """For probes: `live` (the threads of this process are well) and `ready` (Redis answers, and it takes jobs)."""
        facts: dict[str, Any] = {"slots": 0, "active": 0, "strays": 0}
        live = ready = not self._shutting_down
        if self._pool is not None:
            facts = self._pool.health()
            live = facts["running"] and facts["stalled_seconds"] < 30
            ready = live and not self._shutting_down and facts["connected"]
        elif ready:
            try:
                self._runtime.store.connections.call("PING")
            except KueError as problem:
                ready, facts["problem"] = False, str(problem)
        return {"live": bool(live), "ready": bool(ready), "shutting_down": self._shutting_down, **facts}

    # the end

    def shutdown(
        self, timeout: int | float | timedelta | None = None, type: str | None = None, *, requeue: bool = False
    ) -> None:
        """Stop gracefully: wait for running handlers, at most `timeout` (ms; None: as long as they take).

        What still runs then fails with `Shutdown` (attempts and backoff apply), or goes back to its queue with
        `requeue=True`. With a `type`, only the workers of that type stop, and the queue goes on. Called from a handler,
        it returns at once and goes on in the background. Raises `ShutdownInProgress`.
        """
        limit = seconds("timeout", timeout)
        if not isinstance(requeue, bool):
            raise InvalidOption(f"requeue must be True or False, not {short_repr(requeue)}")
        if type is not None and (self._pool is None or read_type(type) not in self._pool.types):
            raise InvalidOption(
                f"type {short_repr(type)} is not processed here; there are {self._pool.types if self._pool else []}"
            )
        with self._lock:
            if type is None:
                if self._shutting_down:
                    raise ShutdownInProgress("Shutdown already in progress")
                self._shutting_down = True
        if self._pool is not None and self._pool.is_handler_thread:
            threading.Thread(target=self._stop, args=(limit, type, requeue), name="kue-shutdown").start()
        else:
            self._stop(limit, type, requeue)

    def _stop(self, limit: float | None, type: str | None, requeue: bool) -> None:
        budget = TimeBudget(_LAST_WORDS)
        if self._pool is not None:
            # Nothing new is taken, so that the wait for handlers ends; what outlasts it is failed or put back.
            self._pool.drain(limit, type, budget, requeue=requeue)
        if type is not None:
            return
        if self._pool is not None:
            # Outcomes before anything they need is gone.
            self._pool.stop(budget)
        if self._ticker is not None:
            budget.spend(self._ticker.stop)
        if self._pool is not None:
            # After this another process may put back whatever is still active under our name.
            self._pool.end_lease(budget)
        # The subscriber after the workers, whose last events it still hears; then the listeners, who run to their end.
        self._runtime.hub.stop()
        self._runtime.store.connections.close()
        if self._client is not None:
            self._client.close()
        if self._server is not None:
            self._server.stop()
        _living.discard(self)

    close = shutdown

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if not self._shutting_down:
            self.shutdown()

    @property
    def is_shut_down(self) -> bool:
        """Whether `shutdown` was called."""
        return self._shutting_down

    def _refuse_when_shut_down(self) -> None:
        if self._shutting_down:
            raise ShutdownInProgress("the queue is shut down; make another with kue.create_queue()")

    # events

    def _listeners(self) -> Emitter:
        return self._emitter

    def _listened(self, event: str) -> None:
        if event.startswith("job "):
            self._runtime.hub.listen()

    def _emit_error(self, problem: BaseException) -> None:
        if self._emitter.has("error"):
            self._runtime.hub.dispatcher.post(self._emitter.emit, "error", problem)

    def _listener_raised(self, event: str, listener: Listener, problem: BaseException) -> None:
        failure = ListenerError(f"a listener of {short_repr(event)} raised {describe_error(problem)}")
        failure.__cause__ = problem
        if event == "error":
            self._error_reporter.log(failure)
        else:
            self._error_reporter.report(failure)

    def _after_fork(self) -> None:
        """In a forked child: fresh connections and threads; workers stay with the parent."""
        self._lock = threading.RLock()
        self._client = None
        self._pool = self._ticker = None
        self._runtime.after_fork()
        if any(event.startswith("job ") for event in self._emitter.events()):
            self._runtime.hub.start()


def living_queues() -> list[Queue]:
    """The queues of this process that are not shut down."""
    return list(_living)


def _known(options: Mapping[str, Any]) -> Mapping[str, Any]:
    known = inspect.signature(read_queue_options).parameters
    for name in options:
        if name not in known:
            raise UnknownOption(f"there is no queue option {short_repr(name)}; there are redis, {', '.join(known)}")
    return options


def _listed(types: Any) -> list[Any]:
    if not isinstance(types, (list, tuple, set, frozenset)) or not types:
        raise InvalidOption(f"type must be a non-empty string or a list of them, not {short_repr(types)}")
    return list(types)


def _after_fork_in_child() -> None:
    for queue in living_queues():
        queue._after_fork()


os.register_at_fork(after_in_child=_after_fork_in_child)
