"""What a chaos run does, chosen from its seed alone: every job, and every disturbance in its order."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SHARED, PYTHON, COROUTINE = "shared", "python", "coroutine"
LEASE = 3000
STUCK_AFTER = 12_000
JOBS_TO_A_DISTURBANCE = 150

KILL, FREEZE, STOP, HURRY = "SIGKILL of a Python worker", "SIGSTOP of a Python worker", "SIGTERM", "SIGTERM twice"
NODE_KILL = "SIGKILL of a Node worker"
CUT, FLUSH = "connections cut", "SCRIPT FLUSH"
REDIS_KILL, REDIS_FREEZE = "Redis killed and restarted", "Redis frozen"
NO_MEMORY, READ_ONLY = "Redis out of memory", "Redis read-only"
POISON = "poison jobs"
WEIGHTS = {
    KILL: 6,
    FREEZE: 4,
    STOP: 4,
    HURRY: 2,
    NODE_KILL: 3,
    CUT: 5,
    FLUSH: 2,
    REDIS_KILL: 5,
    REDIS_FREEZE: 2,
    NO_MEMORY: 4,
    READ_ONLY: 4,
    POISON: 3,
}
CUTTING = {CUT, REDIS_KILL, REDIS_FREEZE, FREEZE}  # after these a worker may not know what Redis has carried out
LATE, RAISES, SUCCEEDS = "overruns its ttl", "raises", "succeeds"
NOT_JSON, UNKNOWN_BACKOFF, NO_TYPE = "data that is not JSON", "unknown backoff", "no type"


@dataclass(frozen=True, slots=True)
class JobPlan:
    """One job; `options` in Kue's names, as Node's producer takes them.

    In its data, `fail` is how many attempts fail, `late` how many of those do because they overrun the ttl (the first),
    `lines` how many lines a run reports, and `ms` how long it takes if it is not late.
    """

    key: int
    type: str
    data: dict[str, Any]
    options: dict[str, Any]

    def attempt(self, made: int) -> str:
        """How an attempt ends, after `made` that failed."""
        if made < self.data["late"]:
            return LATE
        return RAISES if made < self.data["fail"] else SUCCEEDS

    @property
    def succeeds(self) -> bool:
        return int(self.data["fail"]) < int(self.options.get("attempts", 1))

    @property
    def fields(self) -> set[str]:
        """The fields of its hash that a whole save writes."""
        optional = {"delay", "ttl", "backoff", "removeOnComplete"} & set(self.options)
        return {"type", "data", "priority", "max_attempts", "created_at", "promote_at", *optional}

    @property
    def is_removed(self) -> bool:
        """Whether the job is gone once it is complete."""
        return bool(self.options.get("removeOnComplete", False))


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing that goes wrong. `pick` in 0..1 chooses the victim, `share` how much or how long."""

    kind: str
    pick: float
    share: float
    during: "Disturbance | None" = field(default=None)


class Plan:
    """All choices of one seed."""

    def __init__(self, seed: int, jobs: int) -> None:
        self.seed = seed
        chance = random.Random(f"jobs {seed}")
        self.jobs = [_job(chance, key) for key in range(jobs)]
        self.disturbances = list(_disturbances(random.Random(f"disturbances {seed}"), jobs))


def _job(chance: random.Random, key: int) -> JobPlan:
    type = chance.choices([SHARED, PYTHON, COROUTINE], [5, 3, 2])[0]
    attempts = chance.choices([1, 2, 3, 5], [4, 2, 2, 1])[0]
    fail = chance.choices([0, 1, 2], [8, 2, 1])[0]
    ms = chance.choices([0, 20, 150, 1000], [4, 4, 4, 1])[0]
    data = {"key": key, "ms": ms, "fail": fail, "late": 0, "lines": chance.choices([0, 1, 5, 12], [5, 2, 2, 1])[0]}
    options: dict[str, Any] = {"attempts": attempts, "priority": chance.choice([0, 0, 0, 10, -10, -15])}
    if chance.random() < 0.15:
        options["delay"] = chance.choice([50, 500, 2500])
    if chance.random() < 0.3:
        options["backoff"] = chance.choice(
            [True, {"type": "fixed", "delay": 100}, {"type": "exponential", "delay": 50, "maxDelay": 500}]
        )
    if chance.random() < 0.1:
        options["removeOnComplete"] = True
    if chance.random() < 0.1:
        options["ttl"] = 120_000
    if type != SHARED and chance.random() < 0.12:  # a Node worker lets the outcome of a late handler count
        options["ttl"] = chance.choice([500, 1000])
        data["late"] = chance.choice([1, 1, 2])
        data |= {"fail": data["late"] + chance.choice([0, 0, 1]), "ms": chance.choice([0, 20, 100])}
    return JobPlan(key, type, data, options)


def _disturbances(chance: random.Random, jobs: int) -> Iterator[Disturbance]:
    """Each kind at least once, in any order, then by weight; something else happens while a worker is frozen."""
    count = max(len(WEIGHTS), jobs // JOBS_TO_A_DISTURBANCE)
    kinds = list(WEIGHTS)
    chance.shuffle(kinds)
    kinds += chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=count - len(kinds))
    others = [kind for kind in WEIGHTS if kind != FREEZE]
    for kind in kinds:
        during = None
        if kind == FREEZE and chance.random() < 0.7:
            during = Disturbance(chance.choice(others), chance.random(), chance.random())
        yield Disturbance(kind, chance.random(), chance.random(), during)
