"""What the judge of the cancelled jobs of a chaos run objects to."""

import pytest

from tests.chaos import cancels
from tests.chaos.history import Job

RUN = "kue:h:1-ab:cancelled:1"
SAVED = {"type": "cancelled", "state": "inactive", "updated_at": "1"}
TAKEN = {"state": "active", "workerId": RUN, "updated_at": "2"}
TOLD = {"py_cancel": f"{RUN}\nCancelled: by chaos"}
FAILED = {"state": "failed", "error": "Cancelled: by chaos", "updated_at": "3"}
COMPLETE = {"state": "complete", "updated_at": "3"}
BACK = {"state": "inactive", "error": "boom", "updated_at": "3"}


def history(*steps: dict[str, str]) -> dict[int, Job]:
    job = Job()
    for fields in steps:
        job.write(fields)
    return {7: job}


@pytest.mark.parametrize(
    "steps",
    [
        (SAVED, FAILED),
        (SAVED, TAKEN, TOLD, FAILED),
        (SAVED, TAKEN, TOLD, COMPLETE),
        (SAVED, TAKEN, BACK, TAKEN, TOLD, FAILED),
        (SAVED, TAKEN, COMPLETE),
        ({**SAVED, "type": "another"}, TAKEN, TOLD, BACK),
        (
            SAVED,
            {"state": "delayed"},
            FAILED,
            {"state": "inactive"},
        ),  # by Node's promoter, which writes the state alone
    ],
)
def test_what_is_as_it_should_be(steps: tuple[dict[str, str], ...]) -> None:
    assert list(cancels.complaints(history(*steps))) == []


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ((SAVED, TAKEN), "has not ended: it is active"),
        ((SAVED, TAKEN, TOLD, BACK, TAKEN, COMPLETE), "went on: ['inactive', 'active', 'complete']"),
        ((SAVED, TAKEN, TOLD, {**FAILED, "error": "worker lost"}), "failed otherwise: worker lost"),
        ((SAVED, FAILED, TAKEN, COMPLETE), "began again: ['failed', 'active', 'complete']"),
    ],
)
def test_what_is_wrong_is_found(steps: tuple[dict[str, str], ...], complaint: str) -> None:
    assert list(cancels.complaints(history(*steps))) == [f"job 7, which was cancelled, {complaint}"]
