"""A key that has come to hold another kind of value: a repair that would write to it changes nothing at all."""

import pytest

from kue.doctor.findings import LongActive
from tests.doctor.cases import CASES
from tests.doctor.conftest import Patient
from tests.doctor.one_of_each import ONE_OF_EACH_KIND
from tests.store.world import NODE, World, job

# One case for each repair, and those in which a repair takes another branch.
EACH_REPAIR = (
    *ONE_OF_EACH_KIND,
    "failed, missing from q:jobs",
    "failed, missing from q:jobs:email:failed",
    "active, missing from q:jobs:active",
    "in no set at all",
    "a save cut off, with a delay, not among all jobs",
    "no state, and listed as two",
    "delayed, with data that is not JSON",
    "active for a Python process without a lease, once too often",
    "active for a Python process without a lease, and cancelled",
)
HASHES = ("q:job:1", "q:job:1:log", "q:unique:jobs")
# What is no job, or has outlived its job, leaves the other sets all the same; the last id is written anew.
ON_PURPOSE = (
    "no type",
    "an empty type",
    "no hash",
    "a log without its job",
    "words of a job that is gone",
    "the last id is",
)


def written(before: World, after: World) -> list[str]:
    """The sets and lists that a repair writes to."""
    return [key for key in before | after if before.get(key) != after.get(key) and key not in HASHES]


PLACES = [
    *((what, key) for what in EACH_REPAIR for key in written(CASES[what].before, CASES[what].after)),
    # not written to there, and yet read after the first write
    ("no state, and listed as active", "q:py:workers"),
    ("no state, and listed as failed", "q:email:jobs"),
    ("inactive, with data that is not JSON", "q:email:jobs"),
    ("delayed, with data that is not JSON", "q:email:jobs"),
]


@pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
@pytest.mark.parametrize(("what", "key"), [pair for pair in PLACES if not pair[0].startswith(ON_PURPOSE)])
def test_a_repair_that_cannot_be_carried_out_changes_nothing(patient: Patient, what: str, key: str) -> None:
    patient.seed(CASES[what].before)
    report = patient.examine()
    patient.client.set(key, "poison")
    patient.repair(report)
    assert patient.world() == CASES[what].before | {key: "poison"}
    assert patient.messages() == []


@pytest.mark.parametrize("backend", ["redis"], indirect=True)
@pytest.mark.parametrize("key", ["q:jobs:inactive", "q:jobs:email:inactive", "q:jobs:email:active", "q:email:jobs"])
def test_an_old_job_that_cannot_be_queued_stays_as_it_is(patient: Patient, key: str) -> None:
    before = job(1, "active", workerId=NODE) | {"q:ids": "1"}
    patient.seed(before)
    report = patient.examine(requeue_active_older_than=1000)
    assert [type(finding) for finding in report.findings] == [LongActive]
    patient.client.set(key, "poison")
    patient.repair(report)
    assert patient.world() == before | {key: "poison"}
    assert patient.messages() == []
