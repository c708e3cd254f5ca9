"""Finds the message of a failure in the stored error, for watchers that missed the event `failed`.

For an exception, Node and Python store `Name: message` with the stack below it; for a string, the string. A Python
message may have any text. If it cannot be found in the stored error, Python stores the message too, with a checksum of
the error that it belongs to.
"""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from kue.connection.connection import Argument
from kue.store.codec import decode, encode, text, text_bytes

FIELD = "py_message"
_NAME = re.compile(r"[\w$.]+(?: \[[\w.-]+\])?: ")
_NODE_STACK = "\n    at "
_PYTHON_STACK = "\nTraceback (most recent call last):\n"
_PYTHON = re.compile(r"[\w.]+(: |\n)")


def message_of(error: str, kept: bytes | None = None) -> str:
    """The message in a stored error. `kept` is the content of the field `py_message`, if there is one."""
    if kept is not None:
        checksum, message = _read(kept)
        if checksum == crc32(text_bytes(error)):
            return message
    head, stack, _ = error.partition(_NODE_STACK)
    if not stack and _PYTHON.match(error):
        head, stack, _ = error.partition(_PYTHON_STACK)
    name = _NAME.match(head) if stack else None
    return head if name is None else head[name.end() :]


def keep_message(error: str, message: str) -> tuple[Argument, ...]:
    """The effects that store the message of a failure; none if `message_of` finds it in the error."""
    stored = text_bytes(error)
    if message_of(text(stored)) == message:
        return ()
    return ("set", FIELD, encode([crc32(stored), message], "message"))


def _read(kept: bytes) -> tuple[Any, str]:
    try:
        checksum, message = decode(kept)
        return checksum, str(message)
    except (ValueError, TypeError):
        return None, ""
