"""Each option of a queue: its default, what it accepts, and how it refuses the rest."""

import json
from datetime import timedelta
from typing import Any

import pytest

from kue import Queue
from kue.errors import InvalidOption, UnknownOption
from kue.options.purging import Limits
from kue.options.queue import PromotionOptions, QueueOptions

DEFAULTS = {
    "name": "kue",
    "prefix": "q",
    "promotion": PromotionOptions(interval=1000, limit=1000, lock_ttl=2000),
    "stuck_after": 60_000,
    "max_connections": 50,
    "connect_timeout": None,
    "answer_timeout": None,
    "lease": 30_000,
    "ghost_retries": 1,
    "ghost_delay": 0,
    "max_requeues": None,
    "disable_search": True,
    "job_events": True,
    "job_flags": {},
    "json_default": None,
    "job_defaults": {},
    "stats": True,
    "purge": {},
    "keep": {},
}


def changed(**options: Any) -> dict[str, Any]:
    """What differs from the defaults."""
    read = QueueOptions.read(**options)
    return {name: getattr(read, name) for name in DEFAULTS if getattr(read, name) != DEFAULTS[name]}


def test_the_default_options_are_those_of_kue() -> None:
    assert QueueOptions.read() == QueueOptions(**DEFAULTS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"name": "mail"}, {"name": "mail"}),
        ({"prefix": "{q}"}, {"prefix": "{q}"}),
        ({"prefix": "caf\u00e9"}, {"prefix": "caf\u00e9"}),
        ({"promotion": None}, {}),
        ({"promotion": {}}, {}),
        ({"promotion": {"interval": 50}}, {"promotion": PromotionOptions(interval=50)}),
        ({"promotion": {"interval": timedelta(seconds=5)}}, {"promotion": PromotionOptions(interval=5000)}),
        ({"promotion": {"limit": 10, "lock_ttl": 99}}, {"promotion": PromotionOptions(limit=10, lock_ttl=99)}),
        ({"disable_search": False}, {"disable_search": False}),
        ({"job_events": False}, {"job_events": False}),
        ({"lease": 100}, {"lease": 100}),
        ({"lease": timedelta(minutes=2)}, {"lease": 120_000}),
        ({"ghost_retries": 0}, {"ghost_retries": 0}),
        ({"ghost_delay": timedelta(seconds=3)}, {"ghost_delay": 3000}),
        ({"max_requeues": 0}, {"max_requeues": 0}),
        ({"max_requeues": None}, {}),
        ({"stuck_after": 0}, {"stuck_after": 0}),
        ({"max_connections": 1}, {"max_connections": 1}),
        ({"connect_timeout": 500}, {"connect_timeout": 500}),
        ({"answer_timeout": timedelta(seconds=2)}, {"answer_timeout": 2000}),
        ({"json_default": str}, {"json_default": str}),
        ({"json_default": None}, {}),
        ({"job_defaults": None}, {}),
        ({"stats": False}, {"stats": False}),
        (
            {"job_defaults": {"attempts": 5, "ttl": timedelta(seconds=9)}},
            {"job_defaults": {"attempts": 5, "ttl": 9000}},
        ),
        ({"job_flags": None}, {}),
        ({"job_flags": {"email": {}}}, {"job_flags": {"email": {}}}),
        (
            {"job_flags": {"email": {"attempts": 5, "priority": "high"}, "pdf": {"ttl": timedelta(seconds=9)}}},
            {"job_flags": {"email": {"attempts": 5, "priority": -10}, "pdf": {"ttl": 9000}}},
        ),
        ({"purge": None, "keep": None}, {}),
        (
            {"purge": {"complete": timedelta(days=1), "failed": None}, "keep": {"failed": 0}},
            {"purge": {"complete": 86_400_000, "failed": None}, "keep": {"failed": 0}},
        ),
        (
            {"job_flags": {"email": {"attempts": 5, "purge": {"failed": 60_000}, "keep": None}}},
            {"job_flags": {"email": {"attempts": 5, "purge": {"failed": 60_000}}}},
        ),
    ],
    ids=str,
)
def test_a_good_value_is_read(given: dict[str, Any], read: dict[str, Any]) -> None:
    assert changed(**given) == read


NAN = float("nan")
NUMBER = "must be a number of milliseconds or a timedelta"
FINITE = "must be a finite number of milliseconds"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": ""}, "name must be a non-empty string, not ''"),
        ({"name": 5}, "name must be a non-empty string, not 5"),
        ({"prefix": ""}, "prefix must be a non-empty string, not ''"),
        ({"prefix": None}, "prefix must be a non-empty string, not None"),
        ({"prefix": b"q"}, "prefix must be a non-empty string, not b'q'"),
        ({"prefix": "\ud83d"}, "prefix must be text that UTF-8 can hold, not '\\ud83d'"),
        ({"promotion": 5}, "promotion must be a dict, not 5"),
        ({"promotion": [("limit", 1)]}, "promotion must be a dict, not [('limit', 1)]"),
        ({"promotion": {"interval": 0}}, f"promotion interval {FINITE}, 1 or more, not 0"),
        ({"promotion": {"interval": NAN}}, f"promotion interval {FINITE}, 1 or more, not nan"),
        ({"promotion": {"limit": 0}}, "promotion limit must be a whole number, 1 or more, not 0"),
        ({"promotion": {"limit": 1.5}}, "promotion limit must be a whole number, 1 or more, not 1.5"),
        ({"promotion": {"lock_ttl": "2s"}}, f"promotion lock_ttl {NUMBER}, not '2s'"),
        ({"disable_search": 1}, "disable_search must be True or False, not 1"),
        ({"job_events": "no"}, "job_events must be True or False, not 'no'"),
        ({"lease": 99}, f"lease {FINITE}, 100 or more, not 99"),
        ({"lease": None}, f"lease {NUMBER}, not None"),
        ({"ghost_retries": -1}, "ghost_retries must be a whole number, 0 or more, not -1"),
        ({"max_connections": 0}, "max_connections must be a whole number, 1 or more, not 0"),
        ({"ghost_delay": -1}, f"ghost_delay {FINITE}, 0 or more, not -1"),
        (
            {"ghost_delay": 0.5},
            "ghost_delay must be 0, or 1 millisecond or more, not 0.5; "
            "if that is seconds, write timedelta(seconds=0.5)",
        ),
        ({"lease": 0.5}, f"lease {FINITE}, 100 or more, not 0.5"),
        ({"stuck_after": timedelta(-1)}, f"stuck_after {FINITE}, 0 or more, not datetime.timedelta(days=-1)"),
        ({"json_default": "str"}, "json_default must be a function of one value, not 'str'"),
        ({"job_flags": ["email"]}, "job_flags must be a dict, not ['email']"),
        ({"job_defaults": ["email"]}, "job_defaults must be a dict, not ['email']"),
        ({"job_defaults": {"ttl": -1}}, f"job_defaults: ttl {FINITE}, 0 or more, not -1"),
        ({"job_flags": {"": {}}}, "type must be a non-empty string, not ''"),
        ({"job_flags": {"email": 5}}, "job_flags['email'] must be a dict, not 5"),
        (
            {"job_flags": {"email": {"attempts": 0}}},
            "job_flags['email']: attempts must be a whole number, 1 or more, not 0",
        ),
        (
            {"purge": {"active": 5}},
            "purge takes the states complete and failed, since only jobs that have ended are purged, not 'active'",
        ),
        ({"purge": 5}, "purge must be a dict, not 5"),
        ({"purge": {"complete": "1 day"}}, f"purge['complete'] {NUMBER}, not '1 day'"),
        ({"keep": {"failed": 1.5}}, "keep['failed'] must be a whole number, 0 or more, not 1.5"),
        (
            {"job_flags": {"email": {"keep": {"failed": -1}}}},
            "job_flags['email'] keep['failed'] must be a whole number, 0 or more, not -1",
        ),
    ],
    ids=str,
)
def test_a_bad_value_is_refused_by_name_and_value(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        QueueOptions.read(**given)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"promotion": {"lockTtl": 1}},
            "promotion has no option 'lockTtl' (Kue's lockTtl is lock_ttl here); it has interval, limit, lock_ttl",
        ),
        (
            {"promotion": {5: 1}},
            "promotion has no option 5; it has interval, limit, lock_ttl",
        ),
        (
            {"job_flags": {"email": {"tries": 1}}},
            "job_flags['email']: there is no job option 'tries'; there are priority, attempts, ",
        ),
        (
            {"job_flags": {"email": {"removeOnComplete": True}}},
            "job_flags['email']: there is no job option 'removeOnComplete' "
            "(Kue's removeOnComplete is remove_on_complete here); there are priority, attempts, ",
        ),
        (
            {"job_flags": {"email": {"purged": {}}}},
            "job_flags['email']: there is no option 'purged' (did you mean purge?)",
        ),
        (
            {"job_defaults": {"keep": {"failed": 1}}},
            "job_defaults: there is no job option 'keep' (it is an option of the queue, and of a type in job_flags)",
        ),
        (
            {"job_defaults": {"tries": 1}},
            "job_defaults: there is no job option 'tries'; there are priority, attempts, ",
        ),
        (
            {"prefixx": "q"},
            "there is no queue option 'prefixx' (did you mean prefix?); there are redis, name, prefix, ",
        ),
        (
            {"jobEvents": False},
            "there is no queue option 'jobEvents' (Kue's jobEvents is job_events here); there are redis, name, ",
        ),
        (
            {"createClientFactory": print},
            "there is no queue option 'createClientFactory' (createClientFactory is redis= with a redis-py client ",
        ),
    ],
)
def test_an_option_that_does_not_exist_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownOption) as refused:
        Queue(**given)
    assert str(refused.value).startswith(message)


def test_a_queue_refuses_a_bad_option_before_it_opens_anything() -> None:
    with pytest.raises(InvalidOption, match=r"^lease must be "):
        Queue(redis="redis://127.0.0.1:1", lease="soon")


def test_flags_are_read_when_the_queue_is_made_and_later_changes_do_not_count() -> None:
    flags = {"email": {"attempts": 5}}
    read = QueueOptions.read(job_flags=flags)
    flags["email"]["attempts"] = 0
    flags["pdf"] = {}
    assert json.dumps(read.job_flags) == '{"email": {"attempts": 5}}'


DAY = 86_400_000


def test_what_a_type_says_of_a_state_comes_before_what_the_queue_says() -> None:
    flags = {"email": {"purge": {"failed": 5000}, "keep": {"complete": 7}}, "pdf": {"purge": {"complete": None}}}
    options = QueueOptions.read(purge={"complete": DAY, "failed": 2 * DAY}, keep={"failed": 9}, job_flags=flags)
    assert options.limits_of("other") == {"complete": Limits(DAY, None), "failed": Limits(2 * DAY, 9)}
    assert options.limits_of("email") == {"complete": Limits(DAY, 7), "failed": Limits(5000, 9)}
    assert options.limits_of("pdf") == {"failed": Limits(2 * DAY, 9)}


def test_without_limits_nothing_is_purged() -> None:
    options = QueueOptions.read(job_flags={"email": {"purge": {"failed": None}, "attempts": 5}})
    assert options.limits_of("email") == options.limits_of("other") == {}


def test_jobs_start_with_the_options_of_jobs_alone() -> None:
    options = QueueOptions.read(job_flags={"email": {"attempts": 5, "purge": {"failed": 5000}, "keep": {"failed": 1}}})
    assert options.flags_of_jobs("email") == {"attempts": 5}
    assert not options.flags_of_jobs("other")
