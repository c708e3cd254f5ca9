"""kue with `job.send` and `job.promise`: import it as kue, and all of kue is there. It changes nothing in kue itself.

import kue_send as kue

future = kue.create_queue().create("pdf", {"url": "..."}).promise(timeout=10_000)
print(future.result())
"""

# Name by name: of a star import type checkers would keep kue's own Job, Queue and create_queue.
from kue import (
    PRIORITIES,
    ConnectionFailed,
    ConnectionRestored,
    Context,
    ForkedChild,
    InvalidHandler,
    InvalidJobData,
    InvalidOption,
    InvalidURL,
    JobFailed,
    JobInvalid,
    JobLost,
    JobNotFound,
    JobRemoved,
    KueError,
    ListenerError,
    MissingExtra,
    PromiseTimeout,
    Recovered,
    RedisRefused,
    SaveInDoubt,
    SaveInterrupted,
    ShutdownInProgress,
    UnknownOption,
    Worker,
    WouldDeadlock,
    __version__,
    errors,
)
from kue.queue.process_wide import ProcessWide
from kue_send.job import Job, current_job
from kue_send.promise import Promise
from kue_send.queue import Queue

_process_wide = ProcessWide(Queue)
create_queue = _process_wide.create_queue
Job.default_queue = _process_wide.create_queue

__all__ = [
    "PRIORITIES",
    "ConnectionFailed",
    "ConnectionRestored",
    "Context",
    "ForkedChild",
    "InvalidHandler",
    "InvalidJobData",
    "InvalidOption",
    "InvalidURL",
    "Job",
    "JobFailed",
    "JobInvalid",
    "JobLost",
    "JobNotFound",
    "JobRemoved",
    "KueError",
    "ListenerError",
    "MissingExtra",
    "Promise",
    "PromiseTimeout",
    "Queue",
    "Recovered",
    "RedisRefused",
    "SaveInDoubt",
    "SaveInterrupted",
    "ShutdownInProgress",
    "UnknownOption",
    "Worker",
    "WouldDeadlock",
    "__version__",
    "create_queue",
    "current_job",
    "errors",
]
