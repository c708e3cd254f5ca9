"""The scenarios that are measured: `standard` in every run, `scaled` if options ask for them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.scenarios.crowd import Delayed, Endurance, Listeners
from benchmarks.scenarios.latency import Latency
from benchmarks.scenarios.round_trips import Load, RoundTrip
from benchmarks.scenarios.saving import SaveBulk, SaveEach
from benchmarks.scenarios.scale import Payload, Processes, Queued, Types
from benchmarks.scenarios.scenario import Scenario
from benchmarks.scenarios.searching import Search
from benchmarks.scenarios.standing import Idle, Import
from benchmarks.scenarios.working import FiftySlots, FiftyThreads, OneSlot, Sleeping, TenSlots

STANDARD = (
    SaveEach,
    SaveBulk,
    OneSlot,
    TenSlots,
    FiftySlots,
    Sleeping,
    FiftyThreads,
    RoundTrip,
    Load,
    Idle,
    Import,
)


def standard() -> list[Scenario]:
    return [kind() for kind in STANDARD]


def scaled(
    *,
    queued: int | None,
    types: int | None,
    delayed: int | None,
    payload: Sequence[int],
    processes: Sequence[int],
    listeners: int | None,
    endurance: int | None,
    indexed: int | None,
    latency: Sequence[float],
) -> list[Scenario]:
    """The scenarios for which an option was given."""
    found: list[Scenario] = [Payload(size) for size in payload]
    found += [Processes(processes)] if processes else []
    found += [Types(types)] if types else []
    found += [Queued(queued)] if queued else []
    found += [Delayed(delayed)] if delayed else []
    found += [Listeners(listeners)] if listeners else []
    found += [Endurance(endurance)] if endurance else []
    found += [Search(indexed)] if indexed else []
    found += [Latency(milliseconds) for milliseconds in latency]
    return found
