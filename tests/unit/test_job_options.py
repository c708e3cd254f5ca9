"""Each option of a job: what it accepts, what it makes of it, and how it refuses the rest."""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from kue.common.clock import Moment
from kue.errors import InvalidOption, UnknownOption
from kue.options.job import JOB_OPTIONS, PRIORITIES, read_option, read_options
from kue.options.unique import Unique
from kue.options.values import read_type, read_whole

NOW = 1_700_000_000_000
MOMENT = datetime.fromtimestamp(NOW / 1000, UTC)
NAN, INFINITY = float("nan"), float("inf")
HUGE = 10**400  # more than a float can hold


GOOD: dict[str, list[tuple[Any, Any]]] = {
    "priority": [
        *PRIORITIES.items(),
        (0, 0),
        (-15, -15),
        (7, 7),
        (3.0, 3),
        (-(2**53), -(2**53)),
        (2**53, 2**53),
    ],
    "attempts": [(1, 1), (5, 5), (2.0, 2), (2**53, 2**53)],
    "delay": [
        (0, 0),
        (500, 500),
        (1.0, 1),
        (1.6, 2),
        (timedelta(minutes=5), 300_000),
        (timedelta(microseconds=1700), 2),
        (timedelta(microseconds=400), 0),
        (timedelta(0), 0),
        (MOMENT + timedelta(seconds=90), Moment(NOW + 90_000)),
        (MOMENT, Moment(NOW)),
        (MOMENT - timedelta(days=1), Moment(NOW - 86_400_000)),
        ((MOMENT + timedelta(hours=1)).astimezone(timezone(timedelta(hours=-5))), Moment(NOW + 3_600_000)),
        (2**53, 2**53),
    ],
    "ttl": [(1, 1), (60_000, 60_000), (timedelta(seconds=2), 2000), (0, 0)],
    "remove_on_complete": [(True, True), (False, False)],
    "remove_on_fail": [(True, True), (False, False)],
    "events": [(True, True), (False, False)],
    "backoff": [
        (True, True),
        (False, False),
        ({"type": "fixed"}, {"type": "fixed"}),
        ({"type": "exponential", "delay": 500}, {"type": "exponential", "delay": 500}),
        ({"type": "fixed", "delay": timedelta(seconds=1)}, {"type": "fixed", "delay": 1000}),
        ({"type": "exponential", "max_delay": 9000}, {"type": "exponential", "maxDelay": 9000}),
        ({"type": "exponential", "maxDelay": timedelta(seconds=9)}, {"type": "exponential", "maxDelay": 9000}),
        ({"type": "fixed", "delay": None, "max_delay": None}, {"type": "fixed"}),
        ({"type": "fixed", "max_delay": None, "maxDelay": 5}, {"type": "fixed", "maxDelay": 5}),
        (OrderedDict(type="fixed", delay=0), {"type": "fixed", "delay": 0}),
        ({"type": "fixed", "jitter": 0.25}, {"type": "fixed", "jitter": 0.25}),
        ({"type": "fixed", "jitter": "full"}, {"type": "fixed", "jitter": "full"}),
        ({"type": "fixed", "jitter": None}, {"type": "fixed"}),
    ],
    "ghost_on_ttl": [(True, True), (False, False)],
    "ghost_retries": [(0, 0), (5, 5), (2.0, 2), (2**53, 2**53)],
    "ghost_delay": [(0, 0), (500, 500), (1.6, 2), (timedelta(minutes=5), 300_000)],
    "hotjob": [(True, True), (False, False)],
    "hotjob_timeout": [(1, 1), (10_000.0, 10_000), (timedelta(seconds=2), 2000)],
    "search_keys": [("to", ["to"]), (["to", "title"], ["to", "title"]), (("to",), ["to"]), ([], [])],
    "unique": [
        ("order:7", Unique("order:7")),
        (True, Unique("", of_data=True)),
        (False, None),
        (Unique("order:7", within=5), Unique("order:7", within=5)),
        ({"key": "order:7"}, Unique("order:7")),
        ({"key": True, "until": "started", "replace": True}, Unique("", True, "started", None, True)),
        ({"key": "a", "within": timedelta(seconds=2)}, Unique("a", within=2000)),
        (OrderedDict(key="a", within=None), Unique("a")),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_value_is_read(name: str) -> None:
    for value, read in GOOD[name]:
        found = read_option(name, value)
        assert found == read
        assert type(found) is type(read)


NO_NUMBERS = [True, "5", "soon", [], {}, 1j, NAN, INFINITY, -INFINITY, HUGE, -HUGE, b"5", object()]
NO_DURATIONS = [*NO_NUMBERS, -1, -0.5, timedelta(microseconds=-1), 2**53 + 1, 2.0**60, 0.5, 1e-9]
BAD: dict[str, list[Any]] = {
    "priority": [*NO_NUMBERS, 1.5, "urgent", "HIGH", "", timedelta(1), 2**53 + 1, -(2**53) - 1],
    "attempts": [*NO_NUMBERS, 0, -1, 1.5, 0.0, timedelta(1), 2**53 + 1],
    "delay": NO_DURATIONS,
    "ttl": [*NO_DURATIONS, MOMENT],
    "remove_on_complete": [1, 0, "true", "", [], HUGE],
    "remove_on_fail": [1, 0, "true", "", []],
    "events": [1, 0, "false", {}],
    "backoff": [1, "true", "exponential", "function(){}", [], [("type", "fixed")], print],
    "ghost_on_ttl": [1, 0, "true", "", []],
    "ghost_retries": [*NO_NUMBERS, -1, 1.5, timedelta(1), 2**53 + 1],
    "ghost_delay": [*NO_DURATIONS, MOMENT],
    "search_keys": [5, [5], ["to", None], {"to": 1}, {"to"}, True, b"to"],
    "unique": [5, 0, 1.5, "", [], ["a"], b"a", print, HUGE, "\ud83d"],
    "hotjob": [1, 0, "true", None],
    "hotjob_timeout": [*NO_DURATIONS, 0],
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_refused_by_name_and_value(name: str) -> None:
    for value in BAD[name]:
        with pytest.raises(InvalidOption) as refused:
            read_option(name, value)
        assert not isinstance(refused.value, UnknownOption)
        assert str(refused.value).startswith(f"{name} must be ")
        assert repr(value) in str(refused.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "backoff type must be one of fixed, exponential, not None"),
        ({"type": "linear"}, "backoff type must be one of fixed, exponential, not 'linear'"),
        ({"type": []}, "backoff type must be one of fixed, exponential, not []"),
        ({"type": "fixed", "delay": -1}, "backoff delay must be a finite number of milliseconds, 0 or more, not -1"),
        ({"type": "fixed", "delay": "5"}, "backoff delay must be a number of milliseconds or a timedelta, not '5'"),
        (
            {"type": "fixed", "delay": 0.25},
            "backoff delay must be 0, or 1 millisecond or more, not 0.25; "
            "if that is seconds, write timedelta(seconds=0.25)",
        ),
        (
            {"type": "exponential", "max_delay": NAN},
            "backoff max_delay must be a finite number of milliseconds, 0 or more, not nan",
        ),
        (
            {"type": "exponential", "maxDelay": True},
            "backoff max_delay must be a number of milliseconds or a timedelta, not True",
        ),
        (
            {"type": "fixed", "factor": 2, 3: 4},
            "backoff has unknown keys ['3', 'factor']; it takes type, delay, max_delay and jitter",
        ),
        (
            len,
            'backoff must be True or a dict such as {"type": "exponential", "delay": 500}, '
            "not <built-in function len>; functions cannot be stored, since nothing read from Redis is ever executed",
        ),
    ],
    ids=str,
)
def test_a_bad_backoff_is_refused_with_what_is_wrong_in_it(value: Any, message: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        read_option("backoff", value)
    assert str(refused.value) == message


@pytest.mark.parametrize("moment", [datetime(2024, 5, 6), datetime.max])
def test_a_moment_without_a_time_zone_is_refused(moment: datetime) -> None:
    with pytest.raises(InvalidOption) as refused:
        read_option("delay", moment)
    assert str(refused.value) == f"delay must be an aware datetime (with a tzinfo), not {moment!r}"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("prioritiy", " (did you mean priority?)"),
        ("removeOnComplete", " (Kue's removeOnComplete is remove_on_complete here)"),
        ("searchKeys", " (Kue's searchKeys is search_keys here)"),
        ("", ""),
        ("data", ""),
        ("type", ""),
        ("purge", " (it is an option of the queue, and of a type in job_flags)"),
        ("keep", " (it is an option of the queue, and of a type in job_flags)"),
    ],
)
def test_an_option_that_does_not_exist_is_refused_and_the_right_name_given(name: str, hint: str) -> None:
    with pytest.raises(UnknownOption) as refused:
        read_option(name, 1)
    assert str(refused.value) == f"there is no job option {name!r}{hint}; there are {', '.join(JOB_OPTIONS)}"
    assert isinstance(refused.value, TypeError)


def test_every_option_can_be_set_by_its_name_and_by_kue_s() -> None:
    assert {option.name: option.kue_name for option in JOB_OPTIONS.values()} == {
        "priority": "priority",
        "attempts": "attempts",
        "backoff": "backoff",
        "delay": "delay",
        "ttl": "ttl",
        "remove_on_complete": "removeOnComplete",
        "search_keys": "searchKeys",
        "events": "events",
        "unique": "unique",
        "ghost_on_ttl": "",
        "ghost_retries": "",
        "ghost_delay": "",
        "hotjob": "",
        "hotjob_timeout": "",
        "remove_on_fail": "",
    }
    assert list(JOB_OPTIONS) == [option.name for option in JOB_OPTIONS.values()]
    assert set(GOOD) == set(BAD) == set(JOB_OPTIONS)


def test_several_options_are_read_together_and_none_stands_for_the_default() -> None:
    given = {"priority": "high", "attempts": None, "ttl": timedelta(seconds=1), "delay": None}
    assert read_options(given) == {"priority": -10, "ttl": 1000}
    assert read_options({}) == {}


def test_an_unknown_option_is_refused_even_when_it_is_none() -> None:
    with pytest.raises(UnknownOption, match="'nope'"):
        read_options({"priority": 1, "nope": None})


@pytest.mark.parametrize("value", ["email", "d\u00e9j\u00e0 vu", "a b", "0"])
def test_a_type_is_any_text(value: str) -> None:
    assert read_type(value) == value


@pytest.mark.parametrize("value", ["", None, 5, b"email", ["email"], True])
def test_a_value_that_is_no_text_is_no_type(value: Any) -> None:
    with pytest.raises(InvalidOption) as refused:
        read_type(value)
    assert str(refused.value) == f"type must be a non-empty string, not {value!r}"


@pytest.mark.parametrize("value", ["\ud83d", "x\udcffy"])
def test_a_type_that_cannot_be_a_key_is_refused(value: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        read_type(value)
    assert str(refused.value) == f"type must be text that UTF-8 can hold, not {value!r}"


@pytest.mark.parametrize(("value", "least"), [(0, 0), (5, -5), (-5.0, -5), (2**53, 1)])
def test_a_whole_number_is_one_up_to_what_javascript_holds(value: Any, least: int) -> None:
    assert read_whole("n", value, least=least) == value
    assert type(read_whole("n", value, least=least)) is int


@pytest.mark.parametrize("value", [0, 1.5, True, "1", None, NAN, INFINITY])
def test_a_number_that_is_not_whole_or_out_of_bounds_is_refused(value: Any) -> None:
    with pytest.raises(InvalidOption) as refused:
        read_whole("n", value, least=1)
    assert str(refused.value) == f"n must be a whole number, 1 or more, not {value!r}"


@pytest.mark.parametrize("value", [HUGE, 2**53 + 1])
def test_the_error_for_a_number_that_is_too_large_names_the_largest(value: int) -> None:
    with pytest.raises(InvalidOption, match=f"^n must be a whole number from 1 to {2**53}, not {value}$"):
        read_whole("n", value, least=1)
