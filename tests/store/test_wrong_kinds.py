"""A key that holds another kind of value: a script that would write to it is refused before its first write, since
Redis does not undo the half of a script."""

import pytest

from kue.errors import RedisRefused
from tests.store.conftest import Place
from tests.store.steps import IDS, JOB, JOBS, PROCESS, STEPS, TOKENS, TYPES, sets
from tests.store.world import NOW, job, token_list, without, world

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
def test_a_script_that_would_write_to_a_key_of_another_kind_is_refused_and_writes_nothing(
    place: Place, what: str, key: str
) -> None:
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
        place.scripts.set_state(1, new, NOW),
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
        place.scripts.drop_broken(1, ["email"]),
        reply=1,
        after=world({TYPES: {"email"}}, token_list("email", 1)) | {key: "poison"},
    )
