"""Sends an answer no faster than its client reads: in small pieces, each within a time limit.

A server holds back the next piece while too much is unsent, but it first takes the whole of a piece. Without this, each
client that does not read would keep a large answer in memory for as long as it likes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from starlette.types import Message, Send

PIECE_BYTES = 65_536
SEND_SECONDS = 60.0


class ClientStalled(Exception):
    """A client takes nothing more of its answer. The server closes its connection if it gets no more of it."""

    def __init__(self) -> None:
        super().__init__(f"the client took nothing for {SEND_SECONDS:g} seconds")


def paced(send: Send) -> Send:
    """A `send` that raises `ClientStalled`. It sends one message as a whole before the next one, from any task."""
    lock = asyncio.Lock()  # else the heartbeat of a live stream would come in the middle of an event

    async def paced_send(message: Message) -> None:
        async with lock:
            for piece in _pieces(message):
                try:
                    async with asyncio.timeout(SEND_SECONDS):
                        await send(piece)
                except TimeoutError:
                    raise ClientStalled from None

    return paced_send


def _pieces(message: Message) -> Iterator[Message]:
    body = message.get("body", b"")
    last = max(0, len(body) - 1) // PIECE_BYTES * PIECE_BYTES
    for start in range(0, last, PIECE_BYTES):
        yield {**message, "body": body[start : start + PIECE_BYTES], "more_body": True}
    yield {**message, "body": body[last:]} if last else message
