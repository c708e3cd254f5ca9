"""Reads a body that is JSON, strictly: what a browser form or another encoding sends is refused."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

from kue.common import strict_json
from kue.web.call import Call
from kue.web.refused import Refused

_MAX_DEPTH = 100
_BRACKETS = b"[]{}"
_OTHERS = bytes(set(range(256)).difference(_BRACKETS))
_STEPS = tuple({"[": 1, "{": 1, "]": -1, "}": -1}.get(chr(byte), 0) for byte in range(256))
_TOO_LARGE = re.compile(rb"(?<![0-9.eE])[0-9]{309,}+(?![.eE])")


def read_json(call: Call) -> Any:
    """The object or list in the body; None if there is no body.

    Raises `Refused`: 415 for another type or a compressed body, 400 for what is no JSON object or list, or is nested
    too deeply, 503 if reading took so long that the client was told that there is no answer. Nothing is written then.
    """
    headers = call.request.headers
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refused(415, "the body must not be compressed")
    if not call.body:
        return None
    kind, _, parameters = headers.get("content-type", "").partition(";")
    if kind.strip().lower() != "application/json":
        raise Refused(415, "the body must be JSON, with the header Content-Type: application/json")
    if "charset" in parameters.lower() and "utf-8" not in parameters.lower():
        raise Refused(415, "the body must be UTF-8")
    value = json_value(call.body)
    if not isinstance(value, (dict, list)):
        raise Refused(400, "the body must be an object or a list")
    call.check_time()
    return value


def json_value(raw: bytes, name: str = "the body") -> Any:
    """The value that a JSON text stands for. Raises `Refused` (400), with the name of what it is."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Refused(400, f"{name} is not UTF-8 ({problem})") from None
    bare = _without_strings(raw)
    if _depth(bare) > _MAX_DEPTH:
        raise Refused(400, f"{name} is nested more than {_MAX_DEPTH} deep")
    if _TOO_LARGE.search(bare):
        raise Refused(400, f"{name} has a number that no float can hold")
    try:
        value = strict_json.loads(text)
    except ValueError as problem:
        raise Refused(400, f"{name} is not JSON ({problem})") from None
    if _has_half_characters(text, value):
        raise Refused(400, f"{name} has half a surrogate pair, which UTF-8 cannot hold")
    return value


def _without_strings(body: bytes) -> bytes:
    """JSON without its strings, in a time that grows with its length alone, whatever it is.

    What is no JSON loses more, but only from its first error on, and nothing is read beyond that.
    """
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(unescaped.split(b'"')[::2])


def _depth(bare: bytes) -> int:
    """How deeply lists and objects are nested in JSON without its strings."""
    brackets = bare.translate(None, _OTHERS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _has_half_characters(text: str, value: Any) -> bool:
    if "\\ud" not in text.lower():
        return False
    try:
        strict_json.dumps(value).encode()
    except UnicodeEncodeError:
        return True
    return False
