"""Unique jobs: the method `unique` of a job, and what becomes of a job if another one stands for its key already.

- reads and sets the option
- turns the job object into the job that stands already, so that listeners and promises follow that one
- does the same in test mode, among the jobs that were collected
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from kue.errors import InvalidOption
from kue.jobs.fields import Fields
from kue.jobs.hash_field import HashField
from kue.jobs.option_methods import BoundOptionMethod, OptionMethod
from kue.options.job import JOB_OPTIONS, read_option
from kue.options.typed import Duration, UniqueDict, Until
from kue.options.unique import Unique
from kue.runtime import Runtime
from kue.store import codec, job_hash
from kue.store.job_hash import JobHash
from kue.store.keys import UNIQUE_TYPE
from kue.store.unique_job import ExistingJob

_J = TypeVar("_J")
_In_contra = TypeVar("_In_contra", contravariant=True)
_Out_co = TypeVar("_Out_co", covariant=True)
_MAX_WHOLE = 2**53  # as in Lua
_READ_FROM_HASH = [name for name, field in vars(Fields).items() if isinstance(field, HashField)]


class UniqueMethod(OptionMethod[_In_contra, _Out_co]):
    """The method `unique`, which takes keywords besides the key."""

    def __get__(self, job: _J, owner: type | None = None) -> BoundUniqueMethod[_J]:
        return BoundUniqueMethod(job, "unique", None, None)


class BoundUniqueMethod(BoundOptionMethod[_J, Any, Any]):
    """`unique` of one job. Raises `InvalidOption`, also for a job that is saved already."""

    __slots__ = ()

    @overload
    def __call__(self) -> UniqueDict | None: ...
    @overload
    def __call__(
        self,
        key: str | bool | UniqueDict | None,
        /,
        *,
        until: Until = "ended",
        within: Duration | None = None,
        replace: bool = False,
    ) -> _J: ...
    def __call__(self, *key: Any, **more: Any) -> Any:
        if not key and not more:
            unique = self._job.stored_unique() or super().__call__()
            return None if unique is None else unique.as_dict()
        if more and len(key) <= 1:
            given = key[0] if key else None
            key = ({**(given if isinstance(given, Mapping) else {"key": given}), **more},)
        if self._job.id is not None and len(key) == 1:
            read_option("unique", key[0])  # a value that can never be used is the worse mistake
            raise InvalidOption(f"job {self._job.id} is saved: unique counts at the save, and cannot be changed later")
        return super().__call__(*key)


class Uniqueness(Fields, ABC):
    """A part of `Job`. `existing` is True if `save` wrote no job, since another one stands for the unique key."""

    runtime: Runtime
    id: int | None
    type: str
    data: Any
    active_run: Any
    only_collected: bool
    existing: bool = False

    @abstractmethod
    def get_field(self, field: str) -> str | None: ...

    if TYPE_CHECKING:

        @classmethod
        def from_hash(cls, runtime: Runtime, id: int, hash: JobHash) -> Self: ...

    def stored_unique(self) -> Unique | None:
        """The key of a saved job that its options do not show: in a handler, and of a job of Node's kue-unique.

        A worker does not read the fields of the key with its jobs, since few handlers need them. Raises
        `ConnectionFailed` or `RedisRefused`.
        """
        if self.stored_hash is None or self.options.get("unique") is not None:
            return None
        if self.active_run is not None and (key := self.get_field("py_unique")):
            return Unique(key, until=self.get_field("py_unique_until") or "ended")
        key = _key_of_node(self.data)
        if not key or self.only_collected:
            return None
        # The data of any job may have a value of this name.
        return Unique(key) if self.runtime.store.unique_holder(key) == self.id else None

    def known_unique(self, data: bytes) -> Unique | None:
        """The option with its key, for a save of this data as JSON. Raises `InvalidOption`."""
        unique: Unique | None = self.options.get("unique")
        if unique is None:
            return None
        if self.type == UNIQUE_TYPE:
            raise InvalidOption(
                f"a job of the type {UNIQUE_TYPE!r} can have no unique key, since the tokens of that type are where "
                "the unique keys are: give the type another name"
            )
        unique = self.options["unique"] = unique.for_job(self.type, data)
        return unique

    def take_over(self, existing: ExistingJob) -> None:
        """Become the job that stands already. If that is gone, only its id is known. Raises `JobInvalid`."""
        id, hash = existing
        self.runtime.test_mode.leave_out(self)
        stored = {} if hash is None else vars(type(self).from_hash(self.runtime, id, hash))
        kept = {name: value for name, value in self.options.items() if not JOB_OPTIONS[name].field}
        known = vars(self)
        for name in _READ_FROM_HASH:
            known.pop(name, None)
        known |= {"id": id, "existing": True, "_data_hash": None, **stored}
        self.options = {**({} if hash is None else job_hash.read_options(hash)), **kept}

    def joins(self, collected: Iterable[Uniqueness]) -> bool:
        """In test mode: become one of the jobs that were collected before, if it holds the unique key.

        Returns whether one does. Raises `InvalidOption` or `InvalidJobData`, as a save would.
        """
        if self.options.get("unique") is None:
            return False
        unique = self.known_unique(codec.encode(self.data, "data", self.runtime.options.json_default))
        holder = next((other for other in collected if unique is not None and other._holds(unique.key)), None)
        if holder is None or unique is None:
            return False
        if self.type == holder.type and unique.replaces_in(holder._state):
            holder.data = self.data
            if holder._state == "delayed":
                holder.options["delay"] = self.options.get("delay")
        self.id, self.type, self.data, self._state = holder.id, holder.type, holder.data, holder._state
        self.options, self.only_collected, self.existing = dict(holder.options), True, True
        return True

    def _holds(self, key: str) -> bool:
        """Whether a collected job holds this key."""
        held: Unique | None = self.options.get("unique")
        return held is not None and held.key == key and held.is_held_in(self._state)


def _key_of_node(data: Any) -> str | None:
    """The key of Node's kue-unique, which is in the data: text, or a whole number that JavaScript can hold."""
    key = data.get("unique") if isinstance(data, dict) else None
    if type(key) is int and abs(key) <= _MAX_WHOLE:
        return str(key)
    return key if isinstance(key, str) else None
