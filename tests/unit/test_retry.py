"""Kue's backoff, to the millisecond. The numbers of the tables are what Kue's own arithmetic gives in Node."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from kue.common.clock import Moment
from kue.jobs.retry import UnknownBackoff, has_source, next_retry, retry_of
from kue.store.transitions import Retry

LONGEST = 2**52


def exponential(delay: float | None = None, longest: float | None = None) -> dict[str, Any]:
    given = {"type": "exponential", "delay": delay, "maxDelay": longest}
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize("backoff", [None, False, "", 0, {}])
def test_without_a_backoff_the_job_is_queued_at_once(backoff: Any) -> None:
    assert [next_retry(backoff, delay, 1) for delay in (None, 0, 500)] == [Retry("inactive")] * 3


@pytest.mark.parametrize(
    ("backoff", "delay", "wait"),
    [
        (True, 500, 500),
        (True, None, None),
        (True, 0, None),
        ({"type": "fixed"}, 500, 500),
        ({"type": "fixed"}, None, None),
        ({"type": "fixed", "delay": 250}, 500, 250),
        ({"type": "fixed", "delay": 250}, None, 250),
        ({"type": "fixed", "delay": 0}, 500, 500),
        ({"type": "fixed", "delay": -5}, 500, 500),
        ({"type": "fixed", "delay": -5}, None, None),
        ({"type": "fixed", "delay": "250"}, 500, 250),
        ({"type": "fixed", "delay": "soon"}, 500, 500),
        ({"type": "fixed", "delay": [5]}, 500, 500),
        ({"type": "fixed", "delay": 2**60}, None, LONGEST),
        ("function(attempts) { return attempts * 1000 }", 500, 500),
        ("function(attempts) { return attempts * 1000 }", None, None),
    ],
    ids=str,
)
def test_a_fixed_backoff_waits_for_its_delay_or_that_of_the_job(
    backoff: Any, delay: float | None, wait: int | None
) -> None:
    assert [next_retry(backoff, delay, attempts) for attempts in (1, 2, 1030)] == [Retry("delayed", wait)] * 3


@pytest.mark.parametrize(
    ("delay", "longest", "attempts", "wait"),
    [
        (500, None, 1, 250),
        (500, None, 2, 750),
        (500, None, 3, 1750),
        (500, None, 4, 3750),
        (500, None, 5, 7750),
        (333, None, 1, 167),  # 166.5: halves are rounded up
        (333, None, 2, 500),
        (333, None, 3, 1166),
        (1, None, 1, 1),
        (1, None, 2, 2),
        (1, None, 3, 4),
        (3, None, 1, 2),
        (3, None, 2, 5),
        (5, None, 1, 3),
        (100, None, 40, 54_975_581_388_750),
        (500, 2000, 3, 1750),
        (500, 2000, 4, 1750),
        (500, 2000, 9, 1750),
        (500, 2000, 5000, 1750),
        (500, 1001, 2, 750),
        (500, 251, 1, 1),
        (7, 10, 3, 7),
        (1000, 60_000, 6, 31_500),
        (1000, 60_000, 7, 59_500),
        ("500", "2000", 9, 1750),
    ],
)
def test_an_exponential_backoff_doubles_up_to_its_longest(delay: Any, longest: Any, attempts: int, wait: int) -> None:
    assert next_retry(exponential(delay, longest), None, attempts) == Retry("delayed", wait)
    # the job's own delay plays no part where the backoff has one
    assert next_retry(exponential(delay, longest), 77, attempts) == Retry("delayed", wait)


@pytest.mark.parametrize(("delay", "attempts", "wait"), [(500, 1, 250), (500, 3, 1750), (333, 1, 167)])
def test_an_exponential_backoff_without_a_delay_grows_from_that_of_the_job(
    delay: float, attempts: int, wait: int
) -> None:
    assert next_retry(exponential(), delay, attempts) == Retry("delayed", wait)
    assert next_retry(exponential(0), delay, attempts) == Retry("delayed", wait)


@pytest.mark.parametrize("longest", [250, 100])
def test_an_exponential_backoff_of_zero_or_less_is_the_delay_of_the_job(longest: int) -> None:
    assert next_retry(exponential(500, longest), 70, 1) == Retry("delayed", 70)
    assert next_retry(exponential(500, longest), None, 1) == Retry("delayed")


def test_an_exponential_backoff_without_any_delay_is_none() -> None:
    for delay, attempts in itertools.product([None, 0], [1, 1023, 1024, 1030, 10**9]):
        assert next_retry(exponential(), delay, attempts) == Retry("delayed")
        assert next_retry(exponential(0), delay, attempts) == Retry("delayed")


def test_a_negative_delay_is_no_delay() -> None:
    for attempts in (1, 60, 1030):
        assert next_retry(exponential(-500), 70, attempts) == Retry("delayed", 70)
        assert next_retry(exponential(-500), None, attempts) == Retry("delayed")


def test_a_wait_that_is_too_large_is_the_longest_there_is() -> None:
    for attempts in (60, 1023, 1024, 1030, 10**9):
        assert next_retry(exponential(500), None, attempts) == Retry("delayed", LONGEST)


@pytest.mark.parametrize("longest", [0, "soon", float("inf"), float("nan")])
def test_a_max_delay_that_is_no_number_is_ignored(longest: Any) -> None:
    assert next_retry(exponential(500, longest), None, 4) == Retry("delayed", 3750)


@pytest.mark.parametrize("type", ["linear", "Fixed", "", None, 5, []])
def test_an_unknown_backoff_type_is_an_error(type: Any) -> None:
    with pytest.raises(UnknownBackoff) as unknown:
        next_retry({"type": type, "delay": 5}, 500, 1)
    assert str(unknown.value) == f"the backoff type {type!r} is unknown"


@pytest.mark.parametrize(
    ("backoff", "source"),
    [("function(){}", True), ("", True), (True, False), ({"type": "fixed"}, False), (None, False)],
)
def test_a_backoff_that_is_text_is_javascript(backoff: Any, source: bool) -> None:
    job: Any = SimpleNamespace(options={"backoff": backoff})
    assert has_source(job) is source


def test_a_delay_is_whole_milliseconds() -> None:
    retry = next_retry(True, 7.9, 1)
    assert (retry.delay, type(retry.delay)) == (7, int)
    retry = next_retry(exponential(500), None, 2)
    assert type(retry.delay) is int


@pytest.mark.parametrize(
    ("backoff", "until"),
    [
        (True, True),
        ({"type": "fixed"}, True),
        ({"type": "fixed", "delay": "soon"}, True),
        ("function() {}", True),
        ({"type": "fixed", "delay": 250}, False),
        ({"type": "exponential"}, False),
        (None, False),
    ],
    ids=str,
)
def test_a_retry_after_the_delay_of_the_job_is_at_its_moment(backoff: Any, until: bool) -> None:
    job: Any = SimpleNamespace(options={"backoff": backoff, "delay": Moment(1500)}, attempts_made=0, delay=lambda: 700)
    retry = retry_of(job)
    assert retry.until == (Moment(1500) if until else None)
    assert [retry.delay_from(now) for now in (1000, 1499, 1500, 2000)] == (
        [500, 1, None, None] if until else [retry.delay] * 4
    )
