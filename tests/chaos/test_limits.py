"""What the judge of the limits of a chaos run objects to."""

from typing import Any

import pytest

from tests.chaos.limits import CONCURRENCY, STARTS, WINDOW_MS, Judge

ACTIVE, RATE = b"q:jobs:cancelled:active", b"q:py:rate:cancelled"


def takes(*jobs: int, at: int | None = 1000) -> list[list[Any]]:
    members = [value for job in jobs for value in (b"0", b"01|%d" % job)]
    return [[b"ZADD", ACTIVE, *members], *([[b"LPUSH", RATE, *[b"%d" % at for _ in jobs]]] if at is not None else [])]


def ends(*jobs: int) -> list[list[Any]]:
    return [[b"ZREM", ACTIVE, *(b"01|%d" % job for job in jobs)]]


def paused_until(ends: int) -> list[list[Any]]:
    return [[b"HSET", b"q:py:flow", b"cancelled", b"%d,4,8,1000" % ends]]


FULL = range(CONCURRENCY)


@pytest.mark.parametrize(
    "commands",
    [
        takes(*FULL),
        [*takes(*FULL), *ends(0), *takes(CONCURRENCY)],
        [*takes(*FULL), *takes(0, at=None)],  # its deadline was moved
        [*paused_until(2000), *takes(1, at=2000)],
        [*takes(1, at=1999), *paused_until(2000)],
        [[b"EXEC"], [b"ZADD", b"q:jobs:email:active", *(b"0", b"01|1") * 99]],
        [command for n in range(2 * STARTS) for command in (*takes(n, at=1000 + n // STARTS * WINDOW_MS), *ends(n))],
    ],
)
def test_what_is_as_it_should_be(commands: list[list[Any]]) -> None:
    assert Judge(commands).complaints == []


@pytest.mark.parametrize(
    ("commands", "complaint"),
    [
        (takes(*FULL, 9), f"{CONCURRENCY + 1} limited jobs were active, and the limit is {CONCURRENCY}"),
        (
            [command for n in range(STARTS + 1) for command in (*takes(n, at=1000 + n), *ends(n))],
            f"{STARTS + 1} limited jobs started within {WINDOW_MS} ms before {1000 + STARTS}",
        ),
        ([*paused_until(2000), *takes(1, at=1999)], "a job started at 1999, and its type was paused until 2000"),
        (takes(1, at=None), "1 limited jobs became active, and 0 starts were noted"),
    ],
)
def test_what_is_wrong_is_found(commands: list[list[Any]], complaint: str) -> None:
    assert Judge(commands).complaints == [complaint]


def test_what_happened_is_counted() -> None:
    judge = Judge([*takes(1, 2), *ends(1), *paused_until(2000), *takes(3, at=2000), *paused_until(9000)])
    assert (judge.most, judge.started, judge.pauses) == (2, 3, 2)
