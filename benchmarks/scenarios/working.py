"""Running jobs: empty handlers in 1, 10 and 50 slots, and 1,000 coroutines that sleep."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contestants import WORK, Contestant
from benchmarks.errors import BenchmarkError
from benchmarks.scenarios.drain import drain, fill
from benchmarks.scenarios.scenario import LESS, Row, Scenario, Stage


class OneSlot(Scenario):
    name = "slots-1"
    needs = WORK
    rows: Sequence[Row] = (Row("slots_1", "run, 1 slot", "jobs/s", goal=3.5),)

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = stage.share(stage.sizes.one_slot, contestant)
        fill(stage, contestant, count)
        return {"slots_1": drain(stage, contestant, count, 1).rate}


class TenSlots(Scenario):
    """The rate, and the cost of a job: the worker's CPU and memory, the server's CPU, commands and network reads."""

    name = "slots-10"
    needs = WORK
    rows: Sequence[Row] = (
        Row("slots_10", "run, 10 slots", "jobs/s", goal=5.0),
        Row("worker_cpu", "10 slots: worker CPU", "µs/job", LESS),
        Row("server_cpu", "10 slots: server CPU", "µs/job", LESS),
        Row("commands", "10 slots: Redis commands, also those in scripts", "per job", LESS),
        Row("reads", "10 slots: reads of the server from the network", "per job", LESS),
        Row("resident", "10 slots: resident memory of the worker", "MB", LESS),
    )

    def __init__(self) -> None:
        self.by_command: dict[str, dict[str, tuple[float, float]]] = {}

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = stage.share(stage.sizes.slots, contestant)
        fill(stage, contestant, count)
        drained = drain(stage, contestant, count, 10)
        server = drained.server
        self.by_command[contestant.key] = {
            name: (calls / count, microseconds / count) for name, (calls, microseconds) in server.by_command.items()
        }
        return {
            "slots_10": drained.rate,
            "worker_cpu": drained.cpu,
            "server_cpu": server.cpu / count,
            "commands": server.commands / count,
            "reads": server.reads / count,
            "resident": drained.resident,
        }


class FiftySlots(Scenario):
    name = "slots-50"
    needs = WORK
    rows: Sequence[Row] = (Row("slots_50", "run, 50 slots", "jobs/s", goal=6.0),)

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = stage.share(stage.sizes.slots, contestant)
        fill(stage, contestant, count)
        return {"slots_50": drain(stage, contestant, count, 50).rate}


class Sleeping(Scenario):
    """Handlers that sleep 20 ms, 1,000 at once: `async def` here, a timer in Node."""

    name = "async"
    rows: Sequence[Row] = (
        Row("async_1000", "run, 1,000 slots, async, 20 ms of sleep", "jobs/s"),
        Row("async_most", "of them asleep at once, at most", "jobs"),
    )
    SLOTS, SLEEP_SECONDS = 1_000, 0.02

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = stage.share(stage.sizes.sleeping, contestant)
        fill(stage, contestant, count)
        drained = drain(stage, contestant, count, self.SLOTS, sleep=self.SLEEP_SECONDS, coroutine=True)
        if drained.max_running > self.SLOTS:
            raise BenchmarkError(f"{drained.max_running} jobs ran at once in {self.SLOTS} slots")
        return {"async_1000": drained.rate, "async_most": drained.max_running}


class FiftyThreads(Scenario):
    """The same sleep on 50 threads; 1,000 coroutines must not be slower."""

    name = "threads"
    rows: Sequence[Row] = (Row("threads_50", "run, 50 slots, threads, 20 ms of sleep", "jobs/s"),)

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = stage.share(stage.sizes.sleeping // 4, contestant)
        fill(stage, contestant, count)
        return {"threads_50": drain(stage, contestant, count, 50, sleep=Sleeping.SLEEP_SECONDS).rate}
