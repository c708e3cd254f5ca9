"""All of kue, with `job.send` and `job.promise`: import it as kue. Importing it changes nothing in kue itself.

import kue_send as kue

future = kue.create_queue().create("pdf", {"url": "..."}).promise(timeout=10_000)
print(future.result())
"""

from typing import TYPE_CHECKING, NoReturn

from kue import PRIORITIES, Context, Numbers, Process, RunRecord, TypeStats, Worker, __version__, errors
from kue.common.names import no_attribute
from kue.errors import *
from kue.jobs.control_flow import Cancelled, HandlerFailed, NoRetry, Snooze
from kue.options import typed
from kue.options.typed import *
from kue.queue.limiting import Limit
from kue.queue.process_wide import ProcessWide
from kue_send.job import Job, Promise, current_job
from kue_send.queue import Queue, Schedule

_process_wide = ProcessWide(Queue)
create_queue = _process_wide.create_queue
Job.default_queue = _process_wide.queue_for_lookups

__all__ = ["PRIORITIES", "Context", "Job", "Limit", "Promise", "Queue", "Schedule", "Worker"]
__all__ += ["__version__", "create_queue", "current_job", "errors"]
__all__ += ["Cancelled", "HandlerFailed", "NoRetry", "Snooze"]
__all__ += ["Numbers", "Process", "RunRecord", "TypeStats"]
__all__ += errors.__all__
__all__ += typed.__all__

if not TYPE_CHECKING:  # a type checker must report the names that do not exist

    def __getattr__(name: str) -> NoReturn:
        no_attribute(f"module {__name__!r}", name, __all__)
