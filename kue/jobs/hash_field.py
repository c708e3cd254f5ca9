"""A field of a job that is read from the job's hash when it is first used, since most handlers use few fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar, overload

from kue.store.job_hash import JobHash


class HasHash(Protocol):
    """An object with such fields; its `stored_hash` is None until there is a hash."""

    stored_hash: JobHash | None


_T = TypeVar("_T")


class HashField(Generic[_T]):
    """One field. Once a value is assigned to it, it is no longer read from the hash."""

    def __init__(self, read: Callable[[JobHash], _T], missing: _T) -> None:
        self._read = read
        self._missing = missing
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, job: None, owner: type) -> Self: ...
    @overload
    def __get__(self, job: HasHash, owner: type | None = None) -> _T: ...
    def __get__(self, job: HasHash | None, owner: type | None = None) -> Any:
        if job is None:
            return self
        if job.stored_hash is None:
            return self._missing
        return job.__dict__.setdefault(self._name, self._read(job.stored_hash))

    if TYPE_CHECKING:  # at run time an assignment makes an attribute of the job, which Python finds before this one

        def __set__(self, job: HasHash, value: _T) -> None: ...
