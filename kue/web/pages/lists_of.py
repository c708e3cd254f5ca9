"""The addresses of lists of jobs, to which other pages lead. A type is no part of a path: it may hold anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from kue.store import codec

_MOST = 8


class TypeLink(NamedTuple):
    """A type, how many of something it has, and the list of its jobs."""

    name: str
    number: int
    address: str


def list_address(path: str, **wanted: str) -> str:
    """The address of a list below the prefix of the app. What is empty is left out."""
    given = {name: codec.text_bytes(value) for name, value in wanted.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def types_with_addresses(types: Mapping[str, int], path: str) -> list[TypeLink]:
    """The types with the most of it, and their lists."""
    pairs: Iterable[tuple[str, int]] = sorted(types.items(), key=lambda pair: -pair[1])
    return [TypeLink(name, count, list_address(path, type=name)) for name, count in list(pairs)[:_MOST]]
