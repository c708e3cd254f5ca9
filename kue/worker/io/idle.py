"""Lets the I/O thread sleep until a token comes, another thread wakes it, or its time is up."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Protocol

from kue.common.wakeup import Wakeup
from kue.connection.connection import Command, Connection
from kue.connection.pool import ConnectionPool
from kue.store.commands import Commands
from kue.worker.io.token_wait import BLOCK_SECONDS, TokenWait

_FAKE_POLL_SECONDS = 0.02  # between two checks of the queues without a socket to poll
_GRACE_SECONDS = 8.0  # that the reply to a BLPOP may be late, before its connection counts as broken


class TokenListener(Protocol):
    """Is called when a token came, or when none came in time."""

    def token(self, type: str) -> None:
        """A token came."""

    def look(self, types: set[str]) -> None:
        """It is time to look for jobs of these types without a token, in case one is missing."""


class IdleWait:
    """Any thread may call `wake`, only the I/O thread the rest."""

    listener: TokenListener

    def __init__(self, connections: ConnectionPool, commands: Commands, stopping: Callable[[], bool]) -> None:
        self._commands = commands
        self._stopping = stopping
        self._wakeup = Wakeup()
        self._token_wait = TokenWait(connections, commands)
        self._asleep = False
        self._woken = False
        self._unblocked = False  # whether a command that ends the outstanding wait was made
        self._waiting_since = 0.0
        self.refused: set[str] = set()  # types whose wait Redis refused, maybe because of another one's list
        self._poll = select.poll()
        self._poll.register(self._wakeup, select.POLLIN)
        self._polled_fd: int | None = None

    def wake(self) -> None:
        """Something changed that the I/O thread should see."""
        self._woken = True
        if self._asleep:
            self._asleep = False  # one byte wakes it
            self._wakeup.wake()

    def clear_wakes(self) -> None:
        """Forget earlier calls of `wake`: the round that begins now does what they asked for."""
        self._woken = False

    def open(self) -> None:
        """Connect. Raises `ConnectionFailed`."""
        self._token_wait.open()
        if self._token_wait.connection is not None and self._token_wait.connection.socket is not None:
            self._polled_fd = self._token_wait.connection.socket.fileno()
            self._poll.register(self._polled_fd, select.POLLIN)

    def disconnect(self) -> None:
        """Close the connection."""
        self._unblocked = False
        if self._polled_fd is not None:  # by its number, since a broken connection has no socket any more
            self._poll.unregister(self._polled_fd)
            self._polled_fd = None
        self._token_wait.close()

    def close(self) -> None:
        self._wakeup.close()

    def renew(self, wanted: set[str]) -> Command | None:
        """Have a wait outstanding for every type wanted. Returns the command, if any, that must be sent for that."""
        waited = self._token_wait.types
        if not waited:
            if wanted:
                self._token_wait.wait_for(wanted)
                self._waiting_since = time.monotonic()
        elif wanted - waited and not self._unblocked:
            command = self._token_wait.unblock()
            self._unblocked = command is not None
            return command
        return None

    def poll(self) -> None:
        """Take in what has come, without sleeping."""
        if self._token_wait.types:
            self._wait(0)

    def sleep(self, seconds: Callable[[float], float], idle_types: Callable[[], set[str]]) -> None:
        """Sleep until a token comes or `wake` is called; not at all if it was called since `clear_wakes`.

        `seconds` is given the longest time to sleep, and returns a shorter one if a timer is due before.
        """
        real = self._token_wait.connection is not None
        self._asleep = True
        try:
            if not (self._woken or self._stopping()):
                self._wait(seconds(BLOCK_SECONDS if real else _FAKE_POLL_SECONDS))
        finally:
            self._asleep = False
        if not real:
            self.listener.look(idle_types())

    def sleep_beside(self, connection: Connection, seconds: Callable[[float], float]) -> None:
        """Like `sleep`, but until something comes on this connection as well, also during a stop."""
        if connection.holds_read_ahead:
            return
        assert connection.socket is not None
        self._poll.register(connection.socket, select.POLLIN)
        self._asleep = True
        try:
            if not self._woken:
                self._wait(seconds(BLOCK_SECONDS))
        finally:
            self._asleep = False
            self._poll.unregister(connection.socket)

    def nap(self, seconds: float) -> None:
        """Sleep without a connection."""
        self._asleep = True
        if not (self._woken or self._stopping()):
            self._poll.poll(1000 * seconds)
        self._asleep = False
        self._wakeup.clear()

    def give_back(self, connection: Connection) -> None:
        """End the outstanding wait for good, and give back a token that it received meanwhile."""
        if not self._token_wait.types:
            return
        # Even if the wait was unblocked before: that command may have reached Redis before the BLPOP did.
        command = self._token_wait.unblock()
        if command is not None:
            connection.exchange([command])
        _, type = self._token_wait.receive()
        if type is not None:
            connection.exchange([self._commands.give_token(type)])

    def _wait(self, timeout: float) -> None:
        """Wait for the reply to the outstanding wait, or until woken, at most `timeout` seconds."""
        connection = self._token_wait.connection
        if connection is not None and self._token_wait.types and connection.holds_read_ahead:
            self._receive()
            return
        readable = False
        for fd, _ in self._poll.poll(timeout * 1000):
            if fd == self._wakeup.fileno():
                self._wakeup.clear()
            elif fd == self._polled_fd:
                readable = True
        if readable:
            self._receive()
        elif self._token_wait.types and time.monotonic() - self._waiting_since > BLOCK_SECONDS + _GRACE_SECONDS:
            raise TimeoutError("no answer to a blocking pop")

    def _receive(self) -> None:
        if not self._token_wait.types:
            raise ConnectionError("the waiting connection was closed")
        self.refused |= self._token_wait.types
        waited, type = self._token_wait.receive()
        self.refused -= waited if type is None else {type}  # BLPOP does not check the lists behind the first token
        ended_here, self._unblocked = self._unblocked, False
        if type is not None:
            self.listener.token(type)
        elif not ended_here:  # the time was up
            self.listener.look(waited)
