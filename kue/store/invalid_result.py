"""What is stored about a result that JSON cannot hold: which value of it, and why.

The job's result is then Kue's note, `{"error": true, "message": ...}`. A handler may return the same, so that only this
field says that the result is no result. A checksum ties it to the note: a later run, in Node for example, leaves the
field there and writes another result.
"""

from __future__ import annotations

from zlib import crc32

from kue.common.describe import cut
from kue.connection.connection import Argument
from kue.store.codec import decode, encode

FIELD = "py_invalid_result"
MESSAGE_KEY = b',"invalid":true'
UNKNOWN = ("result", "has a value that JSON cannot hold; which one is not known, since the job is gone")
_MAX_BYTES = 4_000


def keep_reason(note: bytes, path: str, reason: str) -> tuple[Argument, ...]:
    """The effects that store which value of a result JSON cannot hold; `note` is what is stored as the result."""
    kept = [cut(path, _MAX_BYTES), cut(reason, _MAX_BYTES), crc32(note)]
    return ("set", FIELD, encode(kept, FIELD))


def read_reason(kept: bytes | None, note: bytes | None) -> tuple[str, str] | None:
    """The path and the reason; None if the result is a result."""
    try:
        path, reason, checksum = decode(kept or b"")
    except (ValueError, TypeError):
        return None
    return (str(path), str(reason)) if checksum == crc32(note or b"") else None
