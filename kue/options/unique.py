"""The job option `unique`: its check, the form in which it is kept, and the key that is made of type and data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from kue.common import strict_json
from kue.common.clock import milliseconds
from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.options.typed import UniqueDict, Until
from kue.options.values import read_choice, read_flag, read_key_part

UNTIL: tuple[Until, ...] = get_args(Until)
_WAITING = ("inactive", "delayed")
_MAX_KEY_BYTES = 64  # of a key that is made here: with a longer value Redis stores the whole hash in a larger form
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Unique:
    """The key of a unique job, and what a save does while another job holds it.

    - `key` is "" until it is known, if it is made of the job's type and data, as `of_data` says
    - `until` says whether a job holds it until it has ended, or only until it is started
    - `within` is the time in ms in which at most one job is saved for the key (None: any number)
    - `replace` says whether a waiting job of the same type that holds it gets the new data
    """

    key: str
    of_data: bool = False
    until: str = "ended"
    within: int | None = None
    replace: bool = False

    def for_job(self, type: str, data: bytes) -> Unique:
        """The same with its key, for a job with this data as JSON."""
        return replace(self, key=_key_of(type, data)) if self.of_data else self

    def is_held_in(self, state: str | None) -> bool:
        """Whether a job in this state holds the key."""
        return state in _WAITING or (state == "active" and self.until == "ended")

    def replaces_in(self, state: str | None) -> bool:
        """Whether a job in this state gets the new data."""
        return self.replace and state in _WAITING

    def as_dict(self) -> UniqueDict:
        """The option as a user may give it."""
        key: str | Literal[True] = self.key or True
        until: Until = "started" if self.until == "started" else "ended"
        return {"key": key, "until": until, "within": self.within, "replace": self.replace}


def read_unique(name: str, value: Any) -> Unique | None:
    """Check the value of the option: a key, True, or a dict of these and more. False means that the job has no key."""
    if value is None or value is False or isinstance(value, Unique):
        return value or None
    if isinstance(value, Mapping):
        return _read_dict(name, value)
    if value is True:
        return Unique("", of_data=True)
    if not isinstance(value, str):
        raise InvalidOption(f"{name} must be a key, which is a string, or True, or a dict, not {short_repr(value)}")
    return Unique(read_key_part(name, value))


def parse_unique(raw: bytes) -> Unique:
    """Read the key of a job from its hash."""
    return Unique(raw.decode("utf-8", "replace"))


def _read_dict(name: str, given: Mapping[Any, Any]) -> Unique:
    known = UniqueDict.__annotations__
    unknown = sorted(key if isinstance(key, str) else short_repr(key) for key in set(given) - set(known))
    if unknown:
        raise InvalidOption(f"{name} has unknown keys {unknown}; it takes {', '.join(known)}")
    read = read_unique(f"{name} key", given.get("key")) if not isinstance(given.get("key"), Mapping) else None
    if read is None:
        raise InvalidOption(f"{name} must have a key, which is a string or True, not {short_repr(given.get('key'))}")
    within = given.get("within")
    return replace(
        read,
        until=read_choice(f"{name} until", given.get("until", "ended"), UNTIL),
        within=None if within is None else milliseconds(f"{name} within", within, least=1),
        replace=read_flag(f"{name} replace", given.get("replace", False)),
    )


def _key_of(type: str, data: bytes) -> str:
    """Type and sorted JSON; if that is long, a digest of the JSON."""
    content = strict_json.dumps_sorted(strict_json.loads(data.decode())).encode("utf-8", "backslashreplace")
    key = f"{type}:{content.decode()}"
    if len(key.encode()) <= _MAX_KEY_BYTES:
        return key
    return f"{type}:{hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()}"
