"""What the library costs without jobs: an idle queue object, an idle worker, the import."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence

from benchmarks.contestants import ROOT, Contestant
from benchmarks.scenarios.scenario import LESS, Row, Scenario, Stage

SETTLE_SECONDS = 1.5
IMPORT = {
    "kue": "import time; t = time.perf_counter(); import kue; print(1000 * (time.perf_counter() - t))",
    "node-kue": "const t = process.hrtime.bigint(); require('kue'); "
    "process.stdout.write(String(Number(process.hrtime.bigint() - t) / 1e6))",
}


class Idle(Scenario):
    """A worker with 10 slots and nothing to do."""

    name = "idle"
    rows: Sequence[Row] = (
        Row("idle_queue", "idle queue object: connections", "", LESS, limit=0),
        Row("idle_worker", "idle worker, 10 slots: connections", "", LESS),
        Row("idle_commands", "idle worker, 10 slots: commands", "/s", LESS, limit=5),
        Row("idle_cpu", "idle worker, 10 slots: CPU", "%", LESS, limit=1.0),
        Row("idle_resident", "idle worker, 10 slots: resident memory", "MB", LESS),
    )

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        seconds = stage.sizes.idle_seconds
        with stage.start(contestant) as child:
            queue_connections = stage.server.clients()
            child.ask("work", slots=10, stride=1)
            time.sleep(SETTLE_SECONDS)
            connections, before = stage.server.clients(), stage.server.commands()
            cpu, began = child.precise_cpu(), time.monotonic()
            time.sleep(seconds)
            lasted = time.monotonic() - began
            used, commands = (child.precise_cpu() - cpu) / lasted, (stage.server.commands() - before) / lasted
            resident = child.resident()
            child.ask("stop")
        return {
            "idle_queue": queue_connections,
            "idle_worker": connections,
            "idle_commands": commands,
            "idle_cpu": 100 * used,
            "idle_resident": resident,
        }


class Import(Scenario):
    """In a fresh process, with its files in the system's cache."""

    name = "import"
    rows: Sequence[Row] = (Row("import", "import", "ms", LESS, limit=150),)

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        command = [contestant.command[0], "-c" if contestant.key == "kue" else "-e", IMPORT[contestant.key]]
        times = [self._once(command, contestant) for _ in range(stage.sizes.imports)]
        return {"import": statistics.median(times)}

    @staticmethod
    def _once(command: list[str], contestant: Contestant) -> float:
        environment = os.environ | contestant.environment
        ended = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        return float(ended.stdout)
