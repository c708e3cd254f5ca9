"""Keeps what was measured: every value of every round, their medians, and the ratios to Node Kue."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.scenarios.scenario import LESS, MORE, Row

OURS, NODE = "kue", "node-kue"


@dataclass
class Results:
    """Figures by row and contestant. `failures` lists what could not be measured, and the reasons."""

    contestants: list[Contestant]
    rows: list[Row]
    values: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)
    noise: list[float] = field(default_factory=list)

    def add(self, contestant: Contestant, figures: dict[str, float], noise: float) -> None:
        """Add the figures of one round, and the share of the machine that other programs used meanwhile."""
        for key, value in figures.items():
            self.values[key, contestant.key].append(value)
        self.noise.append(noise)

    def median(self, row: Row, contestant: str) -> float | None:
        """The median of all rounds; None if the contestant was not measured."""
        values = self.values.get((row.key, contestant))
        return statistics.median(values) if values else None

    def ratio(self, row: Row, contestant: str = OURS) -> float | None:
        """The ratio of a contestant's median to Node Kue's; None if either was not measured."""
        mine, nodes = self.median(row, contestant), self.median(row, NODE)
        return None if mine is None or not nodes else mine / nodes

    def verdict(self, row: Row) -> bool | None:
        """Whether this project has reached the goal of a row; None if there is no goal, or nothing to compare."""
        reached, goal = (self.median(row, OURS), row.limit) if row.limit is not None else (self.ratio(row), row.goal)
        if reached is None or goal is None:
            return None
        return reached >= goal if row.better == MORE else reached <= goal

    def as_json(self) -> dict[str, Any]:
        """All results in a form for programs."""
        figures = [
            {
                "key": row.key,
                "title": row.title,
                "unit": row.unit,
                "better": row.better,
                "goal": row.goal,
                "limit": row.limit,
                "values": {one.key: self.values.get((row.key, one.key), []) for one in self.contestants},
                "medians": {one.key: self.median(row, one.key) for one in self.contestants},
                "ratio": self.ratio(row),
                "reached": self.verdict(row),
            }
            for row in self.rows
        ]
        titles = {one.key: one.title for one in self.contestants}
        return {"contestants": titles, "rows": figures, "failures": self.failures, "noise": self.noise}


def goal_of(row: Row) -> str:
    """The goal of a row in words."""
    sign = "≤" if row.better == LESS else "≥"
    if row.goal is not None:
        return f"{sign} {row.goal:g}x"
    return "" if row.limit is None else f"{sign} {row.limit:,g} {row.unit}".rstrip()
