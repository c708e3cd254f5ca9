"""What a job object changed since its job was read or saved, and the `update` that writes it.

- notes which options of a saved job were set
- compares the data with what was read or saved, as JSON
- writes both, and nothing that this object did not change: other processes may have
- indexes the data anew if the queue has full-text search
- hands over what a handler set to the outcome of its run, and a new ttl to progress
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

from kue.common.clock import Moment
from kue.errors import InvalidJobData
from kue.jobs.active_run import ActiveRun
from kue.jobs.fields import Fields
from kue.jobs.indexing import write_words
from kue.runtime import Runtime
from kue.store import codec, effects, job_hash
from kue.store.effects import Effects
from kue.store.indexed_job import job_words


class Changes(Fields, ABC):
    """A part of `Job`."""

    runtime: Runtime
    id: int | None
    data: Any
    only_collected: bool
    active_run: ActiveRun | None
    set_options: set[str] | None = None
    """The options of the saved job that were set and not written yet; None or empty if there are none."""
    _data_hash: int | None = None  # of the JSON that this object wrote last

    @abstractmethod
    def _saved_id(self, what: str) -> int: ...

    @property
    @abstractmethod
    def _fence(self) -> str: ...

    def option_set(self, name: str) -> None:
        """Note that an option was set or reset. Those of a new job are all written when it is saved."""
        if self.id is not None:
            if self.set_options is None:
                self.set_options = set()
            self.set_options.add(name)

    def update(self) -> Self:
        """Write what this object changed since the job was read or saved: options, and the data. Returns the job.

        Other fields keep what other processes wrote. If others changed the data too, the last update counts. With
        `disable_search=False` the data is indexed anew, for its `search_keys` if this object has some, else all of it,
        as in Kue. Raises
        `InvalidJobData`, `JobNotFound`, `ConnectionFailed` or `RedisRefused`. In a handler it raises `JobLost` if the
        run no longer holds the job.
        """
        id = self._saved_id("update")
        if self.only_collected or self.runtime.test_mode.only_collects:
            return self
        data = codec.encode(self.data, "data", self.runtime.options.json_default)
        fence, now = self._fence, self.runtime.store.clock()
        names, changes = self._option_changes(now)
        if self._data_changed(data):
            changes = (*changes, *effects.set_field("data", data))
        words = None
        if not self.runtime.options.disable_search:
            words = job_words(data, self.options.get("search_keys"))
            changes = (*changes, *words.effects)
        state, promote_at = self.runtime.store.update(id, now, changes, fence)
        self._state, self.promote_at = state or None, promote_at
        self._options_written(names, now)
        self._data_written(data)
        if words is not None:
            write_words(self.runtime, id, words)
        if "ttl" in names and self.active_run is not None:
            self.active_run.touch(new_ttl=True)
        return self

    def _option_changes(self, now: int) -> tuple[frozenset[str], Effects]:
        """The names of the options that are to be written, and the effects that write them. A delay counts from now."""
        names = frozenset(self.set_options or ())
        return names, job_hash.option_effects(self.options, names, now) if names else ()

    def outcome_options(self) -> Effects:
        """Hand over the options that a handler set, as effects of the outcome of its run."""
        now = self.runtime.store.clock()
        try:
            names, changes = self._option_changes(now)
        except InvalidJobData as problem:  # a backoff may have been changed in place since it was checked
            self.runtime.error_reporter.report(problem)
            return ()
        self._options_written(names, now)
        return changes

    def _new_ttl(self) -> Effects:
        """The ttl, if it was set and not written yet, as an effect of the progress from which it counts."""
        if not self.set_options or "ttl" not in self.set_options:
            return ()
        return job_hash.option_effects(self.options, ("ttl",), 0)

    def _options_written(self, names: frozenset[str], now: int) -> None:
        if names:
            self._read_again = None
            if self.set_options:
                self.set_options -= names
        if "delay" in names:
            self._delay_written(now)

    def _delay_written(self, now: int) -> None:
        """A moment that was written is the milliseconds that were left at that time, as in Redis."""
        delay = self.options.get("delay")
        if isinstance(delay, Moment):
            self.options["delay"] = delay.left(now) or None

    def _data_written(self, data: bytes) -> None:
        """Note the JSON of the data that Redis has. A hash is kept, since the JSON may be long."""
        self._data_hash = hash(data)

    def _data_changed(self, data: bytes) -> bool:
        """Whether the data, given as JSON, is not what this object read or wrote last.

        What was read may have another form, such as spaces or 1.0 for 1e0, so it is read again and compared.
        """
        if self._data_hash is not None:
            return hash(data) != self._data_hash
        read = None if self.stored_hash is None else self.stored_hash.data
        return codec.encode(job_hash.read_json(self.id, "data", read, {}), "data") != data
