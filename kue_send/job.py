"""A job that can send events to whoever watches it, and that can be waited for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import kue
from kue.common.clock import milliseconds
from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.store import effects
from kue_send.promise import Promise


class Job(kue.Job):
    """As `kue.Job`, with kue-send's `send` and `promise`."""

    def send(self, event: str, data: Any = None) -> None:
        """Send an event with data to every listener of this job, here and in other processes, Node's included.

        In a handler it goes out in order with what else the handler says. The data of a `result` is also stored, so
        that a promise gets it even when the event is lost. Raises `InvalidJobData`, `InvalidOption`, `JobNotFound`.
        """
        if not isinstance(event, str) or not event:
            raise InvalidOption(f"event must be a non-empty string, not {short_repr(event)}")
        default = self.runtime.options.json_default
        self._apply("send", effects.send(self._saved_id("send"), event, data, default, keep=event == "result"))

    def promise(self, timeout: int | float | timedelta | None = None) -> Promise:
        """A Future of what the job comes to; saves the job if needed.

        It resolves with the data of the first `result` event, else with what the handler returned, once the job
        completes. It raises `JobFailed` when the last attempt has failed, `JobRemoved` when the job was removed
        unfinished, `PromiseTimeout` after `timeout` (ms), and `ShutdownInProgress` when the queue was shut down before
        that. Raises here what `save` raises.
        """
        limit = None if timeout is None else milliseconds("timeout", timeout)
        promise = Promise(self.runtime, self, limit)
        promise.begin()
        return promise


# The very function, for type checkers with the job that it gives in a handler of a queue of kue_send.
current_job = cast(Callable[[], Job | None], kue.current_job)
