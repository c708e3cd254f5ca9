"""The doctor reports a corruption and nothing else, repairs it, and finds nothing wrong afterwards."""

import pytest

from tests.doctor.case import Case
from tests.doctor.cases import ALIVE, CASES, NEIGHBOURS
from tests.doctor.conftest import Patient
from tests.doctor.one_of_each import ONE_OF_EACH_KIND
from tests.servers import offered
from tests.store.world import NODE, NOW, PYTHON, World, job, world

on_redis = pytest.mark.parametrize("backend", ["redis"], indirect=True)


def assert_found_alone_and_repaired(patient: Patient, case: Case) -> None:
    patient.seed(case.before)

    report = patient.examine()
    assert [patient.shown(finding) for finding in report.findings] == case.says
    assert patient.world() == case.before
    assert patient.messages() == []

    repaired = patient.repair(report)
    assert [(patient.shown(one.finding), one.done, one.problem) for one in repaired] == [
        (says, done, "") for says, done in zip(case.says, case.done, strict=True)
    ]
    assert patient.world() == case.after
    assert patient.events() == case.events
    assert patient.is_clean(case.after)


@on_redis
@pytest.mark.parametrize("what", CASES)
def test_the_doctor_finds_a_corruption_alone_and_repairs_it(patient: Patient, what: str) -> None:
    assert_found_alone_and_repaired(patient, CASES[what])


@pytest.mark.parametrize("backend", offered("valkey", "redis62", "cluster", "fake"), indirect=True)
@pytest.mark.parametrize("what", ONE_OF_EACH_KIND)
def test_the_doctor_finds_and_repairs_each_kind_on_other_servers(patient: Patient, what: str) -> None:
    assert_found_alone_and_repaired(patient, CASES[what])


@on_redis
@pytest.mark.parametrize("what", ONE_OF_EACH_KIND)
def test_a_repair_leaves_alone_what_is_consistent_by_then(patient: Patient, what: str) -> None:
    patient.seed(CASES[what].before)
    report = patient.examine()
    patient.client.flushall()
    patient.seed(CASES[what].after)
    assert [one.done for one in patient.repair(report)] == [""]
    assert patient.world() == CASES[what].after
    assert patient.messages() == []


def test_the_doctor_finds_nothing_wrong_with_the_neighbours(patient: Patient) -> None:
    patient.seed(NEIGHBOURS)
    assert patient.is_clean(NEIGHBOURS)


CHANGED: dict[str, World] = {
    **{
        what: {"q:job:1": {"updated_at": str(NOW + 1)}}
        for what in ONE_OF_EACH_KIND
        if what.startswith(("failed", "stuck", "no type", "a save", "no state", "a state"))
    },
    "inactive, with data that is not JSON": {"q:job:1": {"data": "{no"}},
    "active for a Python process with no lease": {"q:job:1": {"workerId": f"{PYTHON}1"}},
    "active for a Python process with a lease that ran out": ALIVE,
    "active for no worker": {"q:job:1": {"workerId": NODE}},
    "no job, q:jobs": {"q:job:1": {"type": "email"}},
    "a log without its job": {"q:job:1": {"type": "email"}},
    "a unique key without its job": {"q:unique:jobs": {"tj": "3"}},
    "words of a job that is gone": {"q:job:1": {"type": "email"}},
    "words that were not all written": {"q:job:1": {"py_reindex": "other"}},
    "a type that is not listed": {"q:job:1": {"type": "pdf"}},
}


@on_redis
@pytest.mark.parametrize("what", CHANGED)
def test_a_repair_leaves_alone_what_has_changed_since(patient: Patient, what: str) -> None:
    patient.seed(CASES[what].before)
    report = patient.examine()
    patient.seed(CHANGED[what])
    before = patient.world()
    assert [one.done for one in patient.repair(report)] == [""]
    assert patient.world() == before
    assert patient.messages() == []


@on_redis
def test_a_repair_leaves_alone_a_unique_key_whose_job_exists_by_then(patient: Patient) -> None:
    patient.seed(CASES["a unique key without its job"].before)
    report = patient.examine()
    patient.seed(job())
    assert [one.done for one in patient.repair(report)] == [""]
    assert patient.client.hget(patient.keys.unique, "tj") == b"1"


@on_redis
def test_the_doctor_does_not_raise_the_last_id_for_what_is_no_job(patient: Patient) -> None:
    patient.seed(world(NEIGHBOURS, job(21), {"q:job:5000": {"updated_at": "1"}}))
    report = patient.examine()
    assert [str(finding) for finding in report.findings] == [
        "job 5000 is a hash without a type",
        "the last id given out is 20, but job 21 exists",
    ]
    patient.queue.runtime.store.remove(21)

    # nor for one that is gone by the time of the repair
    patient.client.delete(patient.keys.job(5000))
    patient.seed(job(6000))
    report = patient.examine()
    assert [str(finding) for finding in report.findings] == ["the last id given out is 20, but job 6000 exists"]
    patient.queue.runtime.store.remove(6000)
    assert [one.done for one in patient.repair(report)] == [""]
    assert patient.client.get(patient.keys.ids) == b"20"
