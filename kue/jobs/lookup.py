"""Finding saved jobs: by id, and by their position among all jobs, those of a state, or those of a type and state."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from redis.exceptions import ResponseError

from kue.common.describe import short_repr
from kue.connection.pool import refusal
from kue.errors import InvalidOption, JobInvalid, JobNotFound
from kue.options.values import read_state, read_type, read_whole
from kue.runtime import HasRuntime, Runtime
from kue.store.job_hash import JobHash

_ORDERS = ("asc", "desc")
_LAST_ID = 2**63 - 1  # the largest that Redis counts to
_MANY_DIGITS = 100  # Kue writes the length of an id in two


class Lookup:
    """The class methods of `Job`. Each takes `queue=`, else the process-wide queue is asked."""

    default_queue: ClassVar[Callable[[], HasRuntime]]
    """The process-wide queue; set by the module that has it, which this one need not know."""

    if TYPE_CHECKING:

        @classmethod
        def from_hash(cls, runtime: Runtime, id: int, hash: JobHash) -> Self: ...

    @classmethod
    def get(cls, id: int | str, *, queue: HasRuntime | None = None) -> Self:
        """The job with this id. Raises `JobNotFound`, and `JobInvalid` where its hash cannot be read."""
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
    def get_log(cls, id: int | str, *, queue: HasRuntime | None = None) -> list[str]:
        """The lines of a job's log (Kue's `Job.log`)."""
        return cls._runtime_of(queue).store.log(_read_id(id))

    @classmethod
    def remove_by_id(cls, id: int | str, *, queue: HasRuntime | None = None) -> None:
        """Remove a job (Kue's `Job.remove`). Raises `JobNotFound`."""
        number = _read_id(id)
        if not cls._runtime_of(queue).store.remove(number):
            raise JobNotFound(number)

    @classmethod
    def range(cls, start: int, stop: int, order: str = "asc", *, queue: HasRuntime | None = None) -> list[Self]:
        """The jobs at some positions among all, by priority; both ends included, -1 is the last.

        As in Kue, the page so picked is sorted by id, and "desc" reverses that page only.
        """
        return cls._page(cls._runtime_of(queue), start, stop, order)

    @classmethod
    def range_by_state(
        cls, state: str, start: int, stop: int, order: str = "asc", *, queue: HasRuntime | None = None
    ) -> list[Self]:
        """The same among the jobs in a state."""
        return cls._page(cls._runtime_of(queue), start, stop, order, read_state(state))

    @classmethod
    def range_by_type(
        cls, type: str, state: str, start: int, stop: int, order: str = "asc", *, queue: HasRuntime | None = None
    ) -> list[Self]:
        """The same among the jobs of a type in a state."""
        return cls._page(cls._runtime_of(queue), start, stop, order, read_state(state), read_type(type))

    @classmethod
    def _page(
        cls, runtime: Runtime, start: int, stop: int, order: str, state: str | None = None, type: str | None = None
    ) -> list[Self]:
        start, stop = read_whole("start", start, least=-(2**53)), read_whole("stop", stop, least=-(2**53))
        if order not in _ORDERS:
            raise InvalidOption(f"order must be asc or desc, not {short_repr(order)}")
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
    def _runtime_of(cls, queue: HasRuntime | None) -> Runtime:
        runtime = getattr(cls.default_queue() if queue is None else queue, "runtime", None)
        if not isinstance(runtime, Runtime):
            raise InvalidOption(f"queue must be a kue.Queue, not {short_repr(queue)}")
        return runtime


def _id_of(job: Any) -> int:
    return int(job.id)


def _read_id(id: object) -> int:
    number = int(id) if isinstance(id, str) and id.isascii() and id.isdigit() and len(id) < _MANY_DIGITS else id
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _LAST_ID:
        raise InvalidOption(f"id must be a job id such as 7 or '7', not {short_repr(id)}")
    return number
