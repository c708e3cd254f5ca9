"""The methods with which code reports on a job: `log`, `progress`, `set`, `error`.

- writes log lines, the progress, fields of the hash and an error
- sends them through the run in a handler, so that they arrive in order and only while the run holds the job
- reads the log, the progress, the error and fields of the hash

The outcome of a run is no report: the worker writes it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self, overload

from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.jobs.active_run import ActiveRun
from kue.jobs.failure import failure_of
from kue.jobs.fields import Fields
from kue.options.values import parse_number, read_name, read_number
from kue.runtime import Runtime
from kue.store import effects
from kue.store.identity import fence

_NOTHING: Any = object()


class Reporting(Fields, ABC):
    """A part of `Job`."""

    runtime: Runtime
    active_run: ActiveRun | None
    progress_data: Any
    created_at: int | float | None
    only_collected: bool

    @abstractmethod
    def _new_ttl(self) -> effects.Effects: ...

    @abstractmethod
    def _options_written(self, names: frozenset[str], now: int) -> None: ...

    @abstractmethod
    def _saved_id(self, what: str) -> int:
        """The id of the job. Raises `JobNotFound`, which names the method `what`, if the job is not saved yet."""

    @overload
    def log(self) -> list[str]: ...
    @overload
    def log(self, text: Any, *args: Any) -> Self: ...
    def log(self, text: Any = _NOTHING, *args: Any) -> Any:
        """Without arguments: the lines of the job's log. With arguments: add a line, and return the job.

        The line is `text % args` if there are more arguments. Any value is accepted; an exception is logged with its
        traceback. In a handler the line is sent in the background. Raises `JobNotFound` if the job is not saved.
        Outside of a handler, and to read, it also raises `ConnectionFailed` or `RedisRefused`.
        """
        if text is _NOTHING:
            id = self._saved_id("log")
            self._flush()
            return [] if self.only_collected else self.runtime.store.log(id)
        return self._apply("log", effects.log(text, args, self.runtime.store.clock()))

    @overload
    def progress(self) -> int: ...
    @overload
    def progress(self, complete: float, total: float = 100, data: Any = None) -> Self: ...
    def progress(self, complete: float | None = None, total: float = 100, data: Any = None) -> Any:
        """Without arguments: the progress in percent. With arguments: report that `complete` of `total` is done.

        `data` is stored as `progress_data` and sent with the event `progress`. The run's ttl starts anew, with a new
        length if it was set. Returns the job. Raises what `log` raises, `InvalidOption` for a number that is none, and
        `InvalidJobData` if JSON cannot hold `data`.
        """
        if complete is None:
            return int(parse_number(self._progress) or 0)
        complete, total = read_number("progress complete", complete), read_number("progress total", total)
        default, now = self.runtime.options.json_default, self.runtime.store.clock()
        percent, report = effects.progress(
            self._saved_id("progress"), complete, total, data, now, default, self.created_at
        )
        self._progress = str(percent)
        if data is not None:
            self.progress_data = data
        new_ttl = self._new_ttl()
        if self.active_run is not None:
            self.active_run.touch(new_ttl=bool(new_ttl))
        self._apply("progress", (*new_ttl, *report) if new_ttl else report)
        if new_ttl:
            self._options_written(frozenset(("ttl",)), now)
        return self

    @property
    def stored_progress(self) -> str | None:
        """The percentage as the job's hash has it; None if there is none."""
        return self._progress

    def set(self, field: str, value: str | int | float) -> Self:
        """Write a field of the job's hash. Returns the job. Raises what `log` raises, and `InvalidOption`."""
        field = read_name("field", field)
        if not isinstance(value, str):
            value = read_number(f"value of field {short_repr(field)}", value, "a string or a number")
        return self._apply("set", effects.set_field(field, value))

    def get_field(self, field: str) -> str | None:
        """Read a field of the job's hash (Kue's `job.get`); None if there is none.

        In a handler it first waits until Redis has the handler's earlier reports. Raises `JobNotFound` if the job is
        not saved, `InvalidOption`, `ConnectionFailed` or `RedisRefused`.
        """
        id, name = self._saved_id("get_field"), read_name("field", field)
        if self.only_collected:
            return None
        self._flush()
        return self.runtime.store.field(id, name, self.created_at)

    def _flush(self) -> None:
        """In a handler: return when Redis has what the handler reported before."""
        if self.active_run is not None:
            self.active_run.flush()

    @overload
    def error(self) -> str | None: ...
    @overload
    def error(self, problem: BaseException | str, /) -> Self: ...
    def error(self, *problem: BaseException | str) -> Any:
        """Without an argument: the stored error. With one: store it, log its first line, send the event `error`.

        The traceback of an exception is stored too, as Kue stores the stack. Returns the job. Raises what `log` raises,
        and `InvalidOption` for anything but an exception or a string.
        """
        if not problem:
            return self._error
        given = problem[0]
        if not isinstance(given, BaseException | str):
            raise InvalidOption(f"error must be an exception or a string, not {short_repr(given)}")
        failure = failure_of(given)
        report = effects.error(self._saved_id("error"), failure.error, failure.line, self.runtime.store.clock())
        self._error = failure.error
        return self._apply("error", report)

    @property
    def lost(self) -> bool:
        """In a handler: whether the run no longer holds its job, so that its outcome will be discarded.

        It is true once the ttl or a shutdown has ended the run, or another worker has the job.
        """
        return self.active_run is not None and self.active_run.lost

    @property
    def stopping(self) -> bool:
        """In a handler: whether the shutdown of its queue, or of its type, has begun.

        The shutdown waits for the handler until its deadline. A long one may stop at a good place before that.
        """
        return self.active_run is not None and self.active_run.stopping

    def _apply(self, what: str, report: effects.Effects) -> Self:
        id = self._saved_id(what)
        if self.active_run is not None:
            self.active_run.apply_effects(report)
        elif not self.only_collected:
            self.runtime.store.apply_effects(id, fence(self.created_at), report)
        return self
