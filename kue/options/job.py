"""The options of a job, as one table that option methods, keywords, `job_flags`, the hash and the docs read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any, get_args

from kue.common import strict_json
from kue.common.clock import MAX_EXACT_INTEGER, Moment, milliseconds, moment
from kue.common.describe import short_repr
from kue.common.names import hint, plain_text
from kue.errors import InvalidJobData, InvalidOption, UnknownOption
from kue.options import schemas
from kue.options.typed import BackoffDict, BackoffType
from kue.options.unique import parse_unique, read_unique
from kue.options.values import parse_number, read_choice, read_flag, read_whole

PRIORITIES = {"low": 10, "normal": 0, "medium": -5, "high": -10, "critical": -15}
BACKOFF_TYPES: tuple[BackoffType, ...] = get_args(BackoffType)
FULL_JITTER = "full"


def _read_priority(name: str, value: Any) -> int:
    if isinstance(value, str):
        if (level := plain_text(value)) in PRIORITIES:
            return PRIORITIES[level]
        raise InvalidOption(f"{name} must be a whole number or one of {', '.join(PRIORITIES)}, not {short_repr(value)}")
    return read_whole(name, value, least=-MAX_EXACT_INTEGER)


def _read_attempts(name: str, value: Any) -> int:
    return read_whole(name, value, least=1)


def _read_delay(name: str, value: Any) -> int | Moment:
    return moment(name, value) if isinstance(value, datetime) else milliseconds(name, value)


def delay_left(delay: float | Moment | None, now: int) -> Any:
    """The value of the option `delay` in milliseconds from `now` on. None if it is not set."""
    return delay.left(now) if isinstance(delay, Moment) else delay


def _read_ttl(name: str, value: Any) -> int:
    return milliseconds(name, value)


def _read_ghost_retries(name: str, value: Any) -> int:
    return read_whole(name, value, least=0)


def _read_ghost_delay(name: str, value: Any) -> int:
    return milliseconds(name, value)


def _read_backoff(name: str, value: Any) -> bool | dict[str, Any] | None:
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, Mapping):
        hint = "; functions cannot be stored, since nothing read from Redis is ever executed" if callable(value) else ""
        example = '{"type": "exponential", "delay": 500}'
        raise InvalidOption(f"{name} must be True or a dict such as {example}, not {short_repr(value)}{hint}")
    unknown = set(value) - BackoffDict.__annotations__.keys()
    if unknown:
        keys = sorted(key if isinstance(key, str) else short_repr(key) for key in unknown)
        raise InvalidOption(f"{name} has unknown keys {keys}; it takes type, delay, max_delay and jitter")
    read: dict[str, Any] = {"type": read_choice(f"{name} type", value.get("type"), BACKOFF_TYPES)}
    if value.get("delay") is not None:
        read["delay"] = milliseconds(f"{name} delay", value["delay"])
    given = [value[key] for key in ("max_delay", "maxDelay") if value.get(key) is not None]
    limits = [milliseconds(f"{name} max_delay", limit) for limit in given]
    if limits:
        read["maxDelay"] = limits[0]
    if value.get("jitter") is not None:
        read["jitter"] = _read_jitter(f"{name} jitter", value["jitter"])
    return read


def _read_jitter(name: str, value: Any) -> int | float | str:
    if isinstance(value, str) and plain_text(value) == FULL_JITTER:
        return FULL_JITTER
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InvalidOption(f'{name} must be a number from 0 to 1 or "{FULL_JITTER}", not {short_repr(value)}')
    return int(value) if isinstance(value, int) else float(value)


def _write_backoff(value: bool | str | dict[str, Any] | None) -> str | bytes | None:
    if not value:
        return None
    if value is True or isinstance(value, str):
        return "true" if value is True else value
    try:
        text = strict_json.dumps(value)
    except (TypeError, ValueError) as problem:
        raise InvalidJobData("backoff", f"cannot be written as JSON ({problem})") from None
    return text.encode("utf-8", "backslashreplace")


def _parse_backoff(raw: bytes) -> Any:
    text = raw.decode("utf-8", "replace")
    try:
        return strict_json.loads(text)
    except ValueError:
        return text  # Kue stores a backoff function as its JavaScript source


def _read_search_keys(name: str, value: Any) -> list[str]:
    keys = ([value] if value else []) if isinstance(value, str) else value  # as in Kue, "" names no key
    if not isinstance(keys, (list, tuple)) or not all(isinstance(key, str) for key in keys):
        raise InvalidOption(f"{name} must be a list of keys of the job's data, not {short_repr(value)}")
    return [plain_text(key) for key in keys]


def _read_hotjob_timeout(name: str, value: Any) -> int:
    return milliseconds(name, value, least=1)


def _write_number(value: int | float | None) -> int | float | None:
    """None for 0 as well: like Kue, write a delay or a ttl only if there is one."""
    return value or None


@dataclass(frozen=True, slots=True)
class JobOption:
    """One option of a job.

    - `name` is the keyword in Python, `kue_name` the name in Kue; "" if Kue has no such option
    - `read` checks a value that a user gives, and returns it in the form in which it is kept
    - `default` is the value of an option that is not set
    - `field` is the field of the job's hash that holds the option; "" if none does
    - `write` returns the content of that field (None: no field), `parse` reads it (None: the option is not set)
    - `module` is the one whose jobs have the option; those of kue_send have all options of kue as well
    - `schema` says as JSON Schema what `read` takes, but for None and for what JSON does not have
    """

    name: str
    kue_name: str
    read: Callable[[str, Any], Any]
    default: Any = None
    field: str = ""
    write: Callable[[Any], str | bytes | int | float | None] = lambda value: value
    parse: Callable[[bytes], Any] = parse_number
    module: str = "kue"
    _: KW_ONLY
    schema: schemas.Schema


JOB_OPTIONS = {
    option.name: option
    for option in (
        JobOption("priority", "priority", _read_priority, 0, "priority", schema=schemas.PRIORITY),
        JobOption("attempts", "attempts", _read_attempts, 1, "max_attempts", schema=schemas.ATTEMPTS),
        JobOption(
            "backoff", "backoff", _read_backoff, None, "backoff", _write_backoff, _parse_backoff, schema=schemas.BACKOFF
        ),
        JobOption("delay", "delay", _read_delay, None, "delay", _write_number, schema=schemas.DURATION),
        JobOption("ttl", "ttl", _read_ttl, None, "ttl", _write_number, schema=schemas.DURATION),
        JobOption(
            "remove_on_complete",
            "removeOnComplete",
            read_flag,
            False,
            "removeOnComplete",
            lambda value: "true" if value else None,
            lambda raw: True,  # for Kue any text means yes
            schema=schemas.FLAG,
        ),
        JobOption("search_keys", "searchKeys", _read_search_keys, schema=schemas.SEARCH_KEYS),
        JobOption("events", "events", read_flag, True, schema=schemas.FLAG),
        JobOption(
            "unique",
            "unique",
            read_unique,
            None,
            "py_unique",
            lambda unique: unique and unique.key,
            parse_unique,
            schema=schemas.UNIQUE,
        ),
        JobOption(
            "ghost_on_ttl",
            "",
            read_flag,
            False,
            "py_ghost_on_ttl",
            lambda value: "true" if value else None,
            lambda raw: True,
            schema=schemas.FLAG,
        ),
        JobOption("ghost_retries", "", _read_ghost_retries, None, "py_ghost_retries", schema=schemas.GHOST_RETRIES),
        JobOption("ghost_delay", "", _read_ghost_delay, None, "py_ghost_delay", schema=schemas.DURATION),
        JobOption("hotjob", "", read_flag, False, module="kue_send", schema=schemas.FLAG),
        JobOption("hotjob_timeout", "", _read_hotjob_timeout, 10_000, module="kue_send", schema=schemas.LONG_DURATION),
        JobOption(
            "remove_on_fail",
            "",
            read_flag,
            False,
            "py_remove_on_fail",
            lambda value: "true" if value else None,
            lambda raw: True,
            schema=schemas.FLAG,
        ),
    )
}
_OF_OTHER_MODULES = {option.name: option.module for option in JOB_OPTIONS.values() if option.module != "kue"}
_OF_QUEUES = "an option of the queue, and of a type in job_flags"
_INSTEAD = {
    "cron": "recurring jobs are made with queue.every(when, job)",
    "purge": f"it is {_OF_QUEUES}",
    "keep": f"it is {_OF_QUEUES}",
}


def read_option(name: str, value: Any) -> Any:
    """Check one option and return it as it is kept. Raises `UnknownOption` or `InvalidOption`, naming what is wrong."""
    option = JOB_OPTIONS.get(name)
    if option is None:
        instead = f" ({_INSTEAD[name]})" if name in _INSTEAD else hint(name, JOB_OPTIONS)
        raise UnknownOption(f"there is no job option {short_repr(name)}{instead}; there are {', '.join(JOB_OPTIONS)}")
    return option.read(name, value)


def read_options(given: Mapping[str, Any], module: str = "kue") -> dict[str, Any]:
    """Check several options of jobs of a module. One that is None is left out: its default applies.

    Raises the same as `read_option`, and `InvalidOption` for an option that only the jobs of another module have.
    """
    read = {
        name: read_option(name, value) for name, value in given.items() if value is not None or name not in JOB_OPTIONS
    }
    if module == "kue" and not _OF_OTHER_MODULES.keys().isdisjoint(read):
        name = next(name for name in read if name in _OF_OTHER_MODULES)
        other = _OF_OTHER_MODULES[name]
        raise InvalidOption(f"{name} is an option of jobs of {other} only: import {other} as kue")
    return read
