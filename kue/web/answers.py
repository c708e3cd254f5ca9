"""Makes the answers: JSON, errors as JSON, and JSON that is written while it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from starlette.responses import Response, StreamingResponse

from kue.common import strict_json
from kue.store import codec

_CHARACTERS_AT_ONCE = 300_000
_CHARACTERS_PER_PIECE = 100_000
JSON = "application/json; charset=utf-8"


def json_text(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose body is JSON already. Half a surrogate pair becomes an escape, as in JSON."""
    return Response(codec.text_bytes(text), status, headers, JSON)


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a value as JSON."""
    return json_text(strict_json.dumps(value), status, headers)


def json_list(items: Iterator[str], headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a list, each item of which is JSON. A long one is sent while its items are made."""
    first, is_whole = _some(items, _CHARACTERS_AT_ONCE)  # what goes wrong here still becomes an answer
    if is_whole:
        return json_text(f"[{','.join(first)}]", 200, headers)
    return StreamingResponse(_list(chain(first, items)), 200, headers, JSON)


def _some(items: Iterator[str], characters: int) -> tuple[list[str], bool]:
    """The next items, until they have so many characters together, and whether there are no more."""
    found: list[str] = []
    for item in items:
        found.append(item)
        characters -= len(item)
        if characters <= 0:
            return found, False
    return found, True


def _list(items: Iterator[str]) -> Iterator[bytes]:
    separator, is_last = "[", False
    while not is_last:
        some, is_last = _some(items, _CHARACTERS_PER_PIECE)
        if some:
            piece = codec.text_bytes(separator + ",".join(some))
            some.clear()  # the client may take the piece much later
            yield piece
            separator = ","
    yield b"]"
