"""The job of kue_send, which can send events to its listeners, and make a promise of its outcome; and that promise.

Both are here since each names the type of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, cast

import kue
from kue.common.clock import milliseconds
from kue.events.watcher import Watcher
from kue.jobs.option_methods import OptionMethod
from kue.options.typed import Duration
from kue.options.values import read_name
from kue.store import effects
from kue_send.promise import JobPromise


class Job(kue.Job):
    """As `kue.Job`, with kue-send's `send` and `promise`.

    `hotjob_promise` is the promise that `save` made of a job with the option `hotjob`; else it is None.
    """

    hotjob = OptionMethod[bool, bool](
        "Whether `save` and `save_all` make a promise of the job, which is its `hotjob_promise` then."
    )
    hotjob_timeout = OptionMethod[Duration, int](
        "How long that promise waits for the job: milliseconds or a timedelta from when the job is due."
    )

    option_module: ClassVar[str] = "kue_send"
    hotjob_promise: Promise | None = None

    @property
    def is_watched(self) -> bool:
        return self.listens or bool(self.options.get("hotjob"))

    def watch_saved(self, watch: Callable[[int, Watcher], None]) -> None:
        super().watch_saved(watch)
        if self.options.get("hotjob"):
            wait = max(0, int(self.promote_at or 0) - self.runtime.store.clock())
            self.hotjob_promise = Promise(self.runtime, self, wait + self.hotjob_timeout())
            self.hotjob_promise.start_watching(watch)

    def send(self, event: str, data: Any = None) -> None:
        """Send an event with data to every listener of this job, here and in other processes, Node's included.

        In a handler the event is sent in the background, in order with the handler's other reports. The data of a
        `result` is also stored, so that a promise gets it even if the event is lost.

        Raises `InvalidJobData` if JSON cannot hold the data, `InvalidOption`, or `JobNotFound` if the job is not saved.
        Outside of a handler it also raises `ConnectionFailed` or `RedisRefused`.
        """
        event = read_name("event", event)
        default = self.runtime.options.json_default
        id, keep = self._saved_id("send"), event == "result"
        self._apply("send", effects.send(id, event, data, default, keep=keep, created_at=self.created_at))

    def promise(self, timeout: int | float | timedelta | None = None) -> Promise:
        """A Future of the job's outcome. Saves the job if it is not saved yet.

        The Future resolves with the data of the first `result` event. Without one, it resolves with what the handler
        returned, once the job completes. Its `result()` raises `JobFailed` if the last attempt failed, `JobRemoved` if
        the job was removed unfinished, `PromiseTimeout` after `timeout` (milliseconds or a timedelta),
        `ShutdownInProgress` if the queue is shut down first, and `ForkedChild` in a process that is forked later.

        Raises what `save` raises, and `InvalidOption`.
        """
        limit = None if timeout is None else milliseconds("timeout", timeout)
        promise = Promise(self.runtime, self, limit)
        promise.begin()
        return promise


class Promise(JobPromise):
    """The outcome of a job as a `concurrent.futures.Future`; `job.promise()` makes one.

    Before the promise settles, its `job` is read anew from Redis. It stays the same object if the job is gone, if Redis
    does not answer within a second (at a timeout: a tenth of one), at a shutdown, and in a forked child.

    It settles on the subscriber's thread, and its done-callbacks run there. To wait for a promise on that thread raises
    `WouldDeadlock`.
    """

    @property
    def job(self) -> Job:
        """The job. Once the promise has settled and has read it: another object, the job as Redis had it then."""
        return cast(Job, super().job)


# The same function as in kue. Type checkers see that it returns a job of kue_send.
current_job = cast(Callable[[], Job | None], kue.current_job)
