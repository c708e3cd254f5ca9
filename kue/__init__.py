"""Kue, Node's Redis job queue, in Python: the same data, the same events, beside Node.

import kue

queue = kue.create_queue()
queue.create("email", {"to": "tj@example.com"}).save()

@queue.process("email")
def send(job):
    return {"sent": job.data["to"]}
"""

from typing import TYPE_CHECKING, Any

from kue import errors
from kue.common.names import no_attribute
from kue.common.version import VERSION as __version__
from kue.errors import *
from kue.jobs.control_flow import Cancelled, HandlerFailed, NoRetry, Snooze
from kue.options import typed
from kue.options.job import PRIORITIES
from kue.options.typed import *

if TYPE_CHECKING:
    from kue.jobs.job import Job
    from kue.queue.limiting import Limit
    from kue.queue.process_wide import create_queue
    from kue.queue.queue import Queue
    from kue.schedules.schedule import Schedule
    from kue.stats.processes import Process
    from kue.stats.series import Numbers, TypeStats
    from kue.store.run_history import RunRecord
    from kue.worker.context import Context
    from kue.worker.current import current_job
    from kue.worker.slot import Worker


__all__ = ["PRIORITIES", "Context", "Job", "Limit", "Queue", "Schedule", "Worker", "__version__"]
__all__ += ["create_queue", "current_job", "errors"]
__all__ += ["Cancelled", "HandlerFailed", "NoRetry", "Snooze"]
__all__ += ["Numbers", "Process", "RunRecord", "TypeStats"]
__all__ += errors.__all__
__all__ += typed.__all__

# The import of redis-py takes longer than all the rest, so names that need it are imported at their first use.
_LAZY_MODULES = {
    "Context": "kue.worker.context",
    "Job": "kue.queue.process_wide",
    "Limit": "kue.queue.limiting",
    "Numbers": "kue.stats.series",
    "Process": "kue.stats.processes",
    "Queue": "kue.queue.process_wide",
    "RunRecord": "kue.store.run_history",
    "Schedule": "kue.schedules.schedule",
    "TypeStats": "kue.stats.series",
    "Worker": "kue.worker.slot",
    "create_queue": "kue.queue.process_wide",
    "current_job": "kue.worker.current",
}


if not TYPE_CHECKING:  # a type checker must report the names that do not exist

    def __getattr__(name: str) -> Any:
        if name not in _LAZY_MODULES:
            no_attribute(f"module {__name__!r}", name, __all__)
        from importlib import import_module

        return globals().setdefault(name, getattr(import_module(_LAZY_MODULES[name]), name))


def __dir__() -> list[str]:
    return __all__
