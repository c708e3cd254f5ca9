"""The queue: makes its parts and connects them, stops them in order, and starts anew in a forked child.

- makes the parts of a queue and connects them
- stops them in order
- registers listeners, and reports what listeners and background threads raise
- starts with fresh connections and threads in a forked child

Options at run time are the duty of `configuring`, creating jobs of `producing`, repeating of `scheduling`, finding of
`finding`, changing many of `bulk`, running of `working`, holding back of `limiting`, counting of `counts`, numbers of
the past of `monitoring`, removing old ones of `purging`.
"""

from __future__ import annotations

import logging
import os
import threading
from datetime import timedelta
from typing import Self, Unpack

import redis as redis_py

from kue.common.clock import TimeBudget, seconds
from kue.common.describe import describe_error, short_repr
from kue.common.emitter import Emitter, Listener
from kue.common.error_reporter import ErrorReporter
from kue.common.names import with_kue_names
from kue.connection.address import RedisAddress, embedded_directory, resolve
from kue.connection.embedded import EmbeddedServer
from kue.errors import ListenerError, ShutdownInProgress
from kue.events.names import QueueEvents
from kue.options.queue import QueueOptions
from kue.options.typed import QueueOptionsDict
from kue.options.values import read_flag, read_type
from kue.queue.bulk import Bulk
from kue.queue.configuring import Configuring
from kue.queue.counts import Counts
from kue.queue.finding import Finding
from kue.queue.limiting import Limiting
from kue.queue.monitoring import Monitoring
from kue.queue.producing import Producing
from kue.queue.purging import PurgingCalls
from kue.queue.registry import Registry
from kue.queue.scheduling import Scheduling
from kue.queue.working import Working
from kue.runtime import Runtime
from kue.store.store import Store

logger = logging.getLogger("kue")
_FINAL_IO_SECONDS = 10.0  # how long a shutdown without a timeout waits for Redis in all
_FINAL_LISTENER_SECONDS = 10.0  # and how long for listeners
_AFTER_TIMEOUT_SECONDS = 1.75  # that a shutdown waits beyond its timeout; it returns two seconds after it at the latest
_FLUSH_SECONDS = 1.0  # how long a process waits at its end until it has added what it counted
queues: Registry[Queue] = Registry()


@with_kue_names
class Queue(
    Configuring, Producing, Scheduling, Finding, Bulk, Working, Limiting, PurgingCalls, Counts, Monitoring, QueueEvents
):
    """A queue in Redis, and the workers of this process for it.

    Options: `redis` (a URL, Kue's dict or a redis-py client; None: the environment variable KUE_REDIS_URL, or else
    redis://127.0.0.1:6379), `prefix` ("q"), `name`, `promotion` ({"interval": ms, "limit": jobs, "lock_ttl": ms}),
    `disable_search`, `job_events`, `job_flags` ({type: {option: value}}), `lease` (ms), `ghost_retries`, `ghost_delay`
    (ms), `max_requeues`, `stuck_after` (ms), `max_connections`, `connect_timeout` (ms), `answer_timeout` (ms),
    `json_default`, `job_defaults` ({option: value}), `stats`, `purge` ({state: ms}), `keep` ({state: jobs}).

    Raises `InvalidOption`, `UnknownOption`, or `InvalidURL` if `redis` cannot be read as an address. Every method that
    asks Redis raises `ConnectionFailed` if Redis cannot be reached, and `RedisRefused` if it answers with an error.
    """

    def __init__(self, *, redis: RedisAddress | None = None, **options: Unpack[QueueOptionsDict]) -> None:
        self._first_options = read = QueueOptions.read(self.job_class.option_module, **options)
        self._server: EmbeddedServer | None = None
        self._lock = threading.RLock()
        self._emitter = Emitter(self._listener_raised)
        self._client: redis_py.Redis | None = None
        directory = embedded_directory(redis)
        if directory is not None:
            self._server = EmbeddedServer(directory or None)
            self._server.start()
        address = resolve(redis if self._server is None else self._server.url)
        self._address = address.with_timeouts(read.connect_timeout, read.answer_timeout)
        self._error_reporter = ErrorReporter(self._emit_error)
        store = Store.at(self._address, read.prefix, read.max_connections)
        self.runtime = Runtime(store, self._emitter, self._error_reporter, read)
        queues.add(self)

    @property
    def name(self) -> str:
        """The option `name`."""
        return self.options.name

    @property
    def id(self) -> str:
        """The name of this process in Redis, with which the worker ids of its runs begin. Each queue has one."""
        return self.runtime.process

    @property
    def owns_server(self) -> bool:
        """Whether the queue started a private server (`redis="embedded:"`), which ends with the queue."""
        return self._server is not None

    @property
    def client(self) -> redis_py.Redis:
        """A redis-py client for the same server, for the application's own use. Replies are bytes.

        The shutdown closes it. Raises `ShutdownInProgress` after that.
        """
        with self._lock:
            if self.runtime.store.connections.closed:
                self._refuse_if_shut_down()
            if self._client is None:
                self._client = self._address.client()
            return self._client

    # shutting down

    def shutdown(
        self, timeout: int | float | timedelta | None = None, type: str | None = None, *, requeue: bool = False
    ) -> None:
        """Stop gracefully: take no more jobs, and wait for running handlers at most `timeout` ms (None: no limit).

        A job that still runs then fails with `Shutdown`, under the rules of its attempts and backoff; with
        `requeue=True` it goes back to its queue. With a `type`, only the workers of that type stop, and the queue goes
        on; a type that is not processed here is no error, as in Kue. If a handler calls it, it returns at once and
        stops the queue in the background.

        With a timeout it returns two seconds after it at the latest, and reports what it could not end: handlers and
        listeners that run on, and outcomes that Redis did not take. Without one, Redis has ten seconds in all.

        Raises `ShutdownInProgress` if the queue is shut down already, and `InvalidOption`.
        """
        limit = seconds("timeout", timeout)
        read_flag("requeue", requeue)
        types = [] if self._pool is None else self._pool.slots.types
        if type is not None and (type := read_type(type)) not in types:
            return
        with self._lock:
            if type is None:
                if self._shutting_down:
                    raise ShutdownInProgress("Shutdown already in progress")
                self._shutting_down = True
                if self._pool is not None:
                    self._pool.close()
        if self._pool is not None and self._pool.is_handler_thread:
            # No daemon, as the threads of handlers are: Python waits for it at the end of the process.
            arguments = (limit, type, requeue)
            threading.Thread(target=self._stop, args=arguments, name="kue-shutdown", daemon=False).start()
        else:
            self._stop(limit, type, requeue)

    def _stop(self, limit: float | None, type: str | None, requeue: bool) -> None:
        budget = TimeBudget(_FINAL_IO_SECONDS if limit is None else limit + _AFTER_TIMEOUT_SECONDS)
        if self._pool is not None:
            # The pool takes no more jobs first, so that the wait for handlers ends. Then it ends the runs still going.
            self._pool.drain(limit, type, budget, requeue=requeue)
        if type is not None:
            return
        if self._pool is not None:
            # The last outcomes are written while the parts that they need still run.
            self._pool.stop(budget)
        if self._ticker is not None:
            budget.spend(self._ticker.stop)
        if self._pool is not None:
            # From here on another process may put back the jobs that are still active under this process's name.
            self._pool.end_lease(budget)
        for companion in self.runtime.companions:
            budget.spend(companion.stop)
        # The subscriber stops after the workers, since it still receives their last events. Listeners run to their end.
        self.runtime.counters.flush_within(min(budget.left, _FLUSH_SECONDS))
        self.runtime.hub.stop(budget if limit is not None else TimeBudget(_FINAL_LISTENER_SECONDS))
        self.runtime.store.connections.close()
        if self._client is not None:
            self._client.close()
        if self._server is not None:
            self._server.stop()
        queues.remove(self)
        self._report_left_running()

    def _report_left_running(self) -> None:
        left = self.runtime.hub.left_running
        strays = 0
        if self._pool is not None:
            left += ["a coroutine that holds up the event loop"] * self._pool.executor.is_held_up
            strays = self._pool.tracker.strays
        # That plain handlers run on is what their deadline means, so it needs no warning.
        level = logging.WARNING if left else logging.INFO
        if strays:
            left.append(f"{strays} {'handler' if strays == 1 else 'handlers'}")
        if left:
            logger.log(level, "the queue is shut down, but these run on: %s", ", ".join(left))

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

    # events

    def _listeners(self) -> Emitter:
        return self._emitter

    def _listened(self, event: str) -> None:
        if event.startswith("job "):
            self.runtime.hub.listen()

    def _emit_error(self, problem: BaseException) -> None:
        if self._emitter.has("error"):
            self.runtime.hub.dispatcher.post(self._emitter.emit, "error", problem)

    def _listener_raised(self, event: str, listener: Listener, problem: BaseException) -> None:
        failure = ListenerError(f"a listener of {short_repr(event)} raised {describe_error(problem)}")
        failure.__cause__ = problem
        if event == "error":
            self._error_reporter.log(failure)
        else:
            self._error_reporter.report(failure)

    def after_fork(self) -> None:
        """In a forked child: use fresh connections and threads. The workers stay with the parent."""
        self._lock = threading.RLock()
        self._client = None
        self._pool = self._ticker = self._recurring = None
        self.runtime.after_fork()
        if any(event.startswith("job ") for event in self._emitter.events()):
            self.runtime.hub.start()


def is_at(queue: Queue, redis: RedisAddress) -> bool:
    """Whether the option `redis` leads to the server of a queue. Raises `InvalidURL` and `InvalidOption`."""
    directory = embedded_directory(redis)
    if directory is None:
        timeouts = queue.options.connect_timeout, queue.options.answer_timeout
        return resolve(redis).with_timeouts(*timeouts).is_same(queue._address)
    return queue._server is not None and queue._server.directory == (directory and os.path.abspath(directory))
