"""What a handler raises to decide the outcome itself: how a delay is read, and that both survive a pickle."""

import copy
import inspect
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import kue
import kue_send
from kue import HandlerFailed, NoRetry, Snooze
from kue.common.clock import Moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("delay", "wait"),
    [
        *((5000, 5000), (2.6, 3), (0, 0), (-1, 0), (-0.5, 0), (float("-inf"), 0)),
        *((timedelta(seconds=2), 2000), (timedelta(0), 0), (timedelta(days=-1), 0)),
        (EPOCH + timedelta(seconds=7), Moment(7000)),
    ],
)
def test_a_delay_is_read_as_milliseconds_or_a_moment_and_none_is_below_0(delay: Any, wait: int | Moment) -> None:
    assert Snooze(delay).wait == wait


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        ("5000", "delay must be a number of milliseconds or a timedelta, not '5000'"),
        (None, "delay must be a number of milliseconds or a timedelta, not None"),
        (True, "delay must be a number of milliseconds or a timedelta, not True"),
        (float("nan"), "delay must be a finite number of milliseconds, 0 or more, not nan"),
        (datetime(2024, 5, 6), "delay must be an aware datetime (with a tzinfo)"),
        (0.5, "if that is seconds, write timedelta(seconds=0.5)"),
    ],
)
def test_a_delay_that_is_none_is_refused_when_the_snooze_is_made(delay: Any, message: str) -> None:
    with pytest.raises(kue.InvalidOption) as refused:
        Snooze(delay)
    assert message in str(refused.value)


@pytest.mark.parametrize("error", [Snooze(5000), Snooze(EPOCH), NoRetry("no"), NoRetry(), HandlerFailed(7, "7")])
def test_each_keeps_what_it_carries_in_a_copy_and_a_pickle(error: kue.KueError) -> None:
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(same), str(same), vars(same)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("package", [kue, kue_send])
@pytest.mark.parametrize("name", ["HandlerFailed", "NoRetry", "Snooze"])
def test_each_is_public_and_a_kue_error(package: Any, name: str) -> None:
    error = getattr(package, name)
    assert issubclass(error, kue.KueError)
    assert name in package.__all__
    assert inspect.getdoc(error)
