"""Reads the parameters of an address of `/api/v1`. What is wrong is refused with status 422."""

from __future__ import annotations

import re

from kue.options.values import ALL_TYPES, read_type, read_whole
from kue.web.call import Call
from kue.web.refused import Refused

_WHOLE = re.compile(r"[0-9]{1,16}", re.ASCII)
_MAX_SHOWN = 40


def whole(call: Call, name: str, default: int) -> int:
    """A whole number, 0 or more."""
    text = call.query.get(name)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text):
        raise Refused(422, f"{name} must be a whole number, not {text[:_MAX_SHOWN]!r}")
    return read_whole(name, int(text), least=0)


def optional_type(call: Call, name: str) -> str | None:
    """The type of a job, or `*`; None if it is not given. Raises `InvalidOption`."""
    text = call.query.get(name)
    return text if text is None or text == ALL_TYPES else read_type(text)
