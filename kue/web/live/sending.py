"""Sends a live stream to a client, as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from sse_starlette.sse import AppStatus, EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

from kue.web.live.poller import Followed, Poller, Stream
from kue.web.pacing import ClientStalled

HEARTBEAT_SECONDS = 15
_LAST_WORDS_SECONDS = 2.0  # `kue dashboard` closes the connections that are still open a bit sooner
STREAM_TYPE = "text/event-stream"
STREAM_HEADERS = {"X-Accel-Buffering": "no"}
"""Without it, nginx would hold events back until there are many."""


class LiveResponse(EventSourceResponse):
    """An answer that lasts. It opens the stream when it is made, on the event loop, and closes it at its end."""

    def __init__(self, poller: Poller, follows: Mapping[str, Followed], seconds: float) -> None:
        """`seconds` is how long the answer lasts at most."""
        if not poller:
            # A signal to an earlier server of this process leaves it set, and would end each stream of this one too.
            # If the present server got a signal, the library sees that by itself.
            AppStatus.should_exit = False
        self._poller = poller
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._stream = poller.open(follows, self._wake)
        self._is_complete = False
        super().__init__(
            _events(self._stream, self._changed, seconds),
            headers=STREAM_HEADERS,
            ping=HEARTBEAT_SECONDS,
        )

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._changed.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            await send(message)
            self._is_complete = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await super().__call__(scope, receive, note)
            if not self._is_complete:  # the server stops: without an end, it would log an error for each stream
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LAST_WORDS_SECONDS):
                        await send({"type": "http.response.body", "body": b"", "more_body": False})
        except BaseExceptionGroup as group:  # some versions of sse-starlette give what its tasks raised as it comes
            if group.subgroup(ClientStalled) is None:
                raise
            raise ClientStalled from group
        finally:
            self._poller.close(self._stream)


async def _events(stream: Stream, changed: asyncio.Event, seconds: float) -> AsyncIterator[bytes]:
    ends_at = asyncio.get_running_loop().time() + seconds
    with contextlib.suppress(TimeoutError):
        while not stream.ended:
            changed.clear()
            for event in stream.news():
                yield event
            async with asyncio.timeout_at(ends_at):
                await changed.wait()
