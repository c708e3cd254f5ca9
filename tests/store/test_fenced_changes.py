"""update, set_state and remove in the name of a run: they change nothing unless that run holds the job."""

from collections.abc import Callable
from typing import Any

import pytest

from kue.options.values import STATES
from tests.store.conftest import Place
from tests.store.world import NODE, NOW, PYTHON, gone, job

OTHER = PYTHON[:-1] + "99"
CHANGES: dict[str, Callable[[Place, str], Any]] = {
    "update": lambda place, worker: place.scripts.update(1, NOW, ("set", "data", '"new"'), worker),
    "set_state": lambda place, worker: place.scripts.set_state(1, "complete", NOW, ("set", "progress", 100), worker),
    "remove": lambda place, worker: place.scripts.remove(1, worker),
}
AFTER = {
    "update": job(1, "active", workerId=PYTHON, data='"new"', updated_at=NOW),
    "set_state": job(1, "complete", workerId=PYTHON, progress=100, updated_at=NOW),
    "remove": gone(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("worker", [PYTHON, ""], ids=["the run", "anybody"])
def test_the_run_that_holds_the_job_changes_it_and_so_does_any_caller_that_claims_no_run(
    place: Place, change: str, worker: str
) -> None:
    place.seed(job(1, "active", workerId=PYTHON))
    assert place.run(CHANGES[change](place, worker)) != -1
    assert place.world() == AFTER[change]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("holder", [OTHER, NODE, None], ids=["another run", "Node", "nobody"])
def test_a_run_that_another_has_followed_changes_nothing(place: Place, change: str, holder: str | None) -> None:
    before = job(1, "active", **({"workerId": holder} if holder else {}))
    place.seed(before)
    place.check(CHANGES[change](place, PYTHON), reply=-1, after=before)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("state", [state for state in STATES if state != "active"])
def test_a_run_whose_job_is_active_no_more_changes_nothing(place: Place, change: str, state: str) -> None:
    before = job(1, state, workerId=PYTHON)
    place.seed(before)
    place.check(CHANGES[change](place, PYTHON), reply=-1, after=before)
