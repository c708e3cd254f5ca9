"""Whether a job costs the same at a large scale: deep queues, many types, large payloads, several processes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contestants import Contestant, ours
from benchmarks.scenarios.drain import drain, fill
from benchmarks.scenarios.scenario import Row, Scenario, Stage

SHALLOW = 10_000  # jobs queued at the small size
FLAT_SHARE = 0.9  # of the rate at the small size, which the large size should keep


def rates(title: str, key: str) -> list[Row]:
    """Rows for the rate at a large size, and for its share of the rate at the small size."""
    return [
        Row(key, title, "jobs/s"),
        Row(f"{key}_share", f"{title}: share of the rate at the small size", "", limit=FLAT_SHARE),
    ]


class Queued(Scenario):
    """The rates with many jobs queued, beside those with 10,000."""

    name = "queued"
    WAYS = (("slots", 1), ("slots", 10), ("slots", 50), ("save", "each"), ("save", "bulk"))

    def __init__(self, queued: int) -> None:
        self._queued = queued

    @property
    def rows(self) -> Sequence[Row]:
        titles = [f"{how} {what}" if how == "save" else f"run, {what} slots" for how, what in self.WAYS]
        both = [
            rates(f"{title}, {self._queued:,} queued", f"queued_{how}_{what}")
            for title, (how, what) in zip(titles, self.WAYS, strict=True)
        ]
        return [row for pair in both for row in pair]

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        shallow = self._at(stage, contestant, SHALLOW)
        stage.server.empty()
        deep = self._at(stage, contestant, self._queued)
        shares = {f"{key}_share": rate / shallow[key] for key, rate in deep.items()}
        return deep | shares

    def _at(self, stage: Stage, contestant: Contestant, depth: int) -> dict[str, float]:
        found, sizes = {}, stage.sizes
        for how, what in self.WAYS:
            fill(stage, ours(), depth - stage.server.counts()["inactive"])  # every contestant saves the same data
            if how == "slots":
                count = min(sizes.one_slot if what == 1 else sizes.slots, depth // 2)
                found[f"queued_{how}_{what}"] = drain(stage, contestant, count, int(what), queued=depth).rate
                stage.server.forget_complete()
            else:
                count = sizes.each if what == "each" else sizes.bulk
                with stage.start(contestant) as child:
                    found[f"queued_{how}_{what}"] = count / child.ask("save", how=what, first=depth, count=count)
        return found


class Types(Scenario):
    """Jobs of many types with one slot for each, beside ten types."""

    name = "types"
    FEW = 10

    def __init__(self, types: int) -> None:
        self._types = types

    @property
    def rows(self) -> Sequence[Row]:
        return rates(f"run, {self._types:,} types, 1 slot each", "types")

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        found = []
        for types in (self.FEW, self._types):
            stage.server.empty()
            count = stage.sizes.slots
            fill(stage, ours(), count, types=types)
            found.append(drain(stage, contestant, count, 1, types=types).rate)
        return {"types": found[1], "types_share": found[1] / found[0]}


class Payload(Scenario):
    """Jobs with many bytes of data."""

    name = "payload"
    MAX_BYTES = 200_000_000  # per measurement

    def __init__(self, payload: int) -> None:
        self._payload = payload
        self.key = f"payload_{payload}"

    @property
    def rows(self) -> Sequence[Row]:
        size = f"{self._payload:,} bytes of data"
        return [
            Row(f"{self.key}_each", f"save one by one, {size}", "jobs/s"),
            Row(f"{self.key}_bulk", f"save in bulk, {size}", "jobs/s"),
            Row(f"{self.key}_slots", f"run, 10 slots, {size}", "jobs/s"),
        ]

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = min(stage.sizes.each, self.MAX_BYTES // self._payload)
        with stage.start(contestant, self._payload) as child:
            each = child.ask("save", how="each", first=0, count=count)
            stage.server.empty()
            bulk = child.ask("save", how="bulk", first=0, count=count)
        rate = drain(stage, contestant, count, 10, payload=self._payload).rate
        return {f"{self.key}_each": count / each, f"{self.key}_bulk": count / bulk, f"{self.key}_slots": rate}


class Processes(Scenario):
    """Ten slots in each of several worker processes."""

    name = "processes"

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers

    @property
    def rows(self) -> Sequence[Row]:
        return [Row(f"processes_{n}", f"run, {n} x 10 slots", "jobs/s") for n in self._numbers]

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        found, count = {}, stage.sizes.slots
        for number in self._numbers:
            stage.server.empty()
            fill(stage, contestant, count)
            found[f"processes_{number}"] = drain(stage, contestant, count, 10, processes=number).rate
        return found
