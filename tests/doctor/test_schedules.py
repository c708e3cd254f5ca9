"""The doctor leaves a schedule as it is if it cannot list it correctly, and says why."""

from typing import Any

import pytest

from tests.doctor.case import NEIGHBOURS
from tests.doctor.conftest import Patient
from tests.store.schedules import HASH, LIST, schedule
from tests.store.world import without, world


@pytest.mark.parametrize(
    "changes",
    [{"when": "whenever"}, {"when": "0 0 * * *", "tz": "Mars/Olympus"}, {"when": "0 0 30 2 *"}, {"catch_up": "some"}],
)
def test_a_schedule_whose_next_time_cannot_be_computed_is_not_listed(patient: Patient, changes: dict[str, Any]) -> None:
    before = world(NEIGHBOURS, without(schedule(**changes), LIST))
    patient.seed(before)
    [repaired] = patient.repair(patient.examine())
    assert repaired.done == ""
    assert "its next time cannot be computed here" in repaired.problem and "declare it again" in repaired.problem
    assert patient.world() == before
    patient.seed({HASH: {"when": "60000", "tz": "UTC", "catch_up": "last"}})
    assert [one.done for one in patient.repair(patient.examine())] == ["listed"]


@pytest.mark.parametrize("backend", ["redis"], indirect=True)
def test_a_schedule_whose_name_is_not_utf8_is_not_listed(patient: Patient) -> None:
    patient.client.hset(b"q:py:schedule:\xff", mapping={"when": "60000", "digest": "d1"})
    [repaired] = patient.repair(patient.examine())
    assert (repaired.done, "its name is not UTF-8" in repaired.problem) == ("", True)
    assert repr("\udcff") in str(repaired.finding)
    assert patient.client.exists("q:py:schedules") == 0
