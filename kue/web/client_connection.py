"""The connection of a client to the server, with bounds that uvicorn has no settings for.

- a request that does not come in time is given up, also if it is one byte now and then
- if there are more connections than the process may have files, the one that keeps it waiting longest is closed
- one whose client does not read its answer is closed
- one that is half-way through a request when the server stops is closed, and one that is not done soon after
"""

from __future__ import annotations

import asyncio
import math
from operator import itemgetter

from uvicorn.protocols.http.h11_impl import H11Protocol

from kue.web.open_files import room
from kue.web.pacing import SEND_SECONDS


class ClientConnection(H11Protocol):
    """One connection. How long a body may take is the app's to say, and how long it may be idle is uvicorn's."""

    receive_seconds = 10.0
    send_seconds = SEND_SECONDS - 5  # so that the app, which can close no connection, does not give up first
    stop_seconds = 1.5
    max_connections = room().connections
    _timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # writing pauses as long as anything is unsent
        self._watch()
        if len(self.connections) > self.max_connections:
            self._longest_waiting().transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        self._unwatch_sending()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        # What is unsent would keep a connection open that is closed in any other way.
        self._send_timer = self.loop.call_later(self.send_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._unwatch_sending()
        super().resume_writing()

    def shutdown(self) -> None:
        self.loop.call_later(self.stop_seconds, self.transport.abort)  # else uvicorn would cancel what is unsent
        if self.cycle is not None and not self.cycle.response_complete and self.cycle.more_body:
            self.transport.close()  # else uvicorn would wait for the rest, and cancel the request after that
        else:
            super().shutdown()

    def _watch(self) -> None:
        """Bound the time until the next request is there. It counts from its first byte, or from the connection on."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering:
            self._unwatch()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.receive_seconds, self.transport.close)

    def _longest_waiting(self) -> ClientConnection:
        """The connection that has kept the server waiting for a request the longest; this one if no other does."""
        waiting = [
            (each._waits_since(), each)
            for each in self.connections
            if isinstance(each, ClientConnection) and not each.transport.is_closing()
        ]
        return min(waiting, key=itemgetter(0))[1]

    def _waits_since(self) -> float:
        """When the server began to wait for the next request; infinity if it is answering one."""
        if self._timer is not None:
            return self._timer.when() - self.receive_seconds
        idle = self.timeout_keep_alive_task
        return math.inf if idle is None else idle.when() - self.timeout_keep_alive

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _unwatch_sending(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None
