"""Saving jobs, one by one and in bulk, and the memory that a queued job takes in Redis."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contestants import ALL, BULK, EACH, Contestant
from benchmarks.scenarios.scenario import LESS, Row, Scenario, Stage

WARM_UP_DIVISOR = 20  # a twentieth as many jobs as are measured are saved before the clock starts


class SaveEach(Scenario):
    """One job after the other; Redis acknowledges each before the next is sent."""

    name = "save-each"
    needs = EACH
    rows: Sequence[Row] = (
        Row("save_each", "save one by one", "jobs/s", goal=2.5),
        Row("save_server", "save one by one: server CPU", "µs/job", LESS),
    )

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = stage.share(stage.sizes.each, contestant)
        with stage.start(contestant) as child:
            child.ask("save", how="each", first=0, count=count // WARM_UP_DIVISOR)
            server_work = stage.server.watch()
            seconds = child.ask("save", how="each", first=count // WARM_UP_DIVISOR, count=count)
            work = server_work()
            child.ask("stop")
        if contestant.does(ALL):
            stage.server.expect(inactive=count + count // WARM_UP_DIVISOR)
        return {"save_each": count / seconds, "save_server": work.cpu / count}


class SaveBulk(Scenario):
    """As fast as the system offers: `save_all` here, 100 in flight in Node Kue."""

    name = "save-bulk"
    needs = BULK
    rows: Sequence[Row] = (
        Row("save_bulk", "save in bulk", "jobs/s", goal=5.0),
        Row("save_bytes", "Redis memory for a queued job", "bytes", LESS, goal=1.0),
    )

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = stage.share(stage.sizes.bulk, contestant)
        before = stage.server.used_memory()
        with stage.start(contestant) as child:
            child.ask("save", how="bulk", first=0, count=count // WARM_UP_DIVISOR)
            seconds = child.ask("save", how="bulk", first=count // WARM_UP_DIVISOR, count=count)
            child.ask("stop")
        if contestant.does(ALL):
            stage.server.expect(inactive=count + count // WARM_UP_DIVISOR)
        taken = stage.server.used_memory() - before
        return {"save_bulk": count / seconds, "save_bytes": taken / (count + count // WARM_UP_DIVISOR)}
