"""The time from saving a job to receiving its result, while another process runs the job."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.child import Child
from benchmarks.contestants import ALL, ROUND_TRIP, Contestant
from benchmarks.errors import BenchmarkError
from benchmarks.scenarios.scenario import LESS, Row, Scenario, Stage

SLOTS = 10
WARM_UP_DIVISOR = 10  # a tenth as many round trips as are measured come before the clock starts


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class RoundTrip(Scenario):
    """One at a time: a promise here, the job's `complete` event in Node Kue."""

    name = "round-trip"
    needs = ROUND_TRIP
    rows: Sequence[Row] = (
        Row("trip_p50", "round trip, one at a time: p50", "ms", LESS, goal=0.45),
        Row("trip_p95", "round trip, one at a time: p95", "ms", LESS),
        Row("trip_p99", "round trip, one at a time: p99", "ms", LESS),
    )

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = stage.share(stage.sizes.trips, contestant)
        with ExitStack() as stack:
            worker = stack.enter_context(stage.start(contestant))
            requester = stack.enter_context(stage.start(contestant))
            worker.ask("work", slots=SLOTS, stride=count)
            requester.ask("round_trips", first=0, count=count // WARM_UP_DIVISOR)
            times = requester.ask("round_trips", first=count // WARM_UP_DIVISOR, count=count)
            _end(stage, contestant, worker, requester, count + count // WARM_UP_DIVISOR)
        return {f"trip_p{share}": percentile(times, share / 100) for share in (50, 95, 99)}


class Load(Scenario):
    """Round trips at a fixed rate, half of the rate that the same processes reach with 50 outstanding."""

    name = "load"
    needs = ALL
    rows: Sequence[Row] = (
        Row("trips", "round trips, 50 outstanding", "jobs/s"),
        Row("load_rate", "round trip at 50% load: the load", "jobs/s"),
        Row("load_p50", "round trip at 50% load: p50", "ms", LESS),
        Row("load_p95", "round trip at 50% load: p95", "ms", LESS),
        Row("load_p99", "round trip at 50% load: p99", "ms", LESS),
    )
    OUTSTANDING = 50

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        count = stage.share(stage.sizes.load, contestant)
        with ExitStack() as stack:
            worker = stack.enter_context(stage.start(contestant))
            requester = stack.enter_context(stage.start(contestant))
            worker.ask("work", slots=SLOTS, stride=count)
            warm_up = max(self.OUTSTANDING, count // WARM_UP_DIVISOR)
            requester.ask("in_flight", first=0, count=warm_up, limit=self.OUTSTANDING)
            rate = count / requester.ask("in_flight", first=warm_up, count=count, limit=self.OUTSTANDING)
            times = requester.ask("at_rate", first=warm_up + count, count=count, rate=rate / 2)
            _end(stage, contestant, worker, requester, warm_up + 2 * count)
        tails = {f"load_p{share}": percentile(times, share / 100) for share in (50, 95, 99)}
        return {"trips": rate, "load_rate": rate / 2, **tails}


def _end(stage: Stage, contestant: Contestant, worker: Child, requester: Child, count: int) -> None:
    worker.ask("stop")
    tally = worker.ask("tally")
    if (tally["count"], tally["sum"]) != (count, count * (count - 1) // 2):
        raise BenchmarkError(f"{contestant.title}: {tally['count']} runs of {count} jobs, adding up to {tally['sum']}")
    if contestant.does(ALL):
        stage.server.expect(complete=count)
    requester.ask("stop")
