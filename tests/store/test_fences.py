"""Outside of a run, a change of a job reaches only the job that was created when the caller's job was."""

from typing import Any

import pytest

from kue.store import effects
from kue.store.identity import fence
from tests.store.conftest import Place
from tests.store.world import BEFORE, NODE, NOW, job

CHANGES: dict[str, Any] = {
    "remove": lambda place, fence: (place.scripts.remove(1, fence), -2),
    "set_state": lambda place, fence: (
        place.scripts.set_state(1, "failed", NOW, effects.set_field("failed_at", NOW), fence),
        -2,
    ),
    "update": lambda place, fence: (place.scripts.update(1, NOW, effects.set_field("data", "{}"), fence), -2),
    "apply_effects": lambda place, fence: (
        place.scripts.apply_effects(1, fence, NOW, effects.log("mine", (), NOW)),
        [-3],
    ),
}
each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


@each_change
@pytest.mark.parametrize("state", ["inactive", "active", "failed"])
def test_a_change_of_a_job_leaves_another_one_of_its_number_alone(place: Place, change: Any, state: str) -> None:
    before = job(1, state, created_at=BEFORE)
    place.seed(before)
    command, reply = change(place, fence(BEFORE - 1))
    place.check(command, reply=reply, after=before)


@each_change
@pytest.mark.parametrize(
    ("meant", "found"),
    [
        (BEFORE, str(BEFORE)),
        (None, str(BEFORE)),  # the caller does not know it
        (BEFORE, None),  # the hash does not say it
        (BEFORE, "NaN"),
        (BEFORE, "0" + str(BEFORE)),
    ],
)
def test_a_change_is_made_if_nothing_says_that_it_is_another_job(
    place: Place, change: Any, meant: int | None, found: str | None
) -> None:
    before = job(1, "active", workerId=NODE, created_at=found)
    place.seed(before)
    command, refused = change(place, fence(meant))
    assert place.run(command) != refused
    assert place.world() != before
