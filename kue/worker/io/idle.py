"""Where the I/O thread sleeps: until a token comes, another thread wakes it, or its time is up."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Protocol

from kue.common.wakeup import Wakeup
from kue.connection.connection import Command, Connection
from kue.connection.pool import ConnectionPool
from kue.store.commands import Commands
from kue.worker.io.token_wait import BLOCK, TokenWait

_FAKE_POLL = 0.02
_PATIENCE = 8.0


class TokenListener(Protocol):
    """What is called when a token came, or did not come."""

    def token(self, type: str) -> None:
        """A token came."""

    def look(self, types: set[str]) -> None:
        """It is time to look at the queues of these types without a token."""


class IdleWait:
    """`wake` is for any thread, the rest for the I/O thread."""

    listener: TokenListener

    def __init__(self, connections: ConnectionPool, commands: Commands, stopping: Callable[[], bool]) -> None:
        self._commands = commands
        self._stopping = stopping
        self._wakeup = Wakeup()
        self._token_wait = TokenWait(connections, commands)
        self._asleep = False
        self._woken = False
        self._unblocked = False
        self._waiting_since = 0.0
        self.refused: set[str] = set()  # types whose last wait Redis refused, maybe for another one's sake
        self._poll = select.poll()
        self._poll.register(self._wakeup, select.POLLIN)
        self._watched: int | None = None

    def wake(self) -> None:
        """Something changed that the I/O thread should see."""
        self._woken = True
        if self._asleep:
            self._asleep = False  # once is enough
            self._wakeup.wake()

    def stay_awake(self) -> None:
        """What woke it before now is being seen to."""
        self._woken = False

    def open(self) -> None:
        """Connect. Raises `ConnectionFailed`."""
        self._token_wait.open()
        if self._token_wait.connection is not None and self._token_wait.connection.socket is not None:
            self._watched = self._token_wait.connection.socket.fileno()
            self._poll.register(self._watched, select.POLLIN)

    def disconnect(self) -> None:
        """The connection is of no use any more."""
        self._unblocked = False
        if self._watched is not None:  # by its number: a broken connection has dropped its socket by now
            self._poll.unregister(self._watched)
            self._watched = None
        self._token_wait.close()

    def close(self) -> None:
        self._wakeup.close()

    def renew(self, wanted: set[str]) -> Command | None:
        """Have an outstanding wait for every type wanted; the command to send for that, if any."""
        waited = self._token_wait.types
        if not waited:
            if wanted:
                self._token_wait.wait_for(wanted)
                self._waiting_since = time.monotonic()
        elif wanted - waited and not self._unblocked:
            self._unblocked = True
            return self._token_wait.unblock()
        return None

    def look(self) -> None:
        """Take in what has come, without sleeping."""
        if self._token_wait.types:
            self._see_to(0)

    def sleep(self, seconds: Callable[[float], float], idle_types: Callable[[], set[str]]) -> None:
        """Sleep, at most for what `seconds` makes of the longest that is good, unless woken since `stay_awake`."""
        real = self._token_wait.connection is not None
        self._asleep = True
        try:
            if not (self._woken or self._stopping()):
                self._see_to(seconds(BLOCK if real else _FAKE_POLL))
        finally:
            self._asleep = False
        if not real:
            self.listener.look(idle_types())

    def nap(self, seconds: float) -> None:
        """Sleep without a connection."""
        self._asleep = True
        if not (self._woken or self._stopping()):
            self._poll.poll(1000 * seconds)
        self._asleep = False
        self._wakeup.clear()

    def give_back(self, connection: Connection) -> None:
        """Before the end: no token may be lost in the outstanding wait."""
        if not self._token_wait.types:
            return
        connection.exchange([self._token_wait.unblock()])  # again: an earlier one may have overtaken the wait
        _, type = self._token_wait.received()
        if type is not None:
            connection.exchange([self._commands.give_token(type)])

    def _see_to(self, timeout: float) -> None:
        """Wait for the reply to the outstanding wait, or to be woken."""
        connection = self._token_wait.connection
        if connection is not None and self._token_wait.types and connection.holds_read_ahead:
            self._hear()
            return
        readable = False
        for fd, _ in self._poll.poll(timeout * 1000):
            if fd == self._wakeup.fileno():
                self._wakeup.clear()
            else:
                readable = True
        if readable:
            self._hear()
        elif self._token_wait.types and time.monotonic() - self._waiting_since > BLOCK + _PATIENCE:
            raise TimeoutError("no answer to a blocking pop")

    def _hear(self) -> None:
        if not self._token_wait.types:
            raise ConnectionError("the waiting connection was closed")
        self.refused |= self._token_wait.types
        waited, type = self._token_wait.received()
        self.refused -= waited if type is None else {type}  # with a token at hand, Redis looks no further
        by_us, self._unblocked = self._unblocked, False
        if type is not None:
            self.listener.token(type)
        elif not by_us:
            self.listener.look(waited)
