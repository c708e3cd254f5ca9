"""Reads the body of a request in pieces, within limits of size and time."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from kue.web.refused import Refused
from kue.web.site import Limits


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body. Raises `Refused`: 413 if it is too long, 408 if it does not come in time."""
    too_long = Refused(413, f"the body has more than {limits.body:,} bytes")
    if _announced(request) > limits.body:
        raise too_long
    pieces = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for piece in request.stream():
                pieces += piece
                if len(pieces) > limits.body:
                    raise too_long
    except TimeoutError:
        raise Refused(408, f"the body did not come within {limits.body_seconds:g} s") from None
    except ClientDisconnect:
        raise Refused(400, "the client left before the body was complete") from None
    return bytes(pieces)


def _announced(request: Request) -> float:
    """The length that a request tells of its body; 0 if it tells none. It may be too long a number for an `int`."""
    length = request.headers.get("content-length", "")
    return float(length) if length.isascii() and length.isdigit() else 0
