"""Each kind of finding: seeded by hand, reported and nothing else with it, mended, and clean from then on."""

import pytest

from tests.doctor.cases import CASES, NEIGHBOURS
from tests.doctor.conftest import Patient

each_case = pytest.mark.parametrize("what", CASES)


@pytest.mark.parametrize("backend", ["redis", "valkey", "fake"], indirect=True)
@each_case
def test_a_corruption_is_found_alone_and_mended(patient: Patient, what: str) -> None:
    case = CASES[what]
    patient.seed(case.before)

    report = patient.examine()
    assert [patient.told(finding) for finding in report.findings] == case.says
    assert patient.world() == case.before
    assert patient.messages() == []

    mended = patient.mend(report)
    assert [(patient.told(one.finding), one.done, one.problem) for one in mended] == [
        (says, done, "") for says, done in zip(case.says, case.done, strict=True)
    ]
    assert patient.world() == case.after
    assert patient.events() == case.events
    assert patient.is_clean(case.after)


@pytest.mark.parametrize("backend", ["redis62", "cluster"], indirect=True)
@pytest.mark.parametrize("what", [what for what in CASES if "wrong score" not in what and " and " not in what])
def test_it_is_so_on_other_servers(patient: Patient, what: str) -> None:
    case = CASES[what]
    patient.seed(case.before)
    report = patient.examine()
    assert [patient.told(finding) for finding in report.findings] == case.says
    patient.mend(report)
    assert patient.is_clean(case.after)


@pytest.mark.parametrize("backend", ["redis"], indirect=True)
@each_case
def test_what_is_fine_by_then_is_left_alone(patient: Patient, what: str) -> None:
    patient.seed(CASES[what].before)
    report = patient.examine()
    patient.client.flushall()
    patient.seed(CASES[what].after)
    assert [one.done for one in patient.mend(report)] == [""]
    assert patient.world() == CASES[what].after
    assert patient.messages() == []


def test_the_neighbours_are_healthy(patient: Patient) -> None:
    patient.seed(NEIGHBOURS)
    assert patient.is_clean(NEIGHBOURS)
