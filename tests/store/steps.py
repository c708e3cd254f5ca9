"""Every script that changes something, each with a world in which it does all it can."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kue.connection.connection import Command
from kue.store import effects
from kue.store.bulk import BulkCommands
from kue.store.flow import FlowCommands
from kue.store.purging import NO_TURN, PurgeCommands
from kue.store.repairs import Repairs
from kue.store.schedules import Firing, ScheduleCommands, StoredSchedule
from kue.store.transitions import Failure, GhostOptions, Retry, Transitions, completion, new_job
from tests.store.schedules import DUE, HASH, LIST, NAME, NEVER, NEXT, definition, schedule
from tests.store.world import BEFORE, NOW, PYTHON, World, job, without, world

JOB, TOKENS, JOBS, IDS, TYPES, LEASES, FLOW = (
    *("q:job:1", "q:email:jobs", "q:jobs"),
    *("q:ids", "q:job:types", "q:py:workers", "q:py:flow"),
)
HELD: dict[str, Any] = {"workerId": PYTHON, "max_attempts": 3}
CANCELLED: dict[str, Any] = {"py_cancel": f"{PYTHON}\nCancelled: why"}
SAID = (*effects.send(1, "page", 7, None, keep=False), *effects.log("on the way", (), NOW))
BOOM = Failure("boom", "boom", "boom")
PROCESS = "kue:host:77-beef0001"


def sets(*states: str) -> list[str]:
    return [key for state in states for key in (f"q:jobs:{state}", f"q:jobs:email:{state}")]


@dataclass(frozen=True)
class Step:
    """A script, the world in which it does all it can, and the keys that it writes to there and cannot do without."""

    before: World
    command: Callable[[Transitions], Command]
    writes: list[str]


def fails(retry: Retry) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.fail(1, PYTHON, "email", NOW, BOOM, retry, effects=SAID)


def completes(scripts: Transitions) -> Command:
    return scripts.complete(NOW, completion(1, PYTHON, 5, b"1", SAID))


def sets_state(state: str) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.set_state(1, state, NOW, effects.set_field("progress", 100))


OTHER_PRIORITY = effects.option("priority", -5)
DELAY = (*effects.option("delay", 500), *effects.option("promote_at", NOW + 500))


def updates(*options: Any) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.update(1, NOW, (*OTHER_PRIORITY, *options, *effects.set_field("data", "[]")))


ACTIVE = job(1, "active", **HELD)
STEPS = {
    "save": Step(
        {},
        lambda scripts: scripts.save(new_job("email", b"{}", NOW)),
        [IDS, TYPES, JOBS, *sets("inactive"), TOKENS],
    ),
    "save, delayed": Step(
        {},
        lambda scripts: scripts.save(new_job("email", b"{}", NOW, NOW)),
        [IDS, TYPES, JOBS, *sets("delayed")],
    ),
    "take": Step(
        job(1),
        lambda scripts: scripts.take("email", 1, 0, f"{PROCESS}:email:", 3, NOW),
        [TOKENS, *sets("inactive", "active")],
    ),
    "take, the token in hand": Step(
        job(1, tokens=0),
        lambda scripts: scripts.take("email", 1, 1, f"{PROCESS}:email:", 3, NOW),
        sets("inactive", "active"),
    ),
    "take, at a limit": Step(
        world(job(1, tokens=0), job(2, tokens=0), {FLOW: {"email": ",1,,"}}),
        lambda scripts: scripts.take("email", 2, 2, f"{PROCESS}:email:", 3, NOW),
        [TOKENS, *sets("inactive", "active")],
    ),
    "take, paused": Step(
        world(job(1, tokens=0), {FLOW: {"": "inf,,,"}}),
        lambda scripts: scripts.take("email", 1, 1, f"{PROCESS}:email:", 3, NOW),
        [TOKENS],
    ),
    "complete": Step(ACTIVE, completes, [JOB, *sets("active", "complete")]),
    "complete, and go": Step(
        job(1, "active", **HELD, removeOnComplete="true"), completes, [JOB, JOBS, *sets("active")]
    ),
    "complete, with a priority": Step(
        ACTIVE,
        lambda scripts: scripts.complete(NOW, completion(1, PYTHON, 5, b"1", (*SAID, *OTHER_PRIORITY))),
        [JOB, JOBS, *sets("active", "complete")],
    ),
    "fail, with a priority": Step(
        ACTIVE,
        lambda scripts: scripts.fail(
            1, PYTHON, "email", NOW, BOOM, Retry("inactive"), effects=(*SAID, *OTHER_PRIORITY)
        ),
        [JOB, JOBS, TOKENS, *sets("active", "inactive")],
    ),
    "requeue, with a priority": Step(
        ACTIVE,
        lambda scripts: scripts.requeue(1, PYTHON, "email", NOW, "no reason", (*SAID, *OTHER_PRIORITY)),
        [JOB, JOBS, TOKENS, *sets("active", "inactive")],
    ),
    "say, with a new ttl": Step(
        ACTIVE,
        lambda scripts: scripts.apply_effects(1, PYTHON, NOW, (*SAID, *effects.option("ttl", 500), "touch", "", "")),
        [JOB, "q:jobs:active"],
    ),
    "fail, at once": Step(ACTIVE, fails(Retry("inactive")), [JOB, TOKENS, *sets("active", "inactive")]),
    "fail, later": Step(ACTIVE, fails(Retry("delayed", 700)), [JOB, *sets("active", "delayed")]),
    "fail, for good": Step(ACTIVE, fails(Retry("failed")), [JOB, *sets("active", "failed")]),
    "requeue": Step(
        ACTIVE,
        lambda scripts: scripts.requeue(1, PYTHON, "email", NOW, "no reason", SAID),
        [JOB, TOKENS, *sets("active", "inactive")],
    ),
    "snooze": Step(
        ACTIVE,
        lambda scripts: scripts.snooze(1, PYTHON, "email", NOW, 700, SAID),
        [JOB, *sets("active", "delayed")],
    ),
    "snooze, at once": Step(
        ACTIVE,
        lambda scripts: scripts.snooze(1, PYTHON, "email", NOW, 0, (*SAID, *OTHER_PRIORITY)),
        [JOB, JOBS, TOKENS, *sets("active", "inactive")],
    ),
    "fail, as a ghost": Step(
        job(1, "active", **HELD, py_ghost_on_ttl="true"),
        lambda scripts: scripts.fail(
            *(1, PYTHON, "email", NOW, BOOM, Retry("failed")), mode="ttl", ghosts=GhostOptions(1, 700), effects=SAID
        ),
        [JOB, *sets("active", "delayed")],
    ),
    "requeue_orphans": Step(
        ACTIVE,
        lambda scripts: scripts.requeue_orphans("email", f"{PROCESS}:email:", [(3, 3)], b"0", 100, NOW, "no reason"),
        [TOKENS, *sets("active", "inactive")],
    ),
    "say, with a new deadline": Step(
        job(1, "active", **HELD, ttl=500, score=BEFORE),
        lambda scripts: scripts.apply_effects(1, PYTHON, NOW, (*SAID, "touch", "", "")),
        [JOB, "q:jobs:active"],
    ),
    "fail, and go": Step(
        job(1, "active", **HELD, py_remove_on_fail="true"), fails(Retry("failed")), [JOB, JOBS, *sets("active")]
    ),
    "purge_old": Step(
        job(1, "failed"),
        lambda scripts: PurgeCommands(scripts.keys).purge_old(NO_TURN, "email", "failed", 0, NOW, NOW),
        [JOBS, *sets("failed")],
    ),
    "purge_surplus": Step(
        job(1, "failed"),
        lambda scripts: PurgeCommands(scripts.keys).purge_surplus(NO_TURN, "email", "failed", 0, NOW, NOW),
        [JOBS, *sets("failed")],
    ),
    "remove": Step(job(1, "failed"), lambda scripts: scripts.remove(1), [JOB, JOBS, *sets("failed")]),
    "update, inactive": Step(job(1), updates(), [JOB, JOBS, TOKENS, *sets("inactive")]),
    "update, put off": Step(job(1), updates(*DELAY), [JOB, JOBS, *sets("inactive", "delayed")]),
    "update, active": Step(ACTIVE, updates(), [JOB, JOBS, *sets("active")]),
    "update, failed": Step(job(1, "failed"), updates(), [JOB, JOBS, *sets("failed")]),
    "update, delayed": Step(job(1, "delayed"), updates(*DELAY), [JOB, JOBS, *sets("delayed")]),
    "set_state, with a priority": Step(
        job(1, "failed"),
        lambda scripts: scripts.set_state(1, "inactive", NOW, OTHER_PRIORITY),
        [JOB, JOBS, TOKENS, *sets("failed", "inactive")],
    ),
    "set_state inactive": Step(job(1, "failed"), sets_state("inactive"), [JOB, TOKENS, *sets("failed", "inactive")]),
    **{
        f"set_state {new}": Step(job(1, old), sets_state(new), [JOB, *sets(old, new)])
        for new, old in {"active": "failed", "delayed": "complete", "complete": "delayed", "failed": "active"}.items()
    },
    "restore_stuck": Step(
        without(job(1, tokens=0, score=7), "q:jobs:email:inactive"),
        lambda scripts: scripts.restore_stuck(1, str(BEFORE), NOW),
        [JOB, TOKENS, *sets("inactive")],
    ),
    "add_tokens": Step(job(1, tokens=0), lambda scripts: scripts.add_tokens("email"), [TOKENS]),
    "trim_tokens": Step(job(1, tokens=3), lambda scripts: Repairs(scripts.keys).trim_tokens("email"), [TOKENS]),
    "list_type": Step(without(job(1), TYPES), lambda scripts: Repairs(scripts.keys).list_type("email", "1"), [TYPES]),
    "renew_lease": Step({}, lambda scripts: scripts.renew_lease(PROCESS, 500), [LEASES]),
    "declare_schedule": Step(
        schedule(),
        lambda scripts: ScheduleCommands(scripts.keys).declare_schedule(NAME, 1, 2, definition(digest="d2", when=7)),
        [LIST, HASH],
    ),
    "fire": Step(
        schedule(),
        lambda scripts: ScheduleCommands(scripts.keys).fire(
            Firing(NAME, StoredSchedule(DUE, {"digest": b"d1"}), NEXT, (DUE,)), NOW
        ),
        [LIST, HASH, IDS, TYPES, JOBS, *sets("inactive"), TOKENS],
    ),
    "trigger_schedule": Step(
        schedule(),
        lambda scripts: ScheduleCommands(scripts.keys).trigger_schedule(NAME, NOW),
        [HASH, IDS, TYPES, JOBS, *sets("inactive"), TOKENS],
    ),
    "pause_schedule": Step(
        schedule(), lambda scripts: ScheduleCommands(scripts.keys).pause_schedule(NAME), [LIST, HASH]
    ),
    "resume_schedule": Step(
        schedule(NEVER, paused=1),
        lambda scripts: ScheduleCommands(scripts.keys).resume_schedule(NAME, b"d1", NEXT),
        [LIST, HASH],
    ),
    "cancel, waiting": Step(
        job(1),
        lambda scripts: BulkCommands(scripts.keys).cancel([1], NOW, "Cancelled", alone=True),
        [JOB, TOKENS, *sets("inactive", "failed")],
    ),
    "cancel, running": Step(
        job(1, "active", workerId=f"{PROCESS}1:email:3"),
        lambda scripts: BulkCommands(scripts.keys).cancel([1], NOW, "Cancelled", alone=True),
        [JOB, f"q:py:mail:{PROCESS}1"],
    ),
    "fail, cancelled": Step(
        job(1, "active", **HELD, **CANCELLED), fails(Retry("inactive")), [JOB, *sets("active", "failed")]
    ),
    "requeue, cancelled": Step(
        job(1, "active", **HELD, **CANCELLED),
        lambda scripts: scripts.requeue(1, PYTHON, "email", NOW, "no reason", SAID),
        [JOB, *sets("active", "failed")],
    ),
    "snooze, cancelled": Step(
        job(1, "active", **HELD, **CANCELLED),
        lambda scripts: scripts.snooze(1, PYTHON, "email", NOW, 700, SAID),
        [JOB, *sets("active", "failed")],
    ),
    "requeue_orphans, cancelled": Step(
        job(1, "active", **HELD, **CANCELLED),
        lambda scripts: scripts.requeue_orphans("email", f"{PROCESS}:email:", [(3, 3)], b"0", 100, NOW, "no reason"),
        sets("active", "failed"),
    ),
    "requeue, cancelled, and go": Step(
        job(1, "active", **HELD, **CANCELLED, py_remove_on_fail="true"),
        lambda scripts: scripts.requeue(1, PYTHON, "email", NOW, "no reason", SAID),
        [JOB, JOBS, *sets("active")],
    ),
    "snooze, cancelled, and go": Step(
        job(1, "active", **HELD, **CANCELLED, py_remove_on_fail="true"),
        lambda scripts: scripts.snooze(1, PYTHON, "email", NOW, 700, SAID),
        [JOB, JOBS, *sets("active")],
    ),
    "requeue_orphans, cancelled, and go": Step(
        job(1, "active", **HELD, **CANCELLED, py_remove_on_fail="true"),
        lambda scripts: scripts.requeue_orphans("email", f"{PROCESS}:email:", [(3, 3)], b"0", 100, NOW, "no reason"),
        [JOBS, *sets("active")],
    ),
    "change_flow": Step(
        {FLOW: {"email": ",5,,"}},
        lambda scripts: FlowCommands(scripts.keys).change_flow("email", {"concurrency": 7}),
        [FLOW],
    ),
    "change_flow, no rate any more": Step(
        {FLOW: {"email": ",5,7,1000"}, "q:py:rate:email": [str(NOW)]},
        lambda scripts: FlowCommands(scripts.keys).change_flow("email", {"n": "", "ms": ""}),
        [FLOW, "q:py:rate:email"],
    ),
    "end_lease": Step({LEASES: {PROCESS: 1.0, "other": 1.0}}, lambda scripts: scripts.end_lease(PROCESS), [LEASES]),
}
