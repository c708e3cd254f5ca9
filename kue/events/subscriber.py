"""The thread that stays subscribed to the events channel, and subscribes again after a dropped connection."""

from __future__ import annotations

import contextlib
import logging
import selectors
import threading
import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import ConnectionError, ResponseError

from kue.common.later import Timer, Timers
from kue.common.reconnect import Backoff
from kue.common.trouble import Trouble
from kue.common.wakeup import Wakeup
from kue.errors import ConnectionFailed, KueError, ShutdownInProgress
from kue.store.connection import BROKEN, Connections, refusal
from kue.store.link import Link

logger = logging.getLogger("kue")
_PING_AFTER = 15.0
_FAKE_POLL = 0.005
_LAST_WORDS = 1.0
_LAST = b"the end"


class Subscriber:
    """Feeds `on_message` with every message of a channel; `on_return` is told when a lost subscription stands again,
    `on_end` when the last message has been heard.

    Starts with the first `ensure` and ends with `stop`. Timers and posted calls run on the same thread.
    """

    def __init__(
        self,
        connections: Connections,
        channel: str,
        trouble: Trouble,
        on_message: Callable[[bytes], None],
        on_return: Callable[[], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._connections = connections
        self._channel = channel
        self._trouble = trouble
        self._on_message = on_message
        self._on_return = on_return
        self._on_end = on_end
        self._timers = Timers()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._subscribed = threading.Event()
        self._failure: KueError | None = None
        self._tried = threading.Event()
        self._stopping = False
        self._wakeup = Wakeup()
        self._heard_at = 0.0

    def ensure(self, timeout: float = 10.0) -> None:
        """Return when the subscription stands. Raises `ConnectionFailed`, `RedisRefused` or `ShutdownInProgress`."""
        if self._subscribed.is_set():
            return
        if self._stopping:
            raise ShutdownInProgress("the queue is shut down, and hears no more events")
        self._tried.clear()
        self.start()
        self._wakeup.wake()
        if threading.current_thread() is self._thread:
            return
        deadline = time.monotonic() + timeout
        while not self._subscribed.is_set():
            left = deadline - time.monotonic()
            if left <= 0 or (self._tried.wait(min(left, 0.2)) and not self._subscribed.is_set() and self._failure):
                raise self._failure or ConnectionFailed(
                    f"no subscription to {self._connections.address} in {timeout:g} s"
                )

    def start(self) -> None:
        """Begin to subscribe, without waiting for it."""
        with self._lock:
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._run, name="kue-events", daemon=True)
                self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return threading.current_thread() is self._thread

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        """Make a call on this thread after `delay` seconds; the thread must have been started by `ensure`."""
        timer = self._timers.add(delay, call)
        if not self.is_current:
            self._wakeup.wake()
        return timer

    def stop(self, timeout: float = 5.0) -> None:
        """End the subscription and the thread; from the thread itself it does not wait."""
        with self._lock:
            self._stopping = True
            thread = self._thread
        self._wakeup.wake()
        if thread is None:
            self._wakeup.close()
        elif not self.is_current:
            thread.join(timeout)

    def _run(self) -> None:
        backoff = Backoff()
        returning = False
        while not self._stopping:
            try:
                link = self._subscribe()
            except KueError as problem:
                self._failure = problem
                self._tried.set()
                self._trouble.began("events", problem)
                self._pause(backoff.next())
                continue
            try:
                self._failure = None
                self._subscribed.set()
                self._tried.set()
                self._trouble.ended("events")
                backoff.reset()
                if returning:
                    self._on_return()
                self._listen(link)
            except (*BROKEN, KueError) as problem:
                self._trouble.began("events", self._connections.lost(problem))
            finally:
                self._subscribed.clear()
                link.close()
            returning = True
        self._on_end()
        self._wakeup.close()

    def _subscribe(self) -> Link:
        link = self._connections.open()
        try:
            reply = link.exchange([("SUBSCRIBE", self._channel)])[0]
        except BROKEN as broken:
            link.close()
            raise self._connections.lost(broken) from broken
        if isinstance(reply, ResponseError):
            link.close()
            raise refusal(reply)
        return link

    def _listen(self, link: Link) -> None:
        self._heard_at = time.monotonic()
        pinged = False
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup, selectors.EVENT_READ)
            sock = link.socket
            if sock is not None:
                selector.register(sock, selectors.EVENT_READ)
            longest = _PING_AFTER if sock is not None else _FAKE_POLL
            while not self._stopping:
                if selector.select(self._timers.wait(longest)):
                    self._wakeup.clear()
                while link.has_buffered() and not self._stopping:
                    self._hear(link)
                    pinged = False
                self._timers.run_due()
                silence = time.monotonic() - self._heard_at
                if sock is not None and silence >= _PING_AFTER:
                    if pinged and silence >= 2 * _PING_AFTER:
                        raise ConnectionError(f"no answer for {silence:.0f} s")
                    if not pinged:
                        link.send([("PING",)])
                        pinged = True
            self._hear_out(link, selector)

    def _hear_out(self, link: Link, selector: selectors.BaseSelector) -> None:
        """What was published before `stop` is still heard: it comes before the answer to a last PING."""
        deadline = time.monotonic() + _LAST_WORDS
        with contextlib.suppress(*BROKEN):
            if link.socket is not None:
                link.send([("PING", _LAST)])
            while (left := deadline - time.monotonic()) > 0:
                if link.has_buffered():
                    if self._hear(link) == [b"pong", _LAST]:
                        return
                elif link.socket is None:
                    return
                elif selector.select(left):
                    self._wakeup.clear()

    def _hear(self, link: Link) -> Any:
        """Read one reply; a message is told."""
        reply = link.read()
        self._heard_at = time.monotonic()
        if isinstance(reply, list) and reply[0] == b"message":
            self._tell(reply[2])
        return reply

    def _tell(self, message: bytes) -> None:
        try:
            self._on_message(message)
        except BaseException:  # also sys.exit() in a promise's callback: the thread belongs to all
            logger.exception("an event's call failed")

    def _pause(self, seconds: float) -> None:
        """Wait, running timers meanwhile; a new caller of `ensure` ends the wait."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup, selectors.EVENT_READ)
            while not self._stopping and (left := deadline - time.monotonic()) > 0:
                if selector.select(self._timers.wait(left)):
                    self._wakeup.clear()
                    if not self._tried.is_set():
                        return
                self._timers.run_due()
