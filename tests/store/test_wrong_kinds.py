"""A key that holds another kind of value: a script that would write to it is refused before its first write, since
Redis does not undo the half of a script."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.store import sayings
from kue.store.link import Command
from kue.store.repairs import Repairs
from kue.store.transitions import Failure, Retry, Transitions, completion, new_job
from tests.store.conftest import Place
from tests.store.world import BEFORE, NOW, PYTHON, World, job, token_list, without, world

JOB, TOKENS, JOBS, IDS, TYPES, LEASES = (
    *("q:job:1", "q:email:jobs", "q:jobs"),
    *("q:ids", "q:job:types", "q:py:workers"),
)
HELD: dict[str, Any] = {"workerId": PYTHON, "max_attempts": 3}
SAID = (*sayings.log("on the way", (), NOW), *sayings.send(1, "page", 7, None, keep=False))
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
    return lambda scripts: scripts.fail(1, PYTHON, "email", NOW, BOOM, retry, sayings=SAID)


def completes(scripts: Transitions) -> Command:
    return scripts.complete(NOW, completion(1, PYTHON, 5, b"1", SAID))


def sets_state(state: str) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.set_state(1, state, NOW, ("progress", 100))


def updates(delay: int | None = None) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.update(1, NOW, -5, delay, ("data", "[]"))


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
    "complete": Step(ACTIVE, completes, [JOB, *sets("active", "complete")]),
    "complete, and go": Step(
        job(1, "active", **HELD, removeOnComplete="true"), completes, [JOB, JOBS, *sets("active")]
    ),
    "fail, at once": Step(ACTIVE, fails(Retry("inactive")), [JOB, TOKENS, *sets("active", "inactive")]),
    "fail, later": Step(ACTIVE, fails(Retry("delayed", 700)), [JOB, *sets("active", "delayed")]),
    "fail, for good": Step(ACTIVE, fails(Retry("failed")), [JOB, *sets("active", "failed")]),
    "requeue": Step(
        ACTIVE,
        lambda scripts: scripts.requeue(1, PYTHON, "email", NOW, SAID),
        [JOB, TOKENS, *sets("active", "inactive")],
    ),
    "say, with a new deadline": Step(
        job(1, "active", **HELD, ttl=500, score=BEFORE),
        lambda scripts: scripts.say(1, PYTHON, NOW, (*SAID, "touch", "", "")),
        [JOB, "q:jobs:active"],
    ),
    "remove": Step(job(1, "failed"), lambda scripts: scripts.remove(1), [JOB, JOBS, *sets("failed")]),
    "update, inactive": Step(job(1), updates(), [JOB, JOBS, TOKENS, *sets("inactive")]),
    "update, active": Step(ACTIVE, updates(), [JOB, JOBS, *sets("active")]),
    "update, failed": Step(job(1, "failed"), updates(), [JOB, JOBS, *sets("failed")]),
    "update, delayed": Step(job(1, "delayed"), updates(500), [JOB, JOBS, *sets("delayed")]),
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
    "end_lease": Step({LEASES: {PROCESS: 1.0, "other": 1.0}}, lambda scripts: scripts.end_lease(PROCESS), [LEASES]),
}
NOT_NEEDED = {JOB, "q:job:1:log", "q:stats:work-time"}  # another kind of log or of work time holds up nothing


@pytest.mark.parametrize("what", STEPS)
def test_the_table_names_every_key_that_is_written(place: Place, what: str) -> None:
    step = STEPS[what]
    place.seed(step.before)
    place.run(step.command(place.scripts))
    after = place.world()
    changed = {key for key in step.before | after if step.before.get(key) != after.get(key)}
    assert changed - NOT_NEEDED == set(step.writes) - NOT_NEEDED


@pytest.mark.parametrize(("what", "key"), [(what, key) for what, step in STEPS.items() for key in step.writes])
def test_it_is_refused_and_nothing_is_written(place: Place, what: str, key: str) -> None:
    step = STEPS[what]
    before = step.before | {key: ["poison"] if key == IDS else "poison"}
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(step.command(place.scripts))
    assert place.world() == before
    assert place.messages() == []


@pytest.mark.parametrize("state", ["inactive", "active", "complete", "failed", "delayed"])
@pytest.mark.parametrize("new", ["inactive", "active", "complete", "failed", "delayed"])
def test_only_what_is_written_has_to_be_of_its_kind(place: Place, state: str, new: str) -> None:
    touched = {*sets(state, new), *([TOKENS] if new == "inactive" else [])}
    others = {*sets("inactive", "active", "complete", "failed", "delayed"), JOBS, TYPES, TOKENS} - touched
    before = job(1, state) | dict.fromkeys(others, "poison")
    place.seed(before)
    place.check(
        place.scripts.set_state(1, new, NOW, ("state", new)),
        reply=state,
        after=job(1, new, updated_at=NOW, tokens=(state == "inactive") + (new == "inactive"))
        | dict.fromkeys(others, "poison"),
        events=[(1, "enqueue", "email")] if new == "inactive" else [],
    )


BROKEN_IN = ["q:jobs", *(key for key in sets("active", "complete", "failed", "delayed"))]


@pytest.mark.parametrize("key", BROKEN_IN)
def test_a_broken_job_leaves_the_sets_that_are_sets_and_its_neighbour_is_taken(place: Place, key: str) -> None:
    listed = {name: {"01|1": 0.0} for name in ("q:jobs:failed", "q:jobs:email:failed", "q:jobs:complete")}
    place.seed(world(without(job(1), JOB), listed) | {key: "poison"})
    place.check(
        place.scripts.take("email", 1, 0, f"{PROCESS}:email:", 3, NOW),
        reply=[1, ["1"]],
        after={TYPES: {"email"}, key: "poison"},
    )


@pytest.mark.parametrize("key", ["q:jobs", *sets("inactive", "active", "complete", "failed", "delayed")])
def test_what_is_dropped_leaves_the_sets_that_are_sets(place: Place, key: str) -> None:
    everywhere = [without(job(1, state), JOB) for state in ("inactive", "active", "complete", "failed", "delayed")]
    place.seed(world(*everywhere) | {key: "poison"})
    place.check(
        place.scripts.drop_broken(1, "email"),
        reply=1,
        after=world({TYPES: {"email"}}, token_list("email", 1)) | {key: "poison"},
    )
