"""Reads what several readers want, in as few round trips as the one that needs most of them.

A reader is a generator: it yields commands and receives their replies, until it returns what it made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from kue.connection.connection import Command
from kue.errors import KueError

K = TypeVar("K")
T = TypeVar("T")
Reader = Generator[Sequence[Command], list[Any], T]
"""It must not change the replies, since another reader may have asked the same."""


def read_together(
    ask: Callable[[Sequence[Command]], list[Any]],
    readers: Mapping[K, Reader[T]],
    failed: Callable[[K, Exception], object],
) -> dict[K, T]:
    """What each reader returns. `ask` makes a round trip.

    A reader that raises is left out, after `failed` was called. Raises what `ask` raises, and a `KueError` of a reader.
    """
    reader = joined(readers, failed)
    try:
        commands = next(reader)
        while True:
            commands = reader.send(ask(commands))
    except StopIteration as end:
        found: dict[K, T] = end.value
        return found


def _raise(key: object, problem: Exception) -> None:
    raise problem


def joined(readers: Mapping[K, Reader[T]], failed: Callable[[K, Exception], object] = _raise) -> Reader[dict[K, T]]:
    """One reader of what several read. They share each round trip, and the same command is sent once."""
    found: dict[K, T] = {}
    waiting: dict[K, Sequence[Command]] = {}

    def advance(key: K, replies: list[Any] | None) -> None:
        try:
            waiting[key] = readers[key].send(replies)  # type: ignore[arg-type]
        except StopIteration as end:
            found[key] = end.value
        except KueError:
            raise
        except Exception as problem:
            failed(key, problem)

    for key in readers:
        advance(key, None)
    while waiting:
        asked, waiting = waiting, {}
        commands = list(dict.fromkeys(chain.from_iterable(asked.values())))
        replies = dict(zip(commands, (yield commands), strict=True))
        for key, own in asked.items():
            advance(key, [replies[command] for command in own])
    return found
