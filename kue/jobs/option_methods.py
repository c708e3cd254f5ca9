"""The fluent methods of a job: without an argument they read an option, with one they set it and return the job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from kue.options.job import JOB_OPTIONS, read_option

_J = TypeVar("_J")  # keeps, in `options`, the values of the options that were set
_In_contra = TypeVar("_In_contra", contravariant=True)
_Out_co = TypeVar("_Out_co", covariant=True)


class OptionMethod(Generic[_In_contra, _Out_co]):
    """One fluent method, for the option of the same name in `kue.options.job`."""

    def __init__(
        self,
        doc: str,
        default: Callable[[Any], Any] | None = None,
        read: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        """`default` gives the value for a job whose option is not set; without it the option's own default counts.

        `read` turns a value that is kept in another form into the one that is returned.
        """
        self.__doc__ = doc
        self._name = ""
        self._default = default
        self._read = read

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, job: _J, owner: type | None = None) -> BoundOptionMethod[_J, _In_contra, _Out_co]:
        return BoundOptionMethod(job, self._name, self._default, self._read)


class BoundOptionMethod(Generic[_J, _In_contra, _Out_co]):
    """A fluent method of one job. The value None resets the option to its default. Raises `InvalidOption`."""

    __slots__ = ("_default", "_job", "_name", "_read")

    def __init__(
        self, job: _J, name: str, default: Callable[[Any], Any] | None, read: Callable[[Any, Any], Any] | None
    ) -> None:
        self._job: Any = job  # no Protocol: pyright takes `options`, which is a descriptor, for another type
        self._name = name
        self._default = default
        self._read = read

    @overload
    def __call__(self) -> _Out_co: ...
    @overload
    def __call__(self, value: _In_contra | None, /) -> _J: ...
    def __call__(self, *value: Any) -> Any:
        if not value:
            options = self._job.options
            if self._name in options:
                found = options[self._name]
            else:
                found = JOB_OPTIONS[self._name].default if self._default is None else self._default(self._job)
            return found if self._read is None else self._read(self._job, found)
        if len(value) != 1:
            raise TypeError(f"{self._name}() takes one value, {len(value)} were given")
        if value[0] is None:
            self._job.options.pop(self._name, None)
        else:
            self._job.options[self._name] = read_option(self._name, value[0])
        self._job.option_set(self._name)
        return self._job
