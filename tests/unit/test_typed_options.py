"""The types of the options say what the tables of the options say: the same names, and values of the same kinds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
import redis

import kue
import kue_send
from kue.connection.address import RedisAddress, embedded_directory, resolve
from kue.errors import InvalidOption
from kue.jobs.job_options import JobOptions
from kue.jobs.lookup import Lookup
from kue.options import typed
from kue.options.job import BACKOFF_TYPES, JOB_OPTIONS, PRIORITIES, read_option
from kue.options.purging import END_STATES, OPTIONS_OF_TYPES
from kue.options.queue import OPTIONS_OF_JOBS, PromotionOptions, QueueOptions
from kue.options.values import STATES, read_state
from kue.queue.counts import Counts
from kue.queue.queue import Queue


def fits(value: object, hint: Any) -> bool:
    """Whether a value is of a type. True and False are no numbers here, although type checkers take them for some."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(fits(value, one) for one in arguments)
    if origin is Literal:
        return isinstance(value, str | bool) and value in arguments
    if is_typeddict(hint):
        given = value if isinstance(value, dict) else {None: None}
        hints = get_type_hints(hint)
        return hint.__required_keys__ <= given.keys() <= hints.keys() and all(
            fits(one, hints[name]) for name, one in given.items()
        )
    if origin in (list, tuple):
        return isinstance(value, origin) and all(fits(one, arguments[0]) for one in value)
    if origin is Callable:
        return callable(value)
    if origin is Mapping:
        return isinstance(value, dict) and all(fits(one, arguments[1]) for one in value.values())
    return isinstance(value, origin or hint) and not (isinstance(value, bool) and hint is not bool)


# Values of every kind. A number is one that is in range wherever numbers are taken: types do not know ranges.
# 5000.0 is not among them: the checks take it for a whole number, but by its type it is a float.
SAMPLES: list[Any] = [
    *(None, True, False, 5000, 5000.5, 1j, "", "text", "5000", b"text", timedelta(seconds=5), datetime.now(UTC)),
    *("low", "normal", "medium", "high", "critical", "fixed", "exponential", len, object(), Path("text")),
    *([], ["text"], [5], (), ("text",), (5,), {"text"}, {}, {"text": 5}, {5: 5}, {"text": {}}),
    *({"type": "fixed"}, {"type": "linear"}, {"delay": 5}, {"type": "exponential", "delay": timedelta(1)}),
    *({"type": "fixed", "max_delay": 5.5}, {"type": "fixed", "maxDelay": None}, {"type": "fixed", "delay": "5"}),
    *({"type": "fixed", "jitter": 1}, {"type": "fixed", "jitter": "full"}, {"type": "fixed", "jitter": "half"}),
    *({"type": "fixed", "jitter": None}, {"type": "fixed", "jitter": 0.5}, {"type": "fixed", "jitter": timedelta(1)}),
    *({"attempts": 5, "hotjob": True}, {"priority": "low", "ttl": None}, {"hotjob": 5}, {"backoff": {"type": 5}}),
    *({"interval": 5}, {"interval": 5.5, "limit": 5, "lock_ttl": timedelta(1)}, {"limit": 5.5}, {"interval": None}),
    *({"email": {"attempts": 5}}, {"email": {"priority": "low", "ttl": None}}, {"email": {"priority": "text"}}),
    *({"email": {"atempts": 5}}, {"email": {"backoff": {"type": "fixed"}}}, {"email": {"backoff": {"type": 5}}}),
    *({"complete": 5, "failed": None}, {"complete": timedelta(1)}, {"failed": "5"}, {"failed": 5.5}, {"active": 5}),
    *({"email": {"purge": {"failed": timedelta(1)}, "keep": None}}, {"email": {"keep": {"failed": 5.5}}}),
    *({"email": {"purge": {"active": 5}}}, {"email": {"keep": 5}}),
    *({"key": "text"}, {"key": True, "until": "started"}, {"key": "text", "within": 5, "replace": True}, {"key": 5}),
    *({"key": "text", "until": "text"}, {"key": False}, {"until": "ended"}, {"key": "text", "replace": 5}),
]
KEY_NAMES = {"prefix", "name", "unique"}  # a text that is empty is text as well


def accepts(check: Callable[[], object]) -> bool:
    try:
        check()
    except InvalidOption:
        return False
    return True


def disagreeing(hint: Any, read: Callable[[Any], object], samples: list[Any] = SAMPLES) -> list[str]:
    """The samples about which the type and the check disagree."""
    different = [value for value in samples if fits(value, hint) != accepts(lambda value=value: read(value))]
    return [f"{value!r} {'only fits the type' if fits(value, hint) else 'is only read'}" for value in different]


def test_the_type_of_job_options_names_the_rows_of_their_table() -> None:
    assert list(get_type_hints(typed.JobOptionsDict)) == list(JOB_OPTIONS)
    assert typed.JobOptionsDict.__required_keys__ == frozenset()


def test_the_type_of_queue_options_names_the_rows_of_their_table() -> None:
    assert list(get_type_hints(typed.QueueOptionsDict)) == [row.name for row in fields(QueueOptions)]
    assert typed.QueueOptionsDict.__required_keys__ == frozenset()


def test_the_type_of_what_configure_takes_names_the_options_of_jobs() -> None:
    hints = get_type_hints(typed.ConfigureDict)
    assert tuple(hints) == OPTIONS_OF_JOBS
    assert hints == {name: get_type_hints(typed.QueueOptionsDict)[name] for name in OPTIONS_OF_JOBS}
    assert get_args(get_type_hints(kue.Queue.configure)["options"]) == (typed.ConfigureDict,)


def test_the_types_of_what_is_purged_name_the_states_and_the_options_of_types() -> None:
    assert list(get_type_hints(typed.PurgeDict)) == list(get_type_hints(typed.KeepDict)) == list(END_STATES)
    assert list(get_type_hints(typed.JobFlagsDict)) == [*JOB_OPTIONS, *OPTIONS_OF_TYPES]
    assert get_type_hints(Queue.purge)["state"] == typed.EndState


def test_the_type_of_promotion_names_what_promotion_has() -> None:
    assert list(get_type_hints(typed.PromotionDict)) == [row.name for row in fields(PromotionOptions)]


@pytest.mark.parametrize("name", JOB_OPTIONS)
def test_a_job_option_is_read_from_the_values_that_fit_its_type(name: str) -> None:
    def read(value: Any) -> object:
        return None if value is None else read_option(name, value)  # None stands for the default

    samples = [value for value in SAMPLES if not (value == "" and name in KEY_NAMES)]
    assert disagreeing(get_type_hints(typed.JobOptionsDict)[name], read, samples) == []


@pytest.mark.parametrize("row", fields(QueueOptions), ids=lambda row: row.name)
def test_a_queue_option_is_read_from_the_values_that_fit_its_type(row: Any) -> None:
    samples = [value for value in SAMPLES if not (value == "" and row.name in KEY_NAMES)]
    hint = get_type_hints(typed.QueueOptionsDict)[row.name]
    assert disagreeing(hint, lambda value: row.metadata["read"](row.name, value), samples) == []


@pytest.mark.parametrize("name", get_type_hints(typed.RedisDict))
def test_a_key_of_kue_s_dict_is_read_from_the_values_that_fit_its_type(name: str) -> None:
    # What options may hold, redis-py decides; nothing that is false counts, and only digits are a number.
    samples = [value for value in SAMPLES if value or value is None]
    samples = [value for value in samples if name != "options" or value in (None, "text", 5000, {"db": 1}, ["text"])]
    if name == "socket":  # redis-py takes a path of bytes as well, which no page promises
        samples.remove(b"text")
    if name in ("port", "db"):
        samples = [value for value in samples if not isinstance(value, str) or value.isdigit()]
    hint = get_type_hints(typed.RedisDict)[name]
    assert disagreeing(hint, lambda value: resolve({name: value}), samples) == []


def addresses() -> Iterator[Any]:
    yield from ("redis://box", {}, {"host": "box"}, redis.Redis(host="box"))
    yield from (5000, b"redis://box", True, ["redis://box"], redis.asyncio.Redis(), {"hots": "box"}, object())


def test_an_address_is_read_from_the_values_that_fit_its_type() -> None:
    assert disagreeing(RedisAddress, resolve, list(addresses())) == []
    assert fits("embedded:", RedisAddress)
    assert embedded_directory("embedded:") == ""


def test_the_names_of_the_types_are_those_of_the_checks() -> None:
    assert list(get_args(typed.PriorityName)) == list(PRIORITIES)
    assert get_args(typed.BackoffType) == BACKOFF_TYPES
    assert get_args(typed.State) == STATES
    assert [read_state(state) for state in get_args(typed.State)] == list(STATES)


@pytest.mark.parametrize("name", JOB_OPTIONS)
def test_a_fluent_method_takes_what_its_option_takes(name: str) -> None:
    methods = vars(JobOptions) | (vars(kue_send.Job) if JOB_OPTIONS[name].module == "kue_send" else {})
    taken, _ = get_args(methods[name].__orig_class__)
    assert frozenset(get_args(taken | None)) == frozenset(get_args(get_type_hints(typed.JobOptionsDict)[name]))


def test_methods_that_take_options_name_their_types() -> None:
    for create in (kue.Queue.create, kue.Queue.create_job):
        assert get_args(get_type_hints(create)["options"]) == (typed.JobOptionsDict,)
    for make in (kue.Queue.__init__, kue.create_queue, kue_send.create_queue):
        assert get_args(get_type_hints(make)["options"]) == (typed.QueueOptionsDict,)
        assert get_type_hints(make)["redis"] == RedisAddress | None


def test_methods_that_take_a_state_or_an_order_name_their_types() -> None:
    for method in (
        Counts.state,
        Counts.ids,
        Counts.card,
        Counts.card_by_type,
        Lookup.range_by_state,
        Lookup.range_by_type,
    ):
        assert get_type_hints(method)["state"] == typed.State
    for method in (Lookup.range, Lookup.range_by_state, Lookup.range_by_type):
        assert get_type_hints(method)["order"] == typed.Order


def test_the_types_are_public_names_of_both_packages() -> None:
    for package in (kue, kue_send):
        assert [name for name in typed.__all__ if getattr(package, name) is not getattr(typed, name)] == []
        assert set(typed.__all__) <= set(package.__all__)
