"""The thread that stays subscribed to the events channel.

- subscribes, and subscribes again after the connection broke
- delivers messages, and the remaining ones after `stop`
- runs timers, such as the timeouts of promises

It never waits for the network, so that a Redis that does not answer delays no timer. A second thread makes the calls
that may block: connecting, and queries of jobs.
"""

from __future__ import annotations

import logging
import selectors
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from redis.exceptions import ResponseError

from kue.common.backoff import Backoff
from kue.common.error_reporter import ErrorReporter
from kue.common.flag import Flag
from kue.common.sole_thread import SoleThread
from kue.common.timer_queue import Timer, TimerQueue
from kue.common.wakeup import Wakeup
from kue.connection.connection import Connection
from kue.connection.pool import BROKEN, ConnectionPool, refusal
from kue.errors import KueError, ShutdownInProgress
from kue.events.dispatcher import Dispatcher
from kue.events.subscription import Subscription
from kue.store.commands import Commands

logger = logging.getLogger("kue")
_T = TypeVar("_T")
_ENSURE_SECONDS = 20.0  # longer than an attempt takes to fail by itself, since its error names the reason
_MAX_WAIT_SECONDS = 15.0
_LAST_REPLY_SECONDS = 1.0


class Subscriber:
    """The subscription of one queue. It starts with the first `ensure` or `start`, and ends with `stop`.

    It calls `on_message` with every message, `on_return` when a lost subscription is set up again, and `on_end` after
    the last message. These and the timers run on its thread.
    """

    def __init__(
        self,
        connections: ConnectionPool,
        commands: Commands,
        error_reporter: ErrorReporter,
        on_message: Callable[[bytes], None],
        on_return: Callable[[], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._connections = connections
        self._commands = commands
        self._error_reporter = error_reporter
        self._on_message = on_message
        self._on_return = on_return
        self._on_end = on_end
        self._timers = TimerQueue()
        self._answers: deque[Callable[[], object]] = deque()
        self._second_thread = Dispatcher(name="kue-asking")
        self._thread = SoleThread(self._run, name="kue-events")
        self._subscribed = Flag()
        self._was_subscribed = False
        self.subscribed_since: float | None = None  # by the monotonic clock; None while there is no subscription
        self._failure: KueError | None = None
        self._attempted = Flag()
        self._stopping = False
        self._wakeup = Wakeup()

    def ensure(self, timeout: float = _ENSURE_SECONDS) -> None:
        """Wait until the subscription is set up. Raises `ConnectionFailed`, `RedisRefused` or `ShutdownInProgress`."""
        if self._subscribed.is_set():
            return
        if self._stopping:
            raise ShutdownInProgress("the queue is shut down, and receives no more events")
        self._attempted.clear()
        self.start()
        self._wakeup.wake()
        if self.is_current:
            return
        deadline = time.monotonic() + timeout
        while not self._subscribed.is_set():
            left = deadline - time.monotonic()
            if left <= 0 or (self._attempted.wait(min(left, 0.2)) and not self._subscribed.is_set() and self._failure):
                raise self._failure or self._connections.unreachable(TimeoutError(f"no answer in {timeout:g} s"))

    def start(self) -> None:
        """Start to subscribe, without waiting for the subscription."""
        if not self._stopping:
            self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return self._thread.is_current

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        """Make a call on this thread in `delay` seconds. `ensure` or `start` must have been called before."""
        timer = self._timers.add(delay, call)
        if not self.is_current:
            self._wakeup.wake()
        return timer

    def fetch(self, ask: Callable[[], _T], then: Callable[[_T], object]) -> None:
        """Call `ask` on the second thread, then `then` with its result on this. `ask` may block, but must not raise.

        The messages that have arrived before the result are delivered before it.
        """

        def call() -> None:
            answer = ask()
            self._answers.append(lambda: then(answer))
            self._wakeup.wake()

        self._second_thread.post(call)

    def _pass_answers(self) -> None:
        while self._answers:
            self._timers.add(0, self._answers.popleft())

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive

    def stop(self, timeout: float = 5.0) -> None:
        """End the subscription and the threads. Waits up to `timeout` seconds for that, except on the thread itself."""
        self._stopping = True
        started = self._thread.retire()
        self._wakeup.wake()
        deadline = time.monotonic() + timeout
        if started:
            self._thread.join(timeout)
        else:
            self._wakeup.close()
        self._second_thread.stop(max(0.0, min(_LAST_REPLY_SECONDS, deadline - time.monotonic())))

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stopping:
            try:
                self._listen(backoff)
            except BaseException as problem:  # thrown into this thread, too late for the callback of a promise
                self._error_reporter.unexpected("events", problem)
                self._wait(backoff.next(), lambda: self._stopping)
        self._on_end()
        self._wakeup.close()

    def _listen(self, backoff: Backoff) -> None:
        """Subscribe, and deliver messages until the connection breaks. If there is no connection, wait a little."""
        try:
            connection = self._connect()
        except KueError as problem:
            self._failure = problem
            self._attempted.set()
            self._error_reporter.outage_began("events", problem)
            self._wait(backoff.next(), lambda: not self._attempted.is_set())
            return
        if connection is None:
            self._failure = ShutdownInProgress("the queue is shut down")
            self._attempted.set()  # for a thread that waits for the subscription
            return
        subscription = Subscription(
            connection,
            self._commands,
            self._timers,
            self._wakeup,
            deliver=self._deliver,
            caught_up=self._pass_answers,
            stopping=lambda: self._stopping,
        )
        try:
            returning, self._was_subscribed = self._was_subscribed, True
            self._failure = None
            self.subscribed_since = time.monotonic()
            self._subscribed.set()
            self._attempted.set()
            self._error_reporter.outage_ended("events")
            backoff.reset()
            if returning:
                self._on_return()
            subscription.listen()
        except (*BROKEN, KueError) as problem:
            self._error_reporter.outage_began("events", self._connections.lost(problem, subscription.received_at))
        finally:
            self._subscribed.clear()
            self.subscribed_since = None
            connection.close()

    def _connect(self) -> Connection | None:
        """Subscribe on the second thread, and run timers meanwhile. None if `stop` was called before that was done."""
        attempt: Future[Connection] = Future()
        self._second_thread.post(self._try_to_subscribe, attempt)
        while not self._stopping and not attempt.done():
            self._wait(_MAX_WAIT_SECONDS, attempt.done)
        if self._stopping:  # an attempt that has given up for that reason is no failure to report
            attempt.add_done_callback(_close)
            return None
        return attempt.result()

    def _try_to_subscribe(self, attempt: Future[Connection]) -> None:
        try:
            if self._stopping:
                raise ShutdownInProgress("the queue is shut down")
            attempt.set_result(self._subscribe())
        except BaseException as problem:
            attempt.set_exception(problem)
        self._wakeup.wake()

    def _subscribe(self) -> Connection:
        connection = self._connections.open()
        try:
            reply = connection.exchange([self._commands.subscribe()])[0]
        except BROKEN as broken:
            connection.close()
            raise self._connections.unreachable(broken) from broken
        if isinstance(reply, ResponseError):
            connection.close()
            raise refusal(reply)
        return connection

    def _deliver(self, message: bytes) -> None:
        try:
            self._on_message(message)
        except BaseException:  # even sys.exit() in a promise's callback: all share the thread
            logger.exception("an event's call failed")

    def _wait(self, max_seconds: float, over: Callable[[], bool]) -> None:
        """Run timers until `over` returns True, or for `max_seconds`."""
        deadline = time.monotonic() + max_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup, selectors.EVENT_READ)
            while not (self._stopping or over()) and (left := deadline - time.monotonic()) > 0:
                if selector.select(self._timers.wait(left)):
                    self._wakeup.clear()
                self._pass_answers()
                self._timers.run_due()


def _close(attempt: Future[Connection]) -> None:
    if attempt.exception() is None:
        attempt.result().close()
