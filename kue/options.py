"""What can be set on a job: one table that the fluent methods, the keywords, `job_flags` and the JSON API all read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kue.common.clock import LARGEST, milliseconds, now_ms, until
from kue.common.describe import short_repr
from kue.errors import InvalidOption, UnknownOption

PRIORITIES = {"low": 10, "normal": 0, "medium": -5, "high": -10, "critical": -15}
BACKOFF_TYPES = ("fixed", "exponential")
RENEWALS_PER_LEASE = 3


@dataclass(frozen=True, slots=True)
class JobOption:
    """One option: its name, Kue's name for it in JSON, how a value is read, and what stands where none is given."""

    name: str
    kue_name: str
    read: Callable[[str, Any], Any]
    default: Any = None


def _priority(name: str, value: Any) -> int:
    if isinstance(value, str):
        if value in PRIORITIES:
            return PRIORITIES[value]
        raise InvalidOption(f"{name} must be a whole number or one of {', '.join(PRIORITIES)}, not {short_repr(value)}")
    return whole(name, value, least=-LARGEST)


def _attempts(name: str, value: Any) -> int:
    return whole(name, value, least=1)


def _delay(name: str, value: Any) -> int:
    if isinstance(value, datetime):
        return until(name, value, now_ms())
    return milliseconds(name, value)


def _ttl(name: str, value: Any) -> int:
    return milliseconds(name, value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidOption(f"{name} must be True or False, not {short_repr(value)}")
    return value


def _backoff(name: str, value: Any) -> bool | dict[str, Any] | None:
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, Mapping):
        hint = "; functions cannot be stored, since nothing read from Redis is ever executed" if callable(value) else ""
        example = '{"type": "exponential", "delay": 500}'
        raise InvalidOption(f"{name} must be True or a dict such as {example}, not {short_repr(value)}{hint}")
    unknown = set(value) - {"type", "delay", "maxDelay", "max_delay"}
    if unknown:
        keys = sorted(key if isinstance(key, str) else short_repr(key) for key in unknown)
        raise InvalidOption(f"{name} has unknown keys {keys}; it takes type, delay and max_delay")
    if value.get("type") not in BACKOFF_TYPES:
        raise InvalidOption(
            f"{name} type must be one of {', '.join(BACKOFF_TYPES)}, not {short_repr(value.get('type'))}"
        )
    read: dict[str, Any] = {"type": value["type"]}
    if value.get("delay") is not None:
        read["delay"] = milliseconds(f"{name} delay", value["delay"])
    longest = value.get("maxDelay") if value.get("max_delay") is None else value["max_delay"]
    if longest is not None:
        read["maxDelay"] = milliseconds(f"{name} max_delay", longest)
    return read


def _search_keys(name: str, value: Any) -> list[str]:
    keys = [value] if isinstance(value, str) else value
    if not isinstance(keys, (list, tuple)) or not all(isinstance(key, str) for key in keys):
        raise InvalidOption(f"{name} must be a list of keys of the job's data, not {short_repr(value)}")
    return list(keys)


JOB_OPTIONS = {
    option.name: option
    for option in (
        JobOption("priority", "priority", _priority, 0),
        JobOption("attempts", "attempts", _attempts, 1),
        JobOption("backoff", "backoff", _backoff),
        JobOption("delay", "delay", _delay),
        JobOption("ttl", "ttl", _ttl),
        JobOption("remove_on_complete", "removeOnComplete", _flag, False),
        JobOption("search_keys", "searchKeys", _search_keys),
        JobOption("events", "events", _flag, True),
    )
}


def read_option(name: str, value: Any) -> Any:
    """Check one option. Raises `UnknownOption` or `InvalidOption`, naming the option and the value."""
    option = JOB_OPTIONS.get(name)
    if option is None:
        raise UnknownOption(f"there is no job option {short_repr(name)}; there are {', '.join(JOB_OPTIONS)}")
    return option.read(name, value)


def read_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check several options; None stands for the default. Raises as `read_option` does."""
    return {
        name: read_option(name, value) for name, value in given.items() if value is not None or name not in JOB_OPTIONS
    }


def read_type(value: object) -> str:
    """Check the type of a job: a string that is not empty."""
    return _name("type", value)


def read_name(what: str, value: object) -> str:
    """Check the name of something: a string that is not empty."""
    if not isinstance(value, str) or not value:
        raise InvalidOption(f"{what} must be a non-empty string, not {short_repr(value)}")
    return value


def read_number(what: str, value: object, kind: str = "a number") -> int | float:
    """Check a number that is finite, and no larger than a float can hold; `kind` is what else there may be."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidOption(f"{what} must be {kind}, not {short_repr(value)}")
    if not abs(value) <= sys.float_info.max:
        raise InvalidOption(f"{what} must be a finite number, not {short_repr(value)}")
    return value


def whole(name: str, value: object, *, least: int) -> int:
    """Check a whole number (a float without a fraction is one)."""
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= LARGEST:
        bound = "" if least == -LARGEST else f", {least} or more"
        if isinstance(number, int) and abs(number) > LARGEST:
            bound = f" from {least} to {LARGEST}"
        raise InvalidOption(f"{name} must be a whole number{bound}, not {short_repr(value)}")
    return number


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """What can be set on a queue, checked. Durations in milliseconds."""

    name: str
    prefix: str
    promotion_interval: int
    promotion_limit: int
    lock_ttl: int
    stuck_after: int
    lease: int
    ghost_retries: int
    ghost_delay: int
    disable_search: bool
    job_events: bool
    job_flags: Mapping[str, Mapping[str, Any]]
    json_default: Callable[[Any], Any] | None


def read_queue_options(
    *,
    name: str = "kue",
    prefix: str = "q",
    promotion: Mapping[str, Any] | None = None,
    disable_search: bool = True,
    job_events: bool = True,
    job_flags: Mapping[str, Mapping[str, Any]] | None = None,
    lease: int | float | timedelta = 30_000,
    ghost_retries: int = 1,
    ghost_delay: int | float | timedelta = 0,
    stuck_after: int | float | timedelta = 60_000,
    json_default: Callable[[Any], Any] | None = None,
) -> QueueOptions:
    """Check the options of a queue. Raises `InvalidOption` or `UnknownOption`, naming the option and the value."""
    if json_default is not None and not callable(json_default):
        raise InvalidOption(f"json_default must be a function of one value, not {short_repr(json_default)}")
    timing = {"interval": 1000, "limit": 1000, "lock_ttl": 2000}
    for key, value in _mapping("promotion", promotion).items():
        if key not in timing:
            raise UnknownOption(f"promotion has no option {short_repr(key)}; it has {', '.join(timing)}")
        timing[key] = (
            whole("promotion limit", value, least=1)
            if key == "limit"
            else milliseconds(f"promotion {key}", value, least=1)
        )
    flags = {}
    for type, options in _mapping("job_flags", job_flags).items():
        where = f"job_flags[{short_repr(read_type(type))}]"
        of_type = _mapping(where, options)
        try:
            read = read_options(of_type)
            # a moment stays one: how far off it is, each job reads anew
            flags[type] = {k: of_type[k] if isinstance(of_type[k], datetime) else v for k, v in read.items()}
        except InvalidOption as problem:
            raise problem.__class__(f"{where}: {problem}") from None
    return QueueOptions(
        name=_name("name", name),
        prefix=_name("prefix", prefix),
        promotion_interval=timing["interval"],
        promotion_limit=timing["limit"],
        lock_ttl=timing["lock_ttl"],
        stuck_after=milliseconds("stuck_after", stuck_after),
        lease=milliseconds("lease", lease, least=100),
        ghost_retries=whole("ghost_retries", ghost_retries, least=0),
        ghost_delay=milliseconds("ghost_delay", ghost_delay),
        disable_search=_flag("disable_search", disable_search),
        job_events=_flag("job_events", job_events),
        job_flags=flags,
        json_default=json_default,
    )


def _name(name: str, value: object) -> str:
    """Check text that becomes part of a key."""
    if not isinstance(value, str) or not value:
        raise InvalidOption(f"{name} must be a non-empty string, not {short_repr(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidOption(f"{name} must be text that UTF-8 can hold, not {short_repr(value)}") from None
    return value


def _mapping(name: str, given: Mapping[Any, Any] | None) -> Mapping[Any, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidOption(f"{name} must be a dict, not {short_repr(given)}")
    return given
