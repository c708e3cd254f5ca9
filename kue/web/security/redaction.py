"""Hides the values of keys that look like secrets, such as `password` or `apiKey`, in what is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from kue.common.describe import short_repr
from kue.errors import InvalidOption

DEFAULT = ("password", "passwd", "secret", "token", "authorization", "cookie", "api_key", "private_key", "credential")
HIDDEN = "hidden"
MAX_DEPTH = 200
_MAX_KEPT = 1000
_MAX_KEPT_CHARACTERS = 60  # longer keys are hardly ever asked about twice
_NO_LETTERS = re.compile(r"[\W_]+")


class Redaction:
    """A key is hidden if one of the names stands in it, in any case and with any separators.

    So `token` hides `accessToken` and `X-Token` as well. Raises `InvalidOption` for a name without letters and digits.
    """

    def __init__(self, names: Iterable[str] = DEFAULT) -> None:
        self._names = tuple(map(_read_name, names))
        self._known = lru_cache(_MAX_KEPT)(self._matches)  # large data has few keys, each very often

    def apply(self, value: Any, depth: int = 0) -> Any:
        """A copy of a JSON value in which what is secret is the text "hidden". What is nested very deeply is, too."""
        if depth > MAX_DEPTH:
            return HIDDEN
        if isinstance(value, dict):
            return {key: HIDDEN if self.hides(key) else self.apply(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.apply(item, depth + 1) for item in value]
        return value

    def hides(self, key: str) -> bool:
        """Whether the value of a key is hidden."""
        return self._known(key) if len(key) <= _MAX_KEPT_CHARACTERS else self._matches(key)

    def _matches(self, key: str) -> bool:
        squeezed = _squeezed(key)
        return any(name in squeezed for name in self._names)


def _read_name(name: str) -> str:
    squeezed = _squeezed(name)
    if not squeezed:
        raise InvalidOption(f"redact must have names with a letter or a digit, not {short_repr(name)}")
    return squeezed


def _squeezed(name: str) -> str:
    """The letters and digits of a name, of any script, in one case and one spelling."""
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", name).casefold())
