"""An outage is reported once when it begins and once when it is over, to the listeners and to the log."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.errors import ConnectionFailed, ConnectionRestored, JobInvalid, KueError, Recovered, RedisRefused

LOST = ConnectionFailed("cannot reach Redis")


class Told:
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.problems: list[BaseException] = []
        self.trouble = ErrorReporter(self.problems.append)
        self._caplog = caplog

    @property
    def log(self) -> list[tuple[str, str, str]]:
        return [(record.name, record.levelname, record.getMessage()) for record in self._caplog.records]


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    with caplog.at_level(logging.DEBUG, "kue"):
        yield Told(caplog)


RESTORED = ("kue", "WARNING", "the connection to Redis is back")


def test_an_outage_is_reported_once_and_its_end_once(told: Told) -> None:
    for _ in range(5):
        told.trouble.outage_began("worker", LOST)
        assert told.trouble.down
    assert told.problems == [LOST]
    for _ in range(5):
        told.trouble.outage_ended("worker")
        assert not told.trouble.down
    assert [type(problem) for problem in told.problems] == [ConnectionFailed, ConnectionRestored]
    assert told.log == [("kue", "ERROR", "cannot reach Redis"), RESTORED]


def test_an_outage_of_several_threads_is_reported_by_the_first_and_over_with_the_last(told: Told) -> None:
    for who in ("worker", "events", "ticker"):
        told.trouble.outage_began(who, ConnectionFailed(f"{who} lost it"))
    for who in ("events", "worker"):
        told.trouble.outage_ended(who)
        assert told.trouble.down
    assert [str(problem) for problem in told.problems] == ["worker lost it"]
    told.trouble.outage_ended("ticker")
    assert [str(problem) for problem in told.problems] == ["worker lost it", "the connection to Redis is back"]


def test_a_thread_that_notices_an_outage_after_its_end_reports_none(told: Told) -> None:
    told.trouble.outage_began("worker", LOST)
    told.trouble.outage_ended("worker")
    late = ConnectionFailed("noticed late")
    late.silent_since = time.monotonic() - 10
    told.trouble.outage_began("ticker", late)
    assert not told.trouble.down
    told.trouble.outage_ended("ticker")
    assert [type(problem) for problem in told.problems] == [ConnectionFailed, ConnectionRestored]
    anew = ConnectionFailed("anew")
    anew.silent_since = time.monotonic()
    told.trouble.outage_began("ticker", anew)
    assert told.problems[-1] is anew


def test_a_second_outage_is_reported_again(told: Told) -> None:
    for _ in range(3):
        told.trouble.outage_began("worker", LOST)
        told.trouble.outage_ended("worker")
    assert [type(problem) for problem in told.problems] == [ConnectionFailed, ConnectionRestored] * 3


def test_an_error_of_one_thread_is_reported_for_each_and_so_is_its_end(told: Told) -> None:
    refused = RedisRefused("Redis refused: NOPERM")
    for who in ("ticker", "worker", "ticker"):
        told.trouble.outage_began(who, refused)
    assert told.problems == [refused, refused]
    assert not told.trouble.down
    for who in ("worker", "worker", "ticker"):
        told.trouble.outage_ended(who)
    assert [(type(problem), str(problem)) for problem in told.problems[2:]] == [
        (Recovered, "worker goes on as before"),
        (Recovered, "ticker goes on as before"),
    ]


def test_a_transient_refusal_counts_as_an_outage(told: Told) -> None:
    told.trouble.outage_began("worker", RedisRefused("Redis refused: LOADING", transient=True))
    told.trouble.outage_began("ticker", LOST)
    told.trouble.outage_ended("worker")
    told.trouble.outage_ended("ticker")
    assert [type(problem) for problem in told.problems] == [RedisRefused, ConnectionRestored]


def test_an_error_of_one_thread_does_not_hide_an_outage(told: Told) -> None:
    refused = RedisRefused("Redis refused: NOPERM")
    told.trouble.outage_began("ticker", refused)
    told.trouble.outage_began("ticker", LOST)
    told.trouble.outage_began("worker", LOST)
    assert told.problems == [refused, LOST]
    told.trouble.outage_ended("ticker")
    assert [type(problem) for problem in told.problems[2:]] == [Recovered]
    told.trouble.outage_ended("worker")
    assert [type(problem) for problem in told.problems[3:]] == [ConnectionRestored]


def test_the_end_of_an_outage_that_never_began_is_not_reported(told: Told) -> None:
    told.trouble.outage_ended("worker")
    told.trouble.outage_began("events", LOST)
    told.trouble.outage_ended("worker")
    assert told.problems == [LOST]
    assert told.trouble.down


def test_one_of_many_threads_reports_each_outage(told: Told) -> None:
    barrier = threading.Barrier(8)

    def lose_and_find(who: str) -> None:
        barrier.wait()
        told.trouble.outage_began(who, LOST)
        barrier.wait()
        told.trouble.outage_ended(who)

    threads = [threading.Thread(target=lose_and_find, args=(f"thread {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(problem) for problem in told.problems] == [ConnectionFailed, ConnectionRestored]


def test_a_report_and_a_warning_are_emitted_and_logged_at_their_level(told: Told) -> None:
    refused, invalid = RedisRefused("Redis refused: OOM"), JobInvalid(7, "has no type")
    refused.__cause__ = ValueError("why")
    told.trouble.report(refused)
    told.trouble.warn(invalid)
    told.trouble.report(refused)
    assert told.problems == [refused, invalid, refused]
    error, warning = ("kue", "ERROR", "Redis refused: OOM"), ("kue", "WARNING", "job 7 has no type")
    assert told.log == [error, warning, error]
    assert not told.trouble.down


def test_a_report_is_logged_with_its_cause(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    problem = KueError("outer")
    problem.__cause__ = ValueError("the cause")
    told.trouble.report(problem)
    assert "ValueError: the cause" in caplog.text


def test_an_unexpected_exception_is_reported_once_with_the_thread_that_met_it(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        told.trouble.unexpected("ticker: Tokens", ZeroDivisionError("by zero"))
    (problem,) = told.problems
    assert (type(problem), str(problem)) == (KueError, "unexpected error in ticker: Tokens: ZeroDivisionError: by zero")
    assert isinstance(problem.__cause__, ZeroDivisionError)
    assert told.log.count(("kue", "ERROR", "unexpected error in ticker: Tokens")) == 2
    assert not told.trouble.down
    told.trouble.outage_ended("ticker: Tokens")
    assert [type(problem) for problem in told.problems] == [KueError, Recovered]
    assert told.log[-1] == ("kue", "WARNING", "ticker: Tokens goes on as before")


def test_what_goes_to_the_log_only_is_not_emitted(told: Told) -> None:
    told.trouble.log(KueError("a listener of 'error' raised"))
    assert told.problems == []
    assert told.log == [("kue", "ERROR", "a listener of 'error' raised")]


def test_a_forked_child_has_no_outage_yet(told: Told) -> None:
    told.trouble.outage_began("worker", LOST)
    told.trouble.after_fork()
    assert not told.trouble.down
    told.trouble.outage_ended("worker")
    assert told.problems == [LOST]
    told.trouble.outage_began("worker", LOST)
    assert told.problems == [LOST, LOST]
