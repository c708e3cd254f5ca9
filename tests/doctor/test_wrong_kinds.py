"""A key that has come to hold another kind of value: a repair that would write to it changes nothing at all."""

import pytest

from tests.doctor.cases import CASES
from tests.doctor.conftest import Patient
from tests.store.world import World

HASHES = ("q:job:1", "q:job:1:log", "q:unique:jobs")
# What is no job, or has outlived its job, leaves the other sets all the same; the last id is written anew.
ON_PURPOSE = ("no type", "an empty type", "no hash", "a log without its job", "the last id is")


def written(before: World, after: World) -> list[str]:
    """The sets and lists that a repair writes to."""
    return [key for key in before | after if before.get(key) != after.get(key) and key not in HASHES]


PLACES = [
    *((what, key) for what, case in CASES.items() for key in written(case.before, case.after)),
    ("no state, and listed as active", "q:py:workers"),  # read once it is active again
]


@pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
@pytest.mark.parametrize(("what", "key"), [pair for pair in PLACES if not pair[0].startswith(ON_PURPOSE)])
def test_a_repair_that_cannot_be_carried_out_changes_nothing(patient: Patient, what: str, key: str) -> None:
    patient.seed(CASES[what].before)
    report = patient.examine()
    patient.client.set(key, "poison")
    patient.mend(report)
    assert patient.world() == CASES[what].before | {key: "poison"}
    assert patient.messages() == []
