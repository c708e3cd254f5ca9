"""Reads the messages of one connection that is subscribed to the channel, and pings the server if it is silent."""

from __future__ import annotations

import contextlib
import selectors
import time
from collections.abc import Callable
from typing import Any

from kue.common.timer_queue import TimerQueue
from kue.common.wakeup import Wakeup
from kue.connection.connection import Connection
from kue.connection.pool import BROKEN
from kue.connection.reply_reader import NOT_YET
from kue.store.commands import Commands

_PING_AFTER_SECONDS = 15.0
_MAX_MESSAGES_IN_A_ROW = 1000  # so that a flood does not keep answers waiting for long
_FAKE_POLL_SECONDS = 0.005  # fakeredis has no socket to wait on
_LAST_REPLY_SECONDS = 1.0
_LAST_PING = b"the end"


class Subscription:
    """For the subscriber's thread, whose timers it runs while it listens. It calls `deliver` with every message.

    It calls `caught_up` when the messages that had arrived are delivered.
    """

    def __init__(
        self,
        connection: Connection,
        commands: Commands,
        timers: TimerQueue,
        wakeup: Wakeup,
        *,
        deliver: Callable[[bytes], None],
        caught_up: Callable[[], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._connection = connection
        self._commands = commands
        self._timers = timers
        self._wakeup = wakeup
        self._deliver = deliver
        self._caught_up = caught_up
        self._stopping = stopping
        self.received_at = time.monotonic()

    def listen(self) -> None:
        """Deliver messages until `stopping` returns True.

        Raises what the connection raises if it breaks, and `TimeoutError` if the server does not answer a ping.
        """
        pinged = is_behind = False
        sock = self._connection.socket
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup, selectors.EVENT_READ)
            if sock is not None:
                selector.register(sock, selectors.EVENT_READ)
            max_seconds = _PING_AFTER_SECONDS if sock is not None else _FAKE_POLL_SECONDS
            while not self._stopping():
                for ready, _ in selector.select(0 if is_behind else self._timers.wait(max_seconds)):
                    if ready.fileobj is self._wakeup:
                        self._wakeup.clear()
                for _ in range(_MAX_MESSAGES_IN_A_ROW):
                    is_behind = not self._stopping() and self._receive() is not NOT_YET
                    if not is_behind:
                        break
                    pinged = False
                    self._timers.run_due()
                self._caught_up()
                self._timers.run_due()
                silence = time.monotonic() - self.received_at
                if sock is not None and silence >= _PING_AFTER_SECONDS:
                    if pinged and silence >= 2 * _PING_AFTER_SECONDS:
                        raise TimeoutError(f"no answer for {silence:.0f} s")
                    if not pinged:
                        self._connection.send([self._commands.ping()])
                        pinged = True
            self._deliver_remaining(selector)

    def _deliver_remaining(self, selector: selectors.BaseSelector) -> None:
        """Deliver what was published before the stop: it arrives before the reply to a last PING."""
        deadline = time.monotonic() + _LAST_REPLY_SECONDS
        with contextlib.suppress(*BROKEN):
            if self._connection.socket is not None:
                self._connection.send([self._commands.ping(_LAST_PING)])
            while (left := deadline - time.monotonic()) > 0:
                if (reply := self._receive()) is not NOT_YET:
                    if reply == [b"pong", _LAST_PING]:
                        return
                elif self._connection.socket is None:
                    return
                elif selector.select(left):
                    self._wakeup.clear()

    def _receive(self) -> Any:
        """Read one reply, and deliver it if it is a message. `NOT_YET` if it has not arrived as a whole."""
        reply = self._connection.read_if_complete()
        if reply is NOT_YET:
            return reply
        self.received_at = time.monotonic()
        if isinstance(reply, list) and reply[0] == b"message":
            self._deliver(reply[2])
        return reply
