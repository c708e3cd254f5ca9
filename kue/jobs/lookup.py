"""Finds saved jobs, by id or by position: the class methods of `Job`.

- reads one job, or its log, by id
- removes one job by id
- reads the jobs at some positions among all jobs, the jobs in a state, or the jobs of a type in a state
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, get_args

from redis.exceptions import ResponseError

from kue.common.describe import short_repr
from kue.connection.pool import refusal
from kue.errors import InvalidOption, JobInvalid, JobNotFound
from kue.jobs.active_run import flush_reports
from kue.options.typed import Order, State
from kue.options.values import read_choice, read_state, read_type, read_whole
from kue.runtime import HasRuntime, Runtime
from kue.store.job_hash import JobHash

_ORDERS: tuple[Order, ...] = get_args(Order)
_MAX_ID = 2**63 - 1  # the largest number that Redis counts to
_TOO_MANY_DIGITS = 100  # Kue writes the number of digits of an id with two digits


class DefaultQueue(Protocol):
    """A function that gives the process-wide queue."""

    def __call__(self) -> HasRuntime: ...


class Lookup:
    """The class methods of `Job`. Each asks the queue given as `queue`, or the process-wide queue if none is given.

    In a handler each first waits until Redis has what the handler has reported before.
    """

    default_queue: ClassVar[DefaultQueue]
    """Gives the process-wide queue. The module that keeps that queue sets it, so that this one need not know it."""

    if TYPE_CHECKING:

        @classmethod
        def from_hash(cls, runtime: Runtime, id: int, hash: JobHash) -> Self: ...

    @classmethod
    def get(cls, id: int | str | None, *, queue: HasRuntime | None = None) -> Self:
        """Read the job with this id, a number or a string of digits.

        Raises `JobNotFound`, `JobInvalid` if the job's hash cannot be read, `InvalidOption` if `id` is no id,
        `ConnectionFailed` or `RedisRefused`. A job without a type is also taken out of every index.
        """
        runtime, number = cls._runtime_of(queue), _read_id(id)
        found = runtime.store.hashes([number])[0]
        if isinstance(found, ResponseError):
            raise refusal(found) from found
        if found is None:
            raise JobNotFound(number)
        if not found.type:
            runtime.store.drop_broken([number])
        return cls.from_hash(runtime, number, found)

    @classmethod
    def get_log(cls, id: int | str | None, *, queue: HasRuntime | None = None) -> list[str]:
        """The lines of a job's log, the oldest first (Kue's `Job.log`). It is empty if there is no such job.

        Raises `InvalidOption` if `id` is no id, `ConnectionFailed` or `RedisRefused`.
        """
        return cls._runtime_of(queue).store.log(_read_id(id))

    @classmethod
    def remove_by_id(cls, id: int | str | None, *, queue: HasRuntime | None = None) -> None:
        """Remove the job with this id (Kue's `Job.remove`), also if it has no type.

        Raises `JobNotFound`, `InvalidOption` if `id` is no id, `ConnectionFailed` or `RedisRefused`.
        """
        store, number = cls._runtime_of(queue).store, _read_id(id)
        if not store.remove(number):
            if store.hashes([number])[0] is None:
                raise JobNotFound(number)
            store.drop_broken([number])

    @classmethod
    def range(cls, start: int, stop: int, order: Order = "asc", *, queue: HasRuntime | None = None) -> list[Self]:
        """The jobs at positions `start` to `stop` among all jobs. Both ends are included, and -1 is the last position.

        Positions follow the order of the set in Redis, by priority. As in Kue, the jobs found are then sorted by id;
        the order "desc" reverses these jobs only. A job that cannot be read is left out, and an `error` event reports
        it. Raises `InvalidOption`, `ConnectionFailed` or `RedisRefused`.
        """
        return cls._page(cls._runtime_of(queue), start, stop, order)

    @classmethod
    def range_by_state(
        cls, state: State, start: int, stop: int, order: Order = "asc", *, queue: HasRuntime | None = None
    ) -> list[Self]:
        """As `range`, among the jobs in a state: inactive, active, complete, failed or delayed."""
        return cls._page(cls._runtime_of(queue), start, stop, order, read_state(state))

    @classmethod
    def range_by_type(
        cls, type: str, state: State, start: int, stop: int, order: Order = "asc", *, queue: HasRuntime | None = None
    ) -> list[Self]:
        """As `range`, among the jobs of a type in a state."""
        return cls._page(cls._runtime_of(queue), start, stop, order, read_state(state), read_type(type))

    @classmethod
    def _page(
        cls, runtime: Runtime, start: int, stop: int, order: str, state: str | None = None, type: str | None = None
    ) -> list[Self]:
        start, stop = read_whole("start", start, least=-(2**53)), read_whole("stop", stop, least=-(2**53))
        order = read_choice("order", order, _ORDERS)
        ids = runtime.store.ids(start, stop, state, type)
        jobs: list[Self] = []
        broken: list[int] = []
        for id, found in zip(ids, runtime.store.hashes(ids), strict=True):
            hash = found if isinstance(found, JobHash) else JobHash()
            try:
                jobs.append(cls.from_hash(runtime, id, hash))
            except JobInvalid as problem:
                runtime.error_reporter.warn(problem)
                if not hash.type:
                    broken.append(id)
        if broken:
            runtime.store.drop_broken(broken, type or "")
        jobs.sort(key=_id_of, reverse=order == "desc")
        return jobs

    @classmethod
    def _asked_for(cls, id: int | str | None, queue: HasRuntime | None) -> tuple[Runtime, int]:
        """The queue that is asked, and the id as a number. Raises `InvalidOption`."""
        return cls._runtime_of(queue), _read_id(id)

    @classmethod
    def _runtime_of(cls, queue: HasRuntime | None) -> Runtime:
        flush_reports()
        runtime = getattr(cls.default_queue() if queue is None else queue, "runtime", None)
        if not isinstance(runtime, Runtime):
            raise InvalidOption(f"queue must be a kue.Queue, not {short_repr(queue)}")
        return runtime


def _id_of(job: Any) -> int:
    return int(job.id)


def _read_id(id: object) -> int:
    number = id
    if isinstance(id, int) or (isinstance(id, str) and id.isascii() and id.isdigit() and len(id) < _TOO_MANY_DIGITS):
        number = int(id)
    if isinstance(id, bool) or not isinstance(number, int) or not 0 <= number <= _MAX_ID:
        hint = "; a job has none before it is saved" if id is None else ""
        if isinstance(number, str):  # Kue's job.get
            hint = f"; a field of a job is read with get_field({short_repr(id)})"
        raise InvalidOption(f"id must be a job id such as 7 or '7', not {short_repr(id)}{hint}")
    return number
