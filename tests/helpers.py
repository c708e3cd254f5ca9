"""What tests share: waiting with a deadline, and reading a whole keyspace."""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
POLL_INTERVALS = (0.0002, 0.005)  # the first, and the longest: each is twice the one before


def wait_until(predicate: Callable[[], T], timeout: float = 10, message: str = "") -> T:
    """Poll until the predicate holds and return what it returned; AssertionError after the deadline."""
    deadline = time.monotonic() + timeout
    pause, longest = POLL_INTERVALS
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            what = message or getattr(predicate, "__name__", "the condition")
            raise AssertionError(f"{what}: still not so after {timeout} s; last value {value!r}")
        time.sleep(pause)
        pause = min(2 * pause, longest)


def keyspace(client: Any, match: str = "*") -> dict[str, Any]:
    """Every key with its value, comparable and in the order of the names.

    A string comes as str, a hash as dict, a list as list, a set as set, a zset as dict of member to score.
    Bytes that are not UTF-8 come as surrogates, so that nothing is lost. A key that goes meanwhile, such as a lock, is
    left out.
    """
    names = sorted({_text(key) for key in client.scan_iter(match=match, count=1000)})
    kinds = client.pipeline(transaction=False)
    for name in names:
        kinds.type(_raw(name))
    values = client.pipeline(transaction=False)
    readers = {
        "string": values.get,
        "hash": values.hgetall,
        "list": lambda key: values.lrange(key, 0, -1),
        "set": values.smembers,
        "zset": lambda key: values.zrange(key, 0, -1, withscores=True),
    }
    shapes = {
        name: shape for name, kind in zip(names, kinds.execute(), strict=True) if (shape := _text(kind)) != "none"
    }
    for name, shape in shapes.items():
        readers[shape](_raw(name))
    shaped = zip(shapes.items(), values.execute(), strict=True)
    found = {name: _comparable(shape, value) for (name, shape), value in shaped if value is not None}
    return {name: value for name, value in found.items() if value or shapes[name] == "string"}


def _comparable(shape: str, value: Any) -> Any:
    if shape == "hash":
        return {_text(field): _text(content) for field, content in value.items()}
    if shape == "list":
        return [_text(item) for item in value]
    if shape == "set":
        return {_text(member) for member in value}
    if shape == "zset":
        return {_text(member): score for member, score in value}
    return _text(value)


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def _raw(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def named(value: object) -> str:
    """A name for a parameter that is the same in every process: without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
