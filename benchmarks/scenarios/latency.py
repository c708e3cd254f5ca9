"""A network that takes some milliseconds each way: how fast jobs are saved, and how many of the possible jobs run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from benchmarks.contestants import Contestant
from benchmarks.scenarios.drain import drain, fill
from benchmarks.scenarios.scenario import Row, Scenario, Stage
from benchmarks.slow_network import SlowNetwork

SLEEP_SECONDS = 0.005
SLOTS = (10, 50)
GOAL_SHARE = 0.9


class Latency(Scenario):
    """Handlers that sleep 5 ms. A slot can run a job in that time and one round trip, so the possible rate is known."""

    name = "latency"

    def __init__(self, milliseconds: float) -> None:
        self._milliseconds = milliseconds
        self.key = f"latency_{milliseconds:g}"

    def _possible(self, slots: int) -> float:
        return slots / (SLEEP_SECONDS + 2 * self._milliseconds / 1000)

    @property
    def rows(self) -> Sequence[Row]:
        network = f"{self._milliseconds:g} ms each way"
        rows = [
            Row(f"{self.key}_each", f"{network}: save one by one", "jobs/s"),
            Row(f"{self.key}_bulk", f"{network}: save in bulk", "jobs/s"),
        ]
        for slots in SLOTS:
            title, key = f"{network}: run, {slots} slots, 5 ms of sleep", f"{self.key}_slots_{slots}"
            rows += [
                Row(key, title, "jobs/s"),
                Row(f"{key}_share", f"{title}: share of {self._possible(slots):,.0f} jobs/s", "", limit=GOAL_SHARE),
            ]
        return rows

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        with SlowNetwork(stage.server.port, self._milliseconds) as network:
            distant = dataclasses.replace(stage, url=network.url)
            figures = self._save(distant, contestant)
            for slots in SLOTS:
                possible, key = self._possible(slots), f"{self.key}_slots_{slots}"
                count = stage.share(int(possible * stage.sizes.latency_seconds), contestant)
                stage.server.empty()
                fill(stage, contestant, count)
                figures[key] = drain(distant, contestant, count, slots, sleep=SLEEP_SECONDS).rate
                figures[f"{key}_share"] = figures[key] / possible
        return figures

    def _save(self, distant: Stage, contestant: Contestant) -> dict[str, float]:
        each, bulk = distant.sizes.latency_saves, distant.sizes.bulk
        with distant.start(contestant) as child:
            found = {
                f"{self.key}_each": each / child.ask("save", how="each", first=0, count=each),
                f"{self.key}_bulk": bulk / child.ask("save", how="bulk", first=each, count=bulk),
            }
            child.ask("stop")
        return found
