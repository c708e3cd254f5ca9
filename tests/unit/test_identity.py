"""What tells a job from another one of the same number, and what of it is written: digits, and nothing else."""

from typing import Any

import pytest

from kue.store.identity import fence, is_other, read_created_at, stamp

MOMENTS: list[tuple[Any, int | None]] = [
    (1700000000000, 1700000000000),
    ("1700000000000", 1700000000000),
    (b"1700000000000", 1700000000000),
    (1, 1),
    (9999999999999999, 9999999999999999),
    (10**16, None),
    (0, None),
    (-1, None),
    (True, None),
    (1.5, None),
    (None, None),
    (b"", None),
    (b"NaN", None),
    (b'1,"x":2', None),
    ("soon", None),
    ([1], None),
]


@pytest.mark.parametrize(("value", "moment"), MOMENTS, ids=repr)
def test_only_a_whole_number_says_when_a_job_was_created(value: Any, moment: int | None) -> None:
    assert read_created_at(value) == moment
    assert stamp(value) == (b"" if moment is None else b',"created_at":%d' % moment)
    assert fence(value) == ("" if moment is None else str(moment))


@pytest.mark.parametrize(
    ("one", "other", "differ"), [(1, 2, True), (1, 1, False), (None, 1, False), (1, None, False), (None, None, False)]
)
def test_two_jobs_differ_if_both_are_known_to_be_created_at_different_times(
    one: int | None, other: int | None, differ: bool
) -> None:
    assert is_other(one, other) is differ
