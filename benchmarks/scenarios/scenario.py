"""The base class of scenarios, the rows that they fill, and what they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from benchmarks.child import Child
from benchmarks.contestants import ALL, Contestant
from benchmarks.server import Server

MORE, LESS = "more", "less"


@dataclass(frozen=True)
class Row:
    """One figure: a row of the table.

    `goal` is the ratio to Node Kue that this project wants to reach; `limit` is a goal for the figure itself.
    """

    key: str
    title: str
    unit: str
    better: str = MORE
    goal: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Sizes:
    """How many jobs a scenario runs, and how long it lasts."""

    each: int = 5_000
    bulk: int = 20_000
    one_slot: int = 4_000
    slots: int = 16_000
    sleeping: int = 16_000
    trips: int = 1_500
    load: int = 4_000
    idle_seconds: float = 5.0
    latency_seconds: float = 3.0
    latency_saves: int = 300
    imports: int = 5


QUICK = Sizes(
    each=400,
    bulk=1_500,
    one_slot=300,
    slots=1_200,
    sleeping=2_000,
    trips=150,
    load=300,
    idle_seconds=1.0,
    latency_seconds=0.2,
    latency_saves=20,
    imports=1,
)


@dataclass
class Stage:
    """What scenarios share: the server, the sizes, the bytes of a payload, and the versions that processes reported.

    `url` is where the measured processes connect: the server itself, if it is empty.
    """

    server: Server
    sizes: Sizes
    payload: int = 100
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    url: str = ""

    def start(self, contestant: Contestant, payload: int | None = None) -> Child:
        """Start a process of a contestant."""
        child = Child(contestant, self.url or self.server.url, self.payload if payload is None else payload)
        self.versions[contestant.key] = child.versions
        return child

    @staticmethod
    def share(count: int, contestant: Contestant) -> int:
        """How many of `count` jobs a contestant gets, by its share."""
        return max(50, int(count * contestant.share))


class Scenario(ABC):
    """Measures some figures of one contestant, on an empty server."""

    name: ClassVar[str]
    needs: ClassVar[str] = ALL
    only_ours: ClassVar[bool] = False

    @property
    @abstractmethod
    def rows(self) -> Sequence[Row]:
        """The figures, in the order of the table."""

    @abstractmethod
    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        """Measure, and return each figure by the key of its row. Raises `BenchmarkError` if jobs do not add up."""
