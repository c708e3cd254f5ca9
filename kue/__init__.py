"""Kue, Node's Redis job queue, in Python: the same data, the same events, beside Node.

import kue

queue = kue.create_queue()
queue.create("email", {"to": "tj@example.com"}).save()

@queue.process("email")
def send(job):
    return {"sent": job.data["to"]}
"""

from kue import errors
from kue.errors import (
    ConnectionFailed,
    ConnectionRestored,
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
    WouldDeadlock,
)
from kue.jobs.job import Job
from kue.options import PRIORITIES
from kue.queue import Queue
from kue.singleton import ProcessWide
from kue.worker.context import Context
from kue.worker.current import current_job
from kue.worker.slots import Worker

__version__ = "0.1.0"

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
