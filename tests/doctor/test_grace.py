"""A queue changes while the doctor reads it: only what has not changed during the grace is reported and repaired."""

from collections.abc import Callable
from typing import Any

import pytest

from kue.doctor.examination import GRACE, TOKEN_CHECKS
from kue.doctor.repairer import GRACE as GRACE_TO_MEND
from tests.doctor.cases import ALIVE, CASES, NEIGHBOURS
from tests.doctor.conftest import Patient
from tests.doctor.one_of_each import ONE_OF_EACH_KIND
from tests.store.world import NODE, NOW, World, job, without, world

STUCK = without(job(tokens=0), "q:jobs:email:inactive")
# Waits and second looks are the same on every server; what the scripts find on each of them is in test_findings.py.
pytestmark = pytest.mark.parametrize("backend", ["redis"], indirect=True)


class Waits:
    """A wait that takes no time: it does something at the n-th one instead, and remembers how long each was to be."""

    def __init__(self, act: Callable[[], Any] = lambda: None, at: int = 1) -> None:
        self.lengths: list[float] = []
        self._act = act
        self._at = at

    def __call__(self, seconds: float) -> None:
        self.lengths.append(seconds)
        if len(self.lengths) == self._at:
            self._act()


def node_goes_on(patient: Patient) -> None:
    """The other half of a Node worker's take: the worker was alive."""
    client, keys = patient.client, patient.keys
    client.hset(keys.job(1), mapping={"state": "active", "workerId": NODE, "started_at": NOW, "updated_at": NOW})
    client.zrem(keys.state("inactive"), "01|1")
    client.zadd(keys.state("active"), {"01|1": 0})
    client.zadd(keys.type_state("email", "active"), {"01|1": 0})


def test_the_doctor_reports_after_two_seconds_what_has_not_changed(patient: Patient) -> None:
    patient.seed(world(NEIGHBOURS, STUCK))
    waits = Waits()
    assert len(patient.examine(grace=GRACE, wait=waits).findings) == 1
    assert sum(waits.lengths) == pytest.approx(2)


def test_the_doctor_does_not_wait_if_nothing_is_wrong(patient: Patient) -> None:
    patient.seed(NEIGHBOURS)
    waits = Waits()
    assert patient.examine(grace=GRACE, wait=waits).is_clean
    assert waits.lengths == []


def test_the_doctor_does_not_report_a_job_that_a_living_node_worker_is_taking(patient: Patient) -> None:
    patient.seed(world(NEIGHBOURS, STUCK))
    assert patient.examine(wait=Waits(lambda: node_goes_on(patient))).is_clean


def test_the_doctor_does_not_report_a_job_that_changed_and_looks_the_same_again(patient: Patient) -> None:
    patient.seed(world(NEIGHBOURS, STUCK))
    touch = Waits(lambda: patient.client.hset(patient.keys.job(1), "updated_at", NOW))
    assert patient.examine(wait=touch).is_clean


def remove_all(patient: Patient) -> None:
    patient.client.flushall()
    patient.seed(NEIGHBOURS)


@pytest.mark.parametrize("what", ONE_OF_EACH_KIND)
def test_the_doctor_does_not_report_what_is_gone_by_the_second_look(patient: Patient, what: str) -> None:
    patient.seed(CASES[what].before)
    assert patient.examine(wait=Waits(lambda: remove_all(patient), at=TOKEN_CHECKS)).is_clean


@pytest.mark.parametrize("look", range(1, TOKEN_CHECKS + 1))
@pytest.mark.parametrize("tokens", [0, 5000])
def test_the_doctor_does_not_report_tokens_whose_number_changes(patient: Patient, look: int, tokens: int) -> None:
    patient.seed(world(NEIGHBOURS, job(tokens=tokens), job(2, tokens=tokens)))
    key = patient.keys.tokens("email")
    waits = Waits(lambda: patient.client.lpush(key, 1), at=look)

    def come_and_go(seconds: float) -> None:
        if len(waits.lengths) == look:
            patient.client.lpop(key)
        waits(seconds)

    assert patient.examine(wait=come_and_go).is_clean


def test_the_doctor_counts_tokens_without_what_other_findings_explain(patient: Patient) -> None:
    for key in ("q:jobs:email:inactive", "q:jobs:inactive"):
        patient.seed({key: {"01|1": 0.0, "01|2": 0.0}})
    patient.seed(without(world(NEIGHBOURS, job(2, "active", workerId=NODE), job(3, tokens=0)), "q:jobs"))
    patient.seed({"q:jobs": world(NEIGHBOURS, job(2), job(3))["q:jobs"]})
    assert sorted(patient.findings()) == [
        "job 2 (email) has the state active, but is also in q:jobs:inactive, is also in q:jobs:email:inactive",
        "q:jobs:email:inactive lists job 1, which does not exist",
        "q:jobs:inactive lists job 1, which does not exist",
        "the type email has 1 tokens fewer than waiting jobs",
    ]


FLEETING = ("a save", "words that", "active for", "stuck", "no type", "no hash")


@pytest.mark.parametrize("what", ONE_OF_EACH_KIND)
def test_a_repair_waits_a_minute_for_what_a_living_process_may_be_doing(patient: Patient, what: str) -> None:
    patient.seed(CASES[what].before)
    report = patient.examine()
    waits = Waits()
    patient.repair(report, grace=GRACE_TO_MEND, wait=waits)
    assert [round(length) for length in waits.lengths] == ([60] if what.startswith(FLEETING) else [])
    assert patient.world() == CASES[what].after


def test_a_repair_leaves_alone_what_changes_in_that_minute(patient: Patient) -> None:
    patient.seed(world(NEIGHBOURS, STUCK))
    report = patient.examine()
    mended = patient.repair(report, grace=GRACE_TO_MEND, wait=Waits(lambda: node_goes_on(patient)))
    assert [one.done for one in mended] == [""]
    assert patient.world() == world(NEIGHBOURS, job(1, "active", workerId=NODE, started_at=NOW, updated_at=NOW))


def test_a_process_that_renews_its_lease_in_that_minute_keeps_its_jobs(patient: Patient) -> None:
    case = CASES["active for a Python process with a lease that ran out"]
    patient.seed(case.before)
    report = patient.examine()
    renew = Waits(lambda: patient.seed(ALIVE))
    assert [one.done for one in patient.repair(report, grace=GRACE_TO_MEND, wait=renew)] == [""]
    assert patient.world() == world(case.before, ALIVE)


def test_a_repair_does_the_rest_before_it_waits(patient: Patient) -> None:
    log: World = {"q:job:99:log": ["a"]}
    patient.seed(world(NEIGHBOURS, STUCK, log))
    seen: list[World] = []
    patient.repair(patient.examine(), grace=GRACE_TO_MEND, wait=Waits(lambda: seen.append(patient.world())))
    assert seen == [world(NEIGHBOURS, STUCK)]
    assert patient.is_clean(world(NEIGHBOURS, job()))


def test_a_repair_adds_more_tokens_than_one_script_does(patient: Patient) -> None:
    patient.queue.save_all(patient.queue.create("email", {}) for _ in range(1100))
    before = patient.world()
    patient.client.delete(patient.keys.tokens("email"))
    report = patient.examine()
    assert [one.done for one in patient.repair(report)] == ["1100 added"]
    assert patient.world() == before
