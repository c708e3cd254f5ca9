"""What a case is: one corruption, what the doctor says of it, what it does, and what is in Redis then.

In every world stand healthy neighbours, one in each state, that nothing may be said of.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.store.world import NOW, World, job, world, zid

STATES = ("inactive", "active", "complete", "failed", "delayed")
PROCESS = "kue:host:77-beef0001"
ALIVE: World = {"q:py:workers": {PROCESS: 1e15}}
ENQUEUE = (1, "enqueue", "email")
NEIGHBOURS = world(
    *(job(10 + i, state, "video", workerId="kue:host:9:video:1", log=["hello"]) for i, state in enumerate(STATES)),
    {"q:ids": "20"},
)


@dataclass(frozen=True)
class Case:
    before: World
    says: list[str]
    done: list[str]
    after: World
    events: list[tuple[Any, ...]] = field(default_factory=list)


CASES: dict[str, Case] = {}


def add(what: str, before: World, says: str, done: str, after: World, *events: tuple[Any, ...]) -> None:
    CASES[what] = Case(world(NEIGHBOURS, before), [says], [done], world(NEIGHBOURS, after), list(events))


def member(key: str, score: float = 0.0, name: str = zid(1)) -> World:
    return {key: {name: score}}


def settled(state: str, score: float | None = None, **fields: Any) -> World:
    """A job that the doctor has put into a state."""
    return job(1, state, score=score, updated_at=NOW, **fields)
