"""Tells a job from another one that has, or had, the same number: by when it was created.

Two queues on two databases of one Redis have a job 1 each, and receive each other's events. After a FLUSHALL, or a
restart from an older snapshot, Redis gives out numbers again. If `created_at` of either job is unknown, nothing is
compared.
"""

from __future__ import annotations

from kue.options.values import parse_number

NUMBER_TAKEN = "job {} is gone, and another job has its number now"
_MAX_DIGITS = 16  # as in Lua
_MAX_CREATED_AT = 10**_MAX_DIGITS - 1
_ZERO = ord("0")


def read_created_at(value: object) -> int | None:
    """When a job was created, in ms, if the value says so: only a whole number can be compared."""
    if isinstance(value, bytes | str):
        value = parse_number(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MAX_CREATED_AT:
        return value
    return None


def is_other(one: int | None, other: int | None) -> bool:
    """Whether two values of `created_at` belong to two jobs."""
    return one is not None and other is not None and one != other


def stamp(created_at: object) -> bytes:
    """The key of a message that tells its job from others; empty if it is not known when the job was created."""
    # As stored: each completion asks for this.
    if type(created_at) is bytes and created_at.isdigit() and created_at[0] != _ZERO and len(created_at) <= _MAX_DIGITS:
        return b',"created_at":' + created_at
    moment = read_created_at(created_at)
    return b"" if moment is None else b',"created_at":%d' % moment


def fence(created_at: object) -> str:
    """What scripts take to change the job that was created then, and no other; "" if that is not known."""
    moment = read_created_at(created_at)
    return "" if moment is None else str(moment)
