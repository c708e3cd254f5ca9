"""The options of a queue while it is used: what it has now, and how new jobs get other options at run time.

- has the options of the queue
- changes those that new jobs start with, and sets them back
- compares them with options that are asked for

All other options are fixed when the queue is made.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import Any, ClassVar, NoReturn, Self, Unpack

from kue.common.describe import short_repr
from kue.common.names import hint
from kue.errors import InvalidOption, UnknownOption
from kue.jobs.job import Job
from kue.options.queue import OPTIONS_OF_JOBS, QueueOptions
from kue.options.typed import ConfigureDict
from kue.runtime import Runtime


class Configuring:
    """A part of `Queue`. Any thread may call."""

    job_class: ClassVar[type[Job]]
    runtime: Runtime
    _lock: threading.RLock
    _first_options: QueueOptions

    @property
    def options(self) -> QueueOptions:
        """The options that the queue has now."""
        return self.runtime.options

    def configure(self, **options: Unpack[ConfigureDict]) -> Self:
        """Give jobs that are created from now on, in this process, other `job_flags` or `job_defaults`.

        An option that is given replaces the one that the queue had (None: nothing). The other one stays. Jobs that were
        created before keep what they have. What `job_flags` has of `purge` and `keep` counts for all jobs of the type.
        Returns the queue. Raises `InvalidOption` or `UnknownOption`.
        """
        for name in options:
            if name not in OPTIONS_OF_JOBS:
                _refuse(name)
        with self._lock:
            now = self.runtime.options
            given: dict[str, Any] = {name: options.get(name, getattr(now, name)) for name in OPTIONS_OF_JOBS}
            read = QueueOptions.read(self.job_class.option_module, **given)
            changed = {name: getattr(read, name) for name in OPTIONS_OF_JOBS}
            self.runtime.options = dataclasses.replace(now, **changed)
        return self

    def reset(self) -> Self:
        """Go back to the `job_flags` and `job_defaults` that the queue was made with. Returns the queue."""
        with self._lock:
            self.runtime.options = self._first_options
        return self

    def has_or_had(self, name: str, asked: object) -> bool:
        """Whether an option has this value now, or had it when the queue was made."""
        return asked in (getattr(self.options, name), getattr(self._first_options, name))


def _refuse(name: str) -> NoReturn:
    known = [row.name for row in dataclasses.fields(QueueOptions)]
    if name in ("redis", *known):
        raise InvalidOption(f"{name} is fixed when the queue is made; configure takes {', '.join(OPTIONS_OF_JOBS)}")
    raise UnknownOption(
        f"there is no queue option {short_repr(name)}{hint(name, known)}; configure takes {', '.join(OPTIONS_OF_JOBS)}"
    )
