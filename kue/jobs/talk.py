"""What is said of a job on the way: its log, progress, fields and error. In a handler it goes out through the run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self, overload

from kue.common.shown import shown
from kue.errors import InvalidOption
from kue.jobs.failure import failure_of
from kue.jobs.home import Home
from kue.jobs.speaker import Speaker
from kue.options import read_name, read_number
from kue.store import job_hash, sayings


class Talk(ABC):
    """The part of `Job` that says something, or reads what was said."""

    _home: Home
    _speaker: Speaker | None
    _error: str | None
    _progress: str | None
    progress_data: Any
    only_collected: bool

    @abstractmethod
    def _saved_id(self, what: str) -> int:
        """The id, to do `what`. Raises `JobNotFound` where the job is not saved yet."""

    def log(self, text: Any, *args: Any) -> Self:
        """Add a line to the job's log, `%`-formatted where there are arguments; any value is accepted."""
        return self._say("log", sayings.log(text, args, self._home.store.clock()))

    @overload
    def progress(self) -> int: ...
    @overload
    def progress(self, complete: float, total: float = 100, data: Any = None) -> Self: ...
    def progress(self, complete: float | None = None, total: float = 100, data: Any = None) -> Any:
        """The progress in percent; with arguments, `complete` of `total` is done. Raises `InvalidJobData`."""
        if complete is None:
            return int(job_hash.number(self._progress) or 0)
        for name, value in (("complete", complete), ("total", total)):
            read_number(f"progress {name}", value)
        default, now = self._home.options.json_default, self._home.store.clock()
        percent, said = sayings.progress(self._saved_id("progress"), complete, total, data, now, default)
        self._progress = str(percent)
        if data is not None:
            self.progress_data = data
        if self._speaker is not None:
            self._speaker.touch()
        return self._say("progress", said)

    def set(self, field: str, value: str | int | float) -> Self:
        """Write a field of the job's hash."""
        read_name("field", field)
        if not isinstance(value, str):
            read_number(f"value of field {shown(field)}", value, "a string or a number")
        return self._say("set", sayings.set_field(field, value))

    def get_field(self, field: str) -> str | None:
        """Read a field of the job's hash (Kue's `job.get`); in a handler, after all that it has said before."""
        id, name = self._saved_id("get_field"), read_name("field", field)
        if self.only_collected:
            return None
        if self._speaker is not None:
            self._speaker.flush()
        return self._home.store.field(id, name)

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
            raise InvalidOption(f"error must be an exception or a string, not {shown(given)}")
        failure = failure_of(given)
        said = sayings.error(self._saved_id("error"), failure.error, failure.line, self._home.store.clock())
        self._error = failure.error
        return self._say("error", said)

    @property
    def lost(self) -> bool:
        """In a handler: whether the run no longer holds its job, so that its outcome will be dropped."""
        return self._speaker is not None and self._speaker.lost

    def _say(self, what: str, said: sayings.Triples) -> Self:
        id = self._saved_id(what)
        if self._speaker is not None:
            self._speaker.say(said)
        elif not self.only_collected:
            self._home.store.say(id, "", said)
        return self
