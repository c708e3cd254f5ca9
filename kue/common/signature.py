"""Reads the signature of a listener or a handler, in spite of a fault of Python's own.

To read the signature of a built-in function, `inspect` parses text. If two threads parse at the same time, Python 3.11
and 3.12 can raise `SystemError: AST constructor recursion depth mismatch` (github.com/python/cpython/issues/106905).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_TRIES = 10


def signature(function: Callable[..., Any], *, follow_wrapped: bool = True) -> inspect.Signature:
    """Like `inspect.signature`, which raises `TypeError` or `ValueError`, but tried again after that `SystemError`."""
    for _ in range(_TRIES - 1):
        try:
            return inspect.signature(function, follow_wrapped=follow_wrapped)
        except SystemError:
            continue
    return inspect.signature(function, follow_wrapped=follow_wrapped)
