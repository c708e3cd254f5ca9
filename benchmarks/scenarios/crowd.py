"""Scenarios with large numbers: delayed jobs that are due at once, listeners, jobs in one worker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.contestants import Contestant, listeners, ours
from benchmarks.errors import BenchmarkError
from benchmarks.scenarios.drain import drain, fill
from benchmarks.scenarios.scenario import LESS, Row, Scenario, Stage


class Delayed(Scenario):
    """Many delayed jobs are due when a worker of another type starts, which promotes them."""

    name = "delayed"
    MAX_SECONDS, GOAL_SECONDS = 30.0, 10.0

    def __init__(self, delayed: int) -> None:
        self._delayed = delayed

    @property
    def rows(self) -> Sequence[Row]:
        what = f"{self._delayed:,} delayed jobs due at once"
        return [
            Row("delayed_rate", f"{what}: promoted", "jobs/s", limit=self._delayed / self.GOAL_SECONDS),
            Row("delayed_hold", f"{what}: longest command in Redis (0: none above 1 ms)", "ms", LESS, limit=20),
        ]

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        server = stage.server
        fill(stage, ours(), self._delayed, delay=1)  # no process promotes them before a worker runs
        with stage.start(contestant) as child:
            longest, began = server.watch_longest_command(), time.monotonic()
            child.ask("work", slots=1, stride=1, types=2)
            deadline = began + self.MAX_SECONDS
            while server.counts()["delayed"] and time.monotonic() < deadline:
                time.sleep(0.05)
            seconds, counts, longest_ms = time.monotonic() - began, server.counts(), longest()
            child.ask("stop")
        if counts["inactive"] + counts["delayed"] != self._delayed:
            raise BenchmarkError(f"the jobs do not add up: {counts}, {self._delayed} expected")
        return {"delayed_rate": counts["inactive"] / seconds, "delayed_hold": longest_ms}


class Listeners(Scenario):
    """Many connections subscribe to the events while 10 slots run jobs."""

    name = "listeners"

    def __init__(self, listeners: int) -> None:
        self._listeners = listeners

    @property
    def rows(self) -> Sequence[Row]:
        return [Row("listeners", f"run, 10 slots, {self._listeners:,} connections listening", "jobs/s")]

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = max(50, stage.sizes.slots // 10)
        fill(stage, ours(), count)
        with ExitStack() as stack:
            connections = stack.enter_context(stage.start(listeners()))
            connections.ask("work", slots=self._listeners, stride=1)
            return {"listeners": drain(stage, contestant, count, 10).rate}


class Endurance(Scenario):
    """One worker runs very many jobs: its memory after the first tenth and at the end."""

    name = "endurance"
    only_ours = True
    PARTS = 10

    def __init__(self, jobs: int) -> None:
        self._part = jobs // self.PARTS

    @property
    def rows(self) -> Sequence[Row]:
        what = f"{self._part * self.PARTS:,} jobs in one worker"
        return [
            Row("endurance_rate", f"{what}: saved and run", "jobs/s"),
            Row("endurance_first", f"{what}: memory after a tenth", "MB", LESS),
            Row("endurance_last", f"{what}: memory at the end", "MB", LESS),
        ]

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        resident, began = [], time.monotonic()
        with ExitStack() as stack:
            worker = stack.enter_context(stage.start(contestant))
            producer = stack.enter_context(stage.start(contestant))
            worker.ask("work", slots=10, stride=self._part)
            for part in range(1, self.PARTS + 1):
                producer.ask("save", how="bulk", first=(part - 1) * self._part, count=self._part)
                while worker.ask("count") < part * self._part:
                    time.sleep(0.05)
                resident.append(worker.resident())
            seconds = time.monotonic() - began
            worker.ask("stop")
            stage.server.expect(complete=self._part * self.PARTS)
        rate = self._part * self.PARTS / seconds
        return {"endurance_rate": rate, "endurance_first": resident[0], "endurance_last": resident[-1]}
