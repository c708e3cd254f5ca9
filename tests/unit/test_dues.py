"""When a job was due, as the fields say that `take` reads."""

import pytest

from kue.store.job_hash import FIELDS
from kue.worker.dues import dues_of


def fields(**given: bytes) -> list[bytes | None]:
    return [given.get(name) for name in FIELDS]


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"created_at": b"60", "promote_at": b"60"}, b"60"),
        ({"created_at": b"60", "promote_at": b"90"}, b"90"),
        ({"promote_at": b"60", "started_at": b"70", "updated_at": b"98"}, b"98"),
        ({"promote_at": b"95", "started_at": b"70", "updated_at": b"96"}, b"95"),
        ({"promote_at": b"60", "failed_at": b"70", "updated_at": b"98"}, b"98"),
        ({"promote_at": b"95", "failed_at": b"70", "updated_at": b"96"}, b"95"),
        ({"promote_at": b"72", "started_at": b"70", "failed_at": b"75", "updated_at": b"96"}, b"96"),
        ({"promote_at": b"NaN", "started_at": b"70", "updated_at": b"96"}, b"96"),
        ({"promote_at": b"95", "started_at": b"NaN", "updated_at": b"96"}, b"95"),
        ({}, None),
    ],
    ids=[
        "never run",
        "delayed",
        "put back at once",
        "delayed after a run",
        "restarted after it failed without a run",
        "restarted with a delay after it failed without a run",
        "restarted after it failed",
        "no number, as Node writes it",
        "no number in a start",
        "no fields",
    ],
)
def test_a_job_was_due_when_its_last_delay_was_over_or_it_was_put_back(
    given: dict[str, bytes], due: bytes | None
) -> None:
    assert dues_of([(1, fields(**given))]) == [due]
