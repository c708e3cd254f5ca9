"""The one tree of exceptions: what each derives from, what it carries, and that it survives a pickle."""

import copy
import inspect
import pickle
import traceback

import pytest

import kue
import kue_send
from kue import errors
from kue.errors import (
    ConnectionFailed,
    InvalidJobData,
    InvalidOption,
    JobFailed,
    JobInvalid,
    JobLost,
    JobNotFound,
    JobRemoved,
    KueError,
    PromiseTimeout,
    RedisRefused,
    SaveInDoubt,
    SaveInterrupted,
)

# What code that knows nothing of kue still catches it as.
BUILT_IN: dict[str, set[type[Exception]]] = {
    "KueError": set(),
    "InvalidOption": {ValueError},
    "UnknownOption": {ValueError, TypeError},
    "InvalidURL": {ValueError},
    "HeldByNode": set(),
    "InvalidHandler": {TypeError},
    "InvalidJobData": {ValueError},
    "InvalidSchedule": {ValueError},
    "ScheduleNotFound": {LookupError},
    "JobNotFound": {LookupError},
    "JobInvalid": {ValueError},
    "JobLost": set(),
    "JobFailed": set(),
    "JobRemoved": set(),
    "PromiseTimeout": {TimeoutError, OSError},
    "ConnectionFailed": {ConnectionError, OSError},
    "ConnectionRestored": set(),
    "SaveInDoubt": {ConnectionError, OSError},
    "SaveInterrupted": set(),
    "Recovered": set(),
    "RedisRefused": set(),
    "ShutdownInProgress": {RuntimeError},
    "ForkedChild": {RuntimeError},
    "WouldDeadlock": {RuntimeError},
    "ListenerError": set(),
    "MissingExtra": {ImportError},
    "NewerProtocol": set(),
}


def test_every_error_is_listed_and_public() -> None:
    defined = {name for name, thing in vars(errors).items() if inspect.isclass(thing) and issubclass(thing, Exception)}
    assert defined == set(errors.__all__) == set(BUILT_IN)
    for name in defined:
        assert getattr(kue, name) is getattr(kue_send, name) is getattr(errors, name)
        assert name in kue.__all__
        assert name in kue_send.__all__


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_error_is_a_kue_error_and_the_built_in_that_means_the_same(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, KueError)
    ordinary = {Exception, BaseException, object}
    assert {base for base in error.__mro__ if base.__module__ == "builtins"} - ordinary == BUILT_IN[name]
    assert inspect.getdoc(error)


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ("UnknownOption", "InvalidOption"),
        ("InvalidURL", "InvalidOption"),
        ("SaveInDoubt", "ConnectionFailed"),
        ("ConnectionRestored", "Recovered"),
    ],
)
def test_a_special_error_is_caught_as_the_general_one(below: str, above: str) -> None:
    assert issubclass(getattr(errors, below), getattr(errors, above))


@pytest.mark.parametrize(
    ("error", "message", "carried"),
    [
        (InvalidJobData("data.rows[3]", "is nan"), "data.rows[3]: is nan", {"path": "data.rows[3]"}),
        (JobNotFound(7), "there is no job 7", {"id": 7}),
        (JobNotFound("x"), "there is no job 'x'", {"id": "x"}),
        (JobInvalid(7, "has no type"), "job 7 has no type", {"id": 7}),
        (JobInvalid("7", "has no type"), "job 7 has no type", {"id": "7"}),
        (JobInvalid("", "has no type"), "job '' has no type", {"id": ""}),
        (JobInvalid("no zid", "has no type"), "job 'no zid' has no type", {"id": "no zid"}),
        (
            JobLost(7, "outcome"),
            "job 7 is no longer held by this run: what the run reports is discarded (outcome)",
            {"id": 7},
        ),
        (
            JobFailed(7, "boom", "Error: boom\n at x"),
            "job 7 failed: boom",
            {"id": 7, "message": "boom", "stack": "Error: boom\n at x"},
        ),
        (JobFailed(7, "boom"), "job 7 failed: boom", {"id": 7, "message": "boom", "stack": None}),
        (JobRemoved(7), "job 7 was removed before it finished", {"id": 7, "outcome_unknown": False}),
        (
            JobRemoved(7, outcome_unknown=True),
            "job 7 is gone, and its outcome is unknown: it may have ended before it was removed",
            {"id": 7, "outcome_unknown": True},
        ),
        (PromiseTimeout(7, 1500), "job 7 did not settle within 1500 ms", {"id": 7}),
        (ConnectionFailed("cannot reach Redis"), "cannot reach Redis", {"sent": False}),
        (RedisRefused("Redis refused: NOPERM"), "Redis refused: NOPERM", {"transient": False}),
        (RedisRefused("Redis refused: OOM", transient=True), "Redis refused: OOM", {"transient": True}),
        (SaveInDoubt("maybe", sent=True), "maybe", {"sent": True}),
        (
            SaveInterrupted(("job 1", "job 2"), ConnectionFailed("gone")),
            "save_all broke off after 2 saved jobs: gone",
            {"saved": ["job 1", "job 2"]},
        ),
        (InvalidOption("ttl must be"), "ttl must be", {}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_keeps_its_attributes_in_a_copy_and_a_pickle(
    error: KueError, message: str, carried: dict[str, object]
) -> None:
    for same in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(same) is type(error)
        assert str(same) == message
        assert vars(same) == carried
        assert traceback.format_exception_only(same)[-1].rstrip().endswith(message.splitlines()[-1])


@pytest.mark.parametrize("is_transient", [True, False])
def test_transient_can_still_be_given_and_read_by_its_former_name(is_transient: bool) -> None:
    error = RedisRefused("Redis refused: OOM", passing=is_transient)
    assert error.transient is is_transient
    with pytest.warns(DeprecationWarning, match="transient"):
        assert error.passing is is_transient
