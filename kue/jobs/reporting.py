"""What is said of a job on the way: its log, progress, fields and error. In a handler it goes out through the run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self, overload

from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.jobs.active_run import ActiveRun
from kue.jobs.failure import failure_of
from kue.options.values import parse_number, read_name, read_number
from kue.runtime import Runtime
from kue.store import effects


class Reporting(ABC):
    """The part of `Job` that says something, or reads what was said."""

    runtime: Runtime
    active_run: ActiveRun | None
    _error: str | None
    _progress: str | None
    progress_data: Any
    only_collected: bool

    @abstractmethod
    def _saved_id(self, what: str) -> int:
        """The id, to do `what`. Raises `JobNotFound` where the job is not saved yet."""

    def log(self, text: Any, *args: Any) -> Self:
        """Add a line to the job's log, `%`-formatted where there are arguments; any value is accepted."""
        return self._apply("log", effects.log(text, args, self.runtime.store.clock()))

    @overload
    def progress(self) -> int: ...
    @overload
    def progress(self, complete: float, total: float = 100, data: Any = None) -> Self: ...
    def progress(self, complete: float | None = None, total: float = 100, data: Any = None) -> Any:
        """The progress in percent; with arguments, `complete` of `total` is done. Raises `InvalidJobData`."""
        if complete is None:
            return int(parse_number(self._progress) or 0)
        for name, value in (("complete", complete), ("total", total)):
            read_number(f"progress {name}", value)
        default, now = self.runtime.options.json_default, self.runtime.store.clock()
        percent, said = effects.progress(self._saved_id("progress"), complete, total, data, now, default)
        self._progress = str(percent)
        if data is not None:
            self.progress_data = data
        if self.active_run is not None:
            self.active_run.touch()
        return self._apply("progress", said)

    @property
    def stored_progress(self) -> str | None:
        """The percentage as the hash has it."""
        return self._progress

    def set(self, field: str, value: str | int | float) -> Self:
        """Write a field of the job's hash."""
        read_name("field", field)
        if not isinstance(value, str):
            read_number(f"value of field {short_repr(field)}", value, "a string or a number")
        return self._apply("set", effects.set_field(field, value))

    def get_field(self, field: str) -> str | None:
        """Read a field of the job's hash (Kue's `job.get`); in a handler, after all that it has said before."""
        id, name = self._saved_id("get_field"), read_name("field", field)
        if self.only_collected:
            return None
        if self.active_run is not None:
            self.active_run.flush()
        return self.runtime.store.field(id, name)

    @overload
    def error(self) -> str | None: ...
    @overload
    def error(self, problem: BaseException | str, /) -> Self: ...
    def error(self, *problem: BaseException | str) -> Any:
        """The stored error; with an argument, store one, log its first line and send the event `error`.

        Of an exception its stack is stored too, as Kue does.
        """
        if not problem:
            return self._error
        given = problem[0]
        if not isinstance(given, BaseException | str):
            raise InvalidOption(f"error must be an exception or a string, not {short_repr(given)}")
        failure = failure_of(given)
        said = effects.error(self._saved_id("error"), failure.error, failure.line, self.runtime.store.clock())
        self._error = failure.error
        return self._apply("error", said)

    @property
    def lost(self) -> bool:
        """In a handler: whether the run no longer holds its job, so that its outcome will be dropped."""
        return self.active_run is not None and self.active_run.lost

    def _apply(self, what: str, said: effects.Effects) -> Self:
        id = self._saved_id(what)
        if self.active_run is not None:
            self.active_run.apply_effects(said)
        elif not self.only_collected:
            self.runtime.store.apply_effects(id, "", said)
        return self
