"""Pauses, limits and starts as plain data, for the tests of what holds jobs back."""

from typing import Any

from tests.store.conftest import Place
from tests.store.world import World

FLOW, RATE = "q:py:flow", "q:py:rate:email"


def set_for(field: str, type: str = "email") -> World:
    return {FLOW: {type: field}}


def starts(place: Place, *ages: int) -> World:
    """The starts of a rate, so many ms ago, the latest first."""
    now = redis_ms(place.client)
    return {RATE: [str(now - age) for age in ages]}


def redis_ms(client: Any) -> int:
    """The time in ms by the clock of Redis."""
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000
