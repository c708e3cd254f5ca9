"""The options of a queue, a row for each, which `Queue`, `create_queue` and the reference page read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from kue.common.clock import milliseconds
from kue.common.describe import short_repr
from kue.common.names import hint, nearest
from kue.errors import InvalidOption, UnknownOption
from kue.options.job import JOB_OPTIONS, read_options
from kue.options.purging import OPTIONS_OF_TYPES, Limits, limits_of, read_keep, read_purge
from kue.options.values import read_flag, read_key_part, read_mapping, read_type, read_whole

OPTIONS_OF_JOBS = ("job_flags", "job_defaults")  # with options of jobs, which depend on the module of the jobs


@dataclass(frozen=True, slots=True)
class PromotionOptions:
    """Kue's `promotion`: ms between two rounds, jobs in a round, and ms after which Redis frees the lock."""

    interval: int = 1000
    limit: int = 1000
    lock_ttl: int = 2000


def _read_promotion(name: str, value: Any) -> PromotionOptions:
    known = [row.name for row in fields(PromotionOptions)]
    read = {}
    for key, given in read_mapping(name, value).items():
        if key not in known:
            raise UnknownOption(f"{name} has no option {short_repr(key)}{hint(key, known)}; it has {', '.join(known)}")
        check = read_whole if key == "limit" else milliseconds
        read[key] = check(f"{name} {key}", given, least=1)
    return PromotionOptions(**read)


def _read_job_flags(name: str, value: Any, module: str = "kue_send") -> dict[str, dict[str, Any]]:
    flags = {}
    for given_type, options in read_mapping(name, value).items():
        type = read_type(given_type)
        flags[type] = _read_flags_of_type(f"{name}[{short_repr(type)}]", options, module)
    return flags


def _read_flags_of_type(name: str, value: Any, module: str) -> dict[str, Any]:
    """The options of the jobs of a type, and those of the type itself. One that is None is left out."""
    given = read_mapping(name, value)
    for key in given.keys() - {*JOB_OPTIONS, *OPTIONS_OF_TYPES}:
        if isinstance(key, str) and (near := nearest(key, OPTIONS_OF_TYPES)):
            raise UnknownOption(f"{name}: there is no option {short_repr(key)} (did you mean {near}?)")
    of_jobs = {key: given[key] for key in given if key not in OPTIONS_OF_TYPES}
    of_type = {
        key: read(f"{name} {key}", given[key]) for key, read in OPTIONS_OF_TYPES.items() if given.get(key) is not None
    }
    return _read_job_defaults(name, of_jobs, module) | of_type


def _read_job_defaults(name: str, value: Any, module: str = "kue_send") -> dict[str, Any]:
    given = read_mapping(name, value)
    try:
        read = read_options(given, module)
    except InvalidOption as problem:
        raise problem.__class__(f"{name}: {problem}") from None
    # A datetime is kept as it is, since the delay until then differs for each job.
    return {key: given[key] if isinstance(given[key], datetime) else checked for key, checked in read.items()}


def _read_json_default(name: str, value: Any) -> Any:
    if value is not None and not callable(value):
        raise InvalidOption(f"{name} must be a function of one value, not {short_repr(value)}")
    return value


def _read_lease(name: str, value: Any) -> int:
    return milliseconds(name, value, least=100)


def _read_count(name: str, value: Any) -> int:
    return read_whole(name, value, least=0)


def _read_max_requeues(name: str, value: Any) -> int | None:
    return None if value is None else read_whole(name, value, least=0)


def _read_timeout(name: str, value: Any) -> int | None:
    return None if value is None else milliseconds(name, value, least=1)


def _read_max_connections(name: str, value: Any) -> int:
    return read_whole(name, value, least=1)


def _row(read: Callable[..., Any], default: Any) -> Mapping[str, Any]:
    return {"read": read, "default": default}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """The options of a queue apart from `redis`, each with its check and its default. Durations are in milliseconds."""

    name: str = field(metadata=_row(read_key_part, "kue"))
    prefix: str = field(metadata=_row(read_key_part, "q"))
    promotion: PromotionOptions = field(metadata=_row(_read_promotion, None))
    disable_search: bool = field(metadata=_row(read_flag, True))
    job_events: bool = field(metadata=_row(read_flag, True))
    job_flags: Mapping[str, Mapping[str, Any]] = field(metadata=_row(_read_job_flags, None))
    lease: int = field(metadata=_row(_read_lease, 30_000))
    ghost_retries: int = field(metadata=_row(_read_count, 1))
    ghost_delay: int = field(metadata=_row(milliseconds, 0))
    max_requeues: int | None = field(metadata=_row(_read_max_requeues, None))
    stuck_after: int = field(metadata=_row(milliseconds, 60_000))
    max_connections: int = field(metadata=_row(_read_max_connections, 50))
    connect_timeout: int | None = field(metadata=_row(_read_timeout, None))
    answer_timeout: int | None = field(metadata=_row(_read_timeout, None))
    json_default: Callable[[Any], Any] | None = field(metadata=_row(_read_json_default, None))
    job_defaults: Mapping[str, Any] = field(metadata=_row(_read_job_defaults, None))
    stats: bool = field(metadata=_row(read_flag, True))
    purge: Mapping[str, int | None] = field(metadata=_row(read_purge, None))
    keep: Mapping[str, int | None] = field(metadata=_row(read_keep, None))

    def flags_of_jobs(self, type: str) -> Mapping[str, Any] | None:
        """What `job_flags` has for the jobs of a type, without the options of the type itself."""
        flags = self.job_flags.get(type)
        return flags and {name: value for name, value in flags.items() if name not in OPTIONS_OF_TYPES}

    def limits_of(self, type: str) -> dict[str, Limits]:
        """For how long jobs of a type are kept once they have ended in a state; only the states with a limit."""
        flags = self.job_flags.get(type, {})
        return limits_of({**self.purge, **flags.get("purge", {})}, {**self.keep, **flags.get("keep", {})})

    @classmethod
    def read(cls, module: str = "kue", /, **given: Any) -> Self:
        """Check the options of a queue whose jobs are those of a module, kue or kue_send.

        Raises `InvalidOption` or `UnknownOption`, naming the option and the value.
        """
        rows = {row.name: row for row in fields(cls)}
        for name in given:
            if name not in rows:
                wrong = f"{short_repr(name)}{hint(name, ['redis', *rows])}"
                raise UnknownOption(f"there is no queue option {wrong}; there are redis, {', '.join(rows)}")
        read = {}
        for name, row in rows.items():
            of_module = (module,) if name in OPTIONS_OF_JOBS else ()
            read[name] = row.metadata["read"](name, given.get(name, row.metadata["default"]), *of_module)
        return cls(**read)
