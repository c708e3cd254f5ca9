"""Jitter takes a random share off the wait before a retry. The delay of the job stays what its backoff says."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kue.common.clock import Moment
from kue.errors import InvalidOption
from kue.jobs.retry import next_retry, retry_of
from kue.options.job import JOB_OPTIONS, read_option
from kue.store.transitions import Retry

NOW = 1_700_000_000_000
BACKOFFS: list[tuple[dict[str, Any], float | None, int, int]] = [
    ({"type": "fixed", "delay": 1000}, None, 1, 1000),
    ({"type": "fixed"}, 1000, 3, 1000),
    ({"type": "exponential", "delay": 500}, None, 3, 1750),
    ({"type": "exponential"}, 500, 3, 1750),
    ({"type": "exponential", "delay": 500, "maxDelay": 2000}, None, 9, 1750),
]


@pytest.mark.parametrize(("backoff", "delay", "attempts", "whole"), BACKOFFS, ids=str)
@pytest.mark.parametrize(
    ("jitter", "drawn", "share"),
    [(0.2, 0.0, 1.0), (0.2, 0.5, 0.9), (0.2, 1.0, 0.8), (1, 0.75, 0.25), ("full", 0.75, 0.25), ("full", 1.0, 0.0)],
)
def test_the_wait_is_the_delay_less_a_random_part_of_the_share(
    backoff: Any, delay: float | None, attempts: int, whole: int, jitter: Any, drawn: float, share: float
) -> None:
    retry = next_retry({**backoff, "jitter": jitter}, delay, attempts, lambda: drawn)
    assert retry == Retry("delayed", whole, wait=round(whole * share))


@pytest.mark.parametrize("jitter", [None, 0, 0.0, -1, 1.5, "some", "", [], {}, float("nan")], ids=repr)
def test_without_a_share_from_0_to_1_nothing_is_left_to_chance(jitter: Any) -> None:
    def draw() -> float:
        raise AssertionError("no number is drawn")

    assert next_retry({"type": "fixed", "delay": 1000, "jitter": jitter}, None, 1, draw) == Retry("delayed", 1000)


def test_without_a_delay_there_is_nothing_to_take_a_share_of() -> None:
    assert next_retry({"type": "fixed", "jitter": "full"}, None, 1) == Retry("delayed")


@given(
    st.integers(1, 2**52),
    st.one_of(st.just("full"), st.floats(0, 1)),
    st.integers(1, 2000),
    st.floats(0, 1, exclude_max=True),
)
def test_the_wait_is_never_longer_than_the_delay_nor_negative(
    delay: int, jitter: Any, attempts: int, drawn: float
) -> None:
    plain = next_retry({"type": "exponential", "delay": delay}, None, attempts)
    retry = next_retry({"type": "exponential", "delay": delay, "jitter": jitter}, None, attempts, lambda: drawn)
    assert (retry.state, retry.delay) == (plain.state, plain.delay)
    assert plain.delay is not None
    assert retry.wait is None or 0 <= retry.wait <= plain.delay


def test_waits_differ_from_failure_to_failure() -> None:
    job: Any = SimpleNamespace(
        options={"backoff": {"type": "fixed", "delay": 10**9, "jitter": 0.5}}, attempts_made=0, delay=lambda: None
    )
    waits = [retry_of(job).wait or 0 for _ in range(50)]
    assert len(set(waits)) > 25
    assert all(5 * 10**8 <= wait <= 10**9 for wait in waits)


def test_jitter_also_counts_if_the_job_has_its_delay_as_a_moment() -> None:
    backoff, delay = {"type": "fixed", "jitter": 0.5}, 10**9
    options = {"backoff": backoff, "delay": Moment(NOW + delay)}
    job: Any = SimpleNamespace(options=options, attempts_made=0, delay=lambda: delay)
    retries = [retry_of(job) for _ in range(50)]
    assert {(retry.until, retry.delay) for retry in retries} == {(Moment(NOW + delay), delay)}
    waits = [retry.wait or 0 for retry in retries]
    assert len(set(waits)) > 25
    assert all(delay / 2 <= wait <= delay for wait in waits)


@pytest.mark.parametrize(
    ("passed", "sent"), [(0, "1000/700"), (250, "750/450"), (800, "200/0"), (1000, ""), (-100, "1100/800")]
)
def test_a_moment_with_jitter_is_due_at_the_same_time_however_late_it_is_sent(passed: int, sent: str) -> None:
    assert Retry("delayed", 1000, Moment(NOW + 1000), 700).wait_from(NOW + passed) == sent


@pytest.mark.parametrize(
    ("jitter", "stored"), [(0.2, "0.2"), (0, "0"), (1, "1"), ("full", '"full"'), (None, None)], ids=repr
)
def test_jitter_is_stored_in_the_backoff(jitter: Any, stored: str | None) -> None:
    read = read_option("backoff", {"type": "fixed", "delay": 5, "jitter": jitter})
    end = "" if stored is None else f',"jitter":{stored}'
    assert JOB_OPTIONS["backoff"].write(read) == f'{{"type":"fixed","delay":5{end}}}'.encode()


@pytest.mark.parametrize("jitter", [-0.1, 1.1, 2, True, "half", "", float("nan"), [0.5], 1 + 0j], ids=repr)
def test_another_jitter_is_refused(jitter: Any) -> None:
    with pytest.raises(InvalidOption) as refused:
        read_option("backoff", {"type": "fixed", "delay": 5, "jitter": jitter})
    assert str(refused.value) == f'backoff jitter must be a number from 0 to 1 or "full", not {jitter!r}'
